'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import type { AuthorityView, ClusterDetail } from '#lib/cluster/schema.ts';

/** The second half of a change of authority: the old one is trusted no longer. */
export function RemoveAuthority({ cluster, authority }: { cluster: ClusterDetail; authority: AuthorityView }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  const name = authority.subject || authority.fingerprint.slice(0, 11);
  return (
    <Confirm
      trigger="Take out"
      look="danger"
      size="small"
      title={`Trust ${name} no longer?`}
      act="Take it out"
      busy={busy}
      problem={problem}
      onConfirm={async () => {
        const done = await call('PATCH', `/clusters/${cluster.id}/reach`, { removeAuthority: authority.fingerprint });
        if (!done) return false;
        toast.success(`${name} is trusted no longer.`);
        router.refresh();
        return true;
      }}
    >
      {authority.inUse
        ? 'The certificate that the server showed last comes from it. It is tried first whether the server can still be verified without it; if not, nothing changes.'
        : 'It is tried first whether the server can be verified without it.'}{' '}
      What people hold open there is ended, and their next request connects anew.
    </Confirm>
  );
}
