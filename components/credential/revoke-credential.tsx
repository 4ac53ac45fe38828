'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';

export function RevokeCredential({ id, name }: { id: string; name: string }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger="Revoke"
      look="link"
      size="small"
      title={`Revoke ${name}?`}
      act="Revoke"
      busy={busy}
      problem={problem}
      onConfirm={async () => {
        if (!(await call('DELETE', `/credentials/${id}`))) return false;
        toast.success(`${name} is refused from now on.`);
        router.refresh();
        return true;
      }}
    >
      It is refused on every cluster from now on, and every exec, log and watch that it holds open is cut. This cannot be undone; a new one
      can be made at any time.
    </Confirm>
  );
}

export function RevokeAll({ personId, living }: { personId: string; living: number }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger="Revoke all"
      title={living === 1 ? 'Revoke the one credential?' : `Revoke all ${living} credentials?`}
      act="Revoke all"
      busy={busy}
      problem={problem}
      onConfirm={async () => {
        const answer = await call<{ revoked: number }>('DELETE', `/people/${personId}/credentials`);
        if (!answer) return false;
        toast.success(`${answer.revoked} ${answer.revoked === 1 ? 'credential is' : 'credentials are'} refused from now on.`);
        router.refresh();
        return true;
      }}
    >
      {living === 1 ? 'It is' : 'They are'} refused on every cluster from now on, and whatever they hold open is cut. The sign-in here
      stays.
    </Confirm>
  );
}
