import type { ReactNode } from 'react';
import { counted } from '#components/ui/count.ts';
import { Details } from '#components/ui/facts.tsx';
import { Note } from '#components/ui/note.tsx';
import { Section } from '#components/ui/section.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { DirectoryView } from '#lib/directory/people/schema.ts';
import { ConnectDirectory } from './connect-directory.tsx';
import { ControllerTable, DirectoryStatus } from './directory-state.tsx';
import { DisconnectDirectory } from './disconnect-directory.tsx';
import { DistinguishedName } from './distinguished-name.tsx';
import { HeldRemovals } from './held-removals.tsx';
import { MissingRights } from './missing-rights.tsx';
import { PreviewNextRead } from './preview-next-read.tsx';
import { ScopeForm } from './scope-form.tsx';
import { TestAgain } from './test-again.tsx';

/** All of one directory on the settings page: how it stands, what waits for a decision, who comes in, how it is reached. */
export function DirectorySection({ directory, mayChange }: { directory: DirectoryView; mayChange: boolean }) {
  return (
    <Section title={`Directory ${directory.domain}`} actions={<DirectoryStatus state={directory.state} detail={directory.stateDetail} />}>
      {directory.state === 'held' || directory.state === 'unreachable' ? (
        <Note tone={directory.state === 'held' ? 'warn' : 'bad'} className="mb-3">
          {directory.stateDetail}
        </Note>
      ) : null}
      <div className="grid gap-4">
        <Details
          items={[
            ['People and groups', `${counted(directory.people, 'person', 'people')}, ${counted(directory.groups, 'group')}`],
            ['Base', <DistinguishedName key="base" dn={directory.baseDn} />],
            ['Read as', directory.bindDn ? <DistinguishedName key="bind" dn={directory.bindDn} /> : 'not known'],
            ['Only below', directory.scopeDns.length > 0 ? directory.scopeDns.join('; ') : 'everybody'],
            ...filters(directory),
            ['Must be seen', [directory.sentinelPerson, directory.sentinelGroup].filter(Boolean).join(' and ') || 'nobody in particular'],
            ['Fresh', directory.freshAt ? <Time key="fresh" at={directory.freshAt} /> : 'not yet'],
            ['Accounts lock after', directory.lockoutThreshold ? `${directory.lockoutThreshold} wrong passwords` : 'never'],
          ]}
        />
        <MissingRights rights={directory.missingRights} />
        {directory.held ? <HeldRemovals directory={directory} held={directory.held} mayDecide={mayChange} /> : null}
        <ControllerTable directory={directory} />
        <p>
          <TextLink href={`/admin/settings/syncs/${directory.id}`}>What each read brought</TextLink>
        </p>
        {mayChange ? (
          <>
            <TestAgain directory={directory} />
            <PreviewNextRead directory={directory} />
            <Folded title="Change who comes in">
              <ScopeForm directory={directory} />
            </Folded>
            <Folded title="Change the connection">
              <ConnectDirectory changed={directory} />
            </Folded>
            <div>
              <DisconnectDirectory directory={directory} />
            </div>
          </>
        ) : null}
      </div>
    </Section>
  );
}

function filters({ peopleFilter, groupFilter, distributionGroups }: DirectoryView): [string, ReactNode][] {
  const rows: [string, ReactNode][] = [];
  if (peopleFilter) rows.push(['Only people', <code key="people">{peopleFilter}</code>]);
  if (groupFilter) rows.push(['Only groups', <code key="groups">{groupFilter}</code>]);
  if (distributionGroups === 'counted') rows.push(['Distribution lists', 'carry rights']);
  return rows;
}

function Folded({ title, children }: { title: string; children: ReactNode }) {
  return (
    <details>
      <summary className="w-fit rounded-sm text-accent hover:underline">{title}</summary>
      <div className="mt-3">{children}</div>
    </details>
  );
}
