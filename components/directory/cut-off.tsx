'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import { counted } from '#components/ui/count.ts';
import type { PersonDetail } from '#lib/directory/people/schema.ts';

export function CutOff({ person }: { person: PersonDetail }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  const living = person.credentials.filter(({ revokedAt, expiresAt }) => !revokedAt && new Date(expiresAt) > new Date()).length;
  return (
    <Confirm
      trigger="Cut off now"
      title={`Cut off ${person.displayName}?`}
      act="Cut off now"
      reason="Why"
      busy={busy}
      problem={problem}
      onConfirm={async (reason) => {
        const done = await call<{ streams: number; sessionsEnded: number; credentials: number }>('POST', `/people/${person.id}/cut-off`, {
          reason,
        });
        if (!done) return false;
        toast.success(
          `${person.displayName} is refused: ${counted(done.streams, 'stream')}, ${counted(done.sessionsEnded, 'session')}, ${counted(done.credentials, 'credential')}.`,
        );
        router.refresh();
        return true;
      }}
    >
      <p>
        Every request is refused from now on, on every cluster and in this portal: {person.streams.length} open{' '}
        {person.streams.length === 1 ? 'stream is' : 'streams are'} cut, {person.sessions.length}{' '}
        {person.sessions.length === 1 ? 'session ends' : 'sessions end'}, {living} {living === 1 ? 'credential is' : 'credentials are'}{' '}
        refused. The account in Active Directory stays as it is. Another admin can lift it.
      </p>
    </Confirm>
  );
}

export function LiftCut({ person }: { person: PersonDetail }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger="Lift the cut"
      look="plain"
      title={`Let ${person.displayName} in again?`}
      act="Lift the cut"
      busy={busy}
      problem={problem}
      onConfirm={async () => {
        if (!(await call('POST', `/people/${person.id}/lift-cut`, {}))) return false;
        toast.success('The cut is lifted. What the directory says holds again.');
        router.refresh();
        return true;
      }}
    >
      What the directory says holds again. Credentials that were refused stay refused: new ones have to be made.
    </Confirm>
  );
}
