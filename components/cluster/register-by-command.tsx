'use client';
import { useEffect, useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { callApi } from '#components/api/client.ts';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { Note } from '#components/ui/note.tsx';
import { Status } from '#components/ui/status.tsx';
import { Time } from '#components/ui/time.tsx';
import { labelsFrom } from './label-text.ts';
import type { WayProps } from './register-form.tsx';
import { Registered } from './registered.tsx';

type Invited = { id: string; command: string; manifestUrl: string; handCommand: string; expiresAt: string };
type Invitation = {
  state: 'waiting' | 'delivered' | 'registered' | 'failed' | 'expired';
  name: string;
  detail: string | null;
  clusterId: string | null;
};

export function ByCommand({ draft, after, onProblems }: WayProps) {
  const [invited, setInvited] = useState<Invited | null>(null);
  const { call, busy, problem } = useCall();
  useEffect(() => onProblems(problem?.fields ?? {}), [problem, onProblems]);
  if (invited) return <Waiting invited={invited} after={after} onAgain={() => setInvited(null)} />;
  return (
    <div className="grid gap-4">
      <ApiProblemNote problem={problem} fieldsShown={['name', 'labels', 'serverUrl', 'proxyUrl']} />
      <div>
        <Button
          look="primary"
          disabled={busy || !draft.name || !draft.serverUrl}
          onClick={async () =>
            setInvited(
              await call<Invited>('POST', '/cluster-invitations', {
                ...draft,
                proxyUrl: draft.proxyUrl || undefined,
                labels: labelsFrom(draft.labels),
              }),
            )
          }
        >
          {busy ? 'Preparing…' : 'Show the command'}
        </Button>
      </div>
    </div>
  );
}

function Waiting({ invited, after, onAgain }: { invited: Invited; after: string; onAgain: () => void }) {
  const invitation = useInvitation(invited.id);
  if (invitation?.state === 'registered' && invitation.clusterId)
    return <Registered id={invitation.clusterId} name={invitation.name} after={after} />;
  if (invitation?.state === 'failed' || invitation?.state === 'expired')
    return (
      <div className="grid gap-3">
        <Note tone="bad" live>
          {invitation.state === 'expired'
            ? 'Nobody ran the command in time, and the code in it is worth nothing any more.'
            : (invitation.detail ?? 'The registration did not work.')}
        </Note>
        <div>
          <Button onClick={onAgain}>Begin again</Button>
        </div>
      </div>
    );
  return (
    <div className="grid gap-3">
      <p>
        Run this as an administrator of that cluster. It works once; the code in it ends <Time at={invited.expiresAt} />.
      </p>
      <CodeBlock label="The command" text={invited.command} />
      <p role="status">
        <Status tone="wait">
          {invitation?.state === 'delivered'
            ? 'The cluster has answered. Trying the accounts…'
            : 'Waiting for the cluster. This page turns green by itself; it may be left.'}
        </Status>
      </p>
      <details>
        <summary className="w-fit rounded-sm text-accent hover:underline">Its pods cannot reach this portal?</summary>
        <p className="my-1.5 text-soft">
          Run this after the first command, from a computer that reaches both. What it carries is sealed; only this platform can open it.
        </p>
        <CodeBlock label="The command by hand" text={invited.handCommand} />
      </details>
    </div>
  );
}

function useInvitation(id: string): Invitation | null {
  const [invitation, setInvitation] = useState<Invitation | null>(null);
  const over = invitation !== null && invitation.state !== 'waiting' && invitation.state !== 'delivered';
  useEffect(() => {
    if (over) return;
    const timer = setInterval(async () => {
      const answer = await callApi<Invitation>('GET', `/cluster-invitations/${id}`).catch(() => null);
      if (answer) setInvitation(answer);
    }, 1_500);
    return () => clearInterval(timer);
  }, [id, over]);
  return invitation;
}
