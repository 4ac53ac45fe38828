import type { ReactNode } from 'react';
import type { z } from 'zod';
import { Brand } from '#components/shell/brand.tsx';
import { Live } from '#components/shell/live.tsx';
import { ButtonLink } from '#components/ui/button.tsx';
import { cn } from '#components/ui/cn.ts';
import { counted } from '#components/ui/count.ts';
import { Note } from '#components/ui/note.tsx';
import { Status } from '#components/ui/status.tsx';
import type { stateOutput } from '#lib/setup/schema.ts';
import { ChooseAdmins } from './choose-admins.tsx';
import { ClaimForm } from './claim-form.tsx';
import { ConnectStep } from './connect-step.tsx';

export type SetupState = z.output<typeof stateOutput>;

/**
 * The first start of an empty installation: three steps, each true before the next opens. Whoever holds the code that the first start
 * printed takes the first two; then the code is worth nothing, and the third is for whoever administers now.
 */
export function SetupPage({ state }: { state: SetupState }) {
  return (
    <main className="mx-auto max-w-3xl px-4 py-10 md:px-6">
      <Brand className="mb-6 text-[18px]" />
      <h1 className="font-[620] text-xl tracking-tight">First start</h1>
      <p className="mb-6 text-soft">Three steps: where people come from, who administers, and the first cluster.</p>
      {state.open ? state.steps ? <OpenSteps steps={state.steps} /> : <ClaimForm /> : <Done admitted={state.admitted} />}
    </main>
  );
}

function OpenSteps({ steps }: { steps: NonNullable<SetupState['steps']> }) {
  const { directory } = steps;
  const read = directory?.state === 'following';
  return (
    <ol className="grid gap-4">
      <Live seconds={2} />
      <Step number={1} title="Connect the directory" state={directory ? (read ? 'done' : 'now') : 'now'}>
        {directory ? <DirectoryProgress directory={directory} /> : <ConnectStep />}
      </Step>
      <Step number={2} title="Choose who administers" state={read ? 'now' : 'later'}>
        {read ? <ChooseAdmins /> : <p className="text-soft">Opens when the directory has been read.</p>}
      </Step>
      <Step number={3} title="Register the first cluster" state="later">
        <p className="text-soft">Opens when somebody who administers has signed in.</p>
      </Step>
    </ol>
  );
}

function DirectoryProgress({ directory }: { directory: NonNullable<NonNullable<SetupState['steps']>['directory']> }) {
  const seen = `${counted(directory.people, 'person', 'people')}, ${counted(directory.groups, 'group')}`;
  if (directory.state === 'following')
    return (
      <Status tone="ok">
        {directory.domain} is read and followed: {seen}.
      </Status>
    );
  if (directory.state === 'unreachable' || directory.state === 'held')
    return (
      <div className="grid gap-4">
        <Note tone="bad" live>
          {directory.domain}: {directory.stateDetail ?? 'it cannot be reached just now.'}
        </Note>
        <ConnectStep />
      </div>
    );
  return (
    <Status tone="wait">
      {directory.domain} is being read: {seen} so far. This page goes on by itself.
    </Status>
  );
}

function Done({ admitted }: { admitted: boolean }) {
  return (
    <Note tone="ok">
      <p className="mb-3">
        This installation is set up.{' '}
        {admitted ? 'The third step is yours:' : 'Sign in as somebody who administers, and register the first cluster.'} On the settings
        page, make two break-glass accounts for the day on which the directory cannot be reached.
      </p>
      <ButtonLink href={admitted ? '/admin/clusters/new' : '/login?callbackUrl=%2Fadmin%2Fclusters%2Fnew'} look="primary">
        {admitted ? 'Register a cluster' : 'Sign in'}
      </ButtonLink>
    </Note>
  );
}

function Step({ number, title, state, children }: { number: number; title: string; state: 'done' | 'now' | 'later'; children: ReactNode }) {
  return (
    <li
      aria-current={state === 'now' ? 'step' : undefined}
      className={cn('rounded-[9px] border px-5 py-4', state === 'now' ? 'border-edge' : 'border-line')}
    >
      <h2 className={cn('mb-2 flex items-center gap-2 font-semibold', state === 'later' && 'text-soft')}>
        <span
          className={cn(
            'grid size-6 place-items-center rounded-full border text-xs',
            state === 'done'
              ? 'border-ok bg-ok-soft text-ok'
              : state === 'now'
                ? 'border-accent bg-accent text-on-accent'
                : 'border-line-strong',
          )}
        >
          {state === 'done' ? '✓' : number}
        </span>
        {title}
        {state === 'done' ? <span className="sr-only">done</span> : null}
      </h2>
      {children}
    </li>
  );
}
