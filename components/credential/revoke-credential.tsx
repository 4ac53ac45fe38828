'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import { counted } from '#components/ui/count.ts';

/** `openStreams`: what it holds open just now. `of`: whose it is, when it is not one's own. */
export function RevokeCredential({ id, name, openStreams, of }: { id: string; name: string; openStreams: number; of?: string }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger="Revoke"
      look="link"
      size="small"
      title={of ? `Revoke ${name} of ${of}?` : `Revoke ${name}?`}
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
      It is refused on every cluster from now on. {whatIsCut(openStreams)} This cannot be undone; a new one can be made at any time.
    </Confirm>
  );
}

export function RevokeAll({ personId, living, openStreams, of }: { personId: string; living: number; openStreams: number; of?: string }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  const whose = of ? ` of ${of}` : '';
  return (
    <Confirm
      trigger="Revoke all"
      {...(of ? { size: 'small' as const } : {})}
      title={living === 1 ? `Revoke the one credential${whose}?` : `Revoke all ${living} credentials${whose}?`}
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
      {living === 1 ? 'It is' : 'They are'} refused on every cluster from now on. {whatIsCut(openStreams)}{' '}
      {of ? 'The sign-in at this portal stays, and so does the account: a new one can be made at any time.' : 'The sign-in here stays.'}
    </Confirm>
  );
}

function whatIsCut(openStreams: number): string {
  if (openStreams === 0) return 'Nothing is open through it just now; whatever opens meanwhile is cut.';
  return `${counted(openStreams, 'open stream')} (shells, logs, watches, port-forwards) ${openStreams === 1 ? 'is' : 'are'} cut at once.`;
}
