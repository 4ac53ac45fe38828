'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import { counted } from '#components/ui/count.ts';
import type { PersonDetail } from '#lib/directory/people/schema.ts';

export function CutOff({ person }: { person: PersonDetail }) {
  const living = person.credentials.filter(({ revokedAt, expiresAt }) => !revokedAt && new Date(expiresAt) > new Date()).length;
  return (
    <ConfirmCall
      trigger="Cut off now"
      title={`Cut off ${person.displayName}?`}
      act="Cut off now"
      reason="Why"
      method="POST"
      path={`/people/${person.id}/cut-off`}
      body={(reason) => ({ reason })}
      done={(done: { streams: number; sessionsEnded: number; credentials: number }) =>
        `${person.displayName} is refused: ${counted(done.streams, 'stream')}, ${counted(done.sessionsEnded, 'session')}, ${counted(done.credentials, 'credential')}.`
      }
    >
      <p>
        Every request is refused from now on, on every cluster and in this portal: {person.streams.length} open{' '}
        {person.streams.length === 1 ? 'stream is' : 'streams are'} cut, {person.sessions.length}{' '}
        {person.sessions.length === 1 ? 'session ends' : 'sessions end'}, {living} {living === 1 ? 'credential is' : 'credentials are'}{' '}
        refused. The account in Active Directory stays as it is. Another admin can lift it.
      </p>
    </ConfirmCall>
  );
}

export function LiftCut({ person }: { person: PersonDetail }) {
  return (
    <ConfirmCall
      trigger="Lift the cut"
      look="plain"
      title={`Let ${person.displayName} in again?`}
      act="Lift the cut"
      method="POST"
      path={`/people/${person.id}/lift-cut`}
      body={() => ({})}
      done={() => 'The cut is lifted. What the directory says holds again.'}
    >
      What the directory says holds again. Credentials that were refused stay refused: new ones have to be made.
    </ConfirmCall>
  );
}
