'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import type { AuthorityView, ClusterDetail } from '#lib/cluster/schema.ts';

/** The second half of a change of authority: the old one is trusted no longer. */
export function RemoveAuthority({ cluster, authority }: { cluster: ClusterDetail; authority: AuthorityView }) {
  const name = authority.subject || authority.fingerprint.slice(0, 11);
  return (
    <ConfirmCall
      trigger="Take out"
      look="danger"
      size="small"
      title={`Trust ${name} no longer?`}
      act="Take it out"
      method="PATCH"
      path={`/clusters/${cluster.id}/reach`}
      body={() => ({ removeAuthority: authority.fingerprint })}
      done={() => `${name} is trusted no longer.`}
    >
      {authority.inUse
        ? 'The certificate that the server showed last comes from it. It is tried first whether the server can still be verified without it; if not, nothing changes.'
        : 'It is tried first whether the server can be verified without it.'}{' '}
      What people hold open there is ended, and their next request connects anew.
    </ConfirmCall>
  );
}
