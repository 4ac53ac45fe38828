import { Id } from '#components/ui/copy.tsx';
import { Details } from '#components/ui/facts.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';

/** Said before an administrator lets another cluster bear a known name. */
export function WhatApprovalMeans({ cluster, uid, people }: { cluster: ClusterDetail; uid: string; people: number }) {
  return (
    <div className="grid gap-2">
      <Details
        items={[
          ['Registered', <Id key="was" text={cluster.kubeSystemUid} />],
          ['Answers now', <Id key="now" text={uid} />],
        ]}
      />
      <p>
        Compare the second with <code>kubectl get namespace kube-system -o jsonpath=&#123;.metadata.uid&#125;</code> on the cluster itself.
        Say yes only if you know that it was rebuilt: somebody who turned this address to a cluster of their own looks just the same.
      </p>
      <p>
        All grants on {cluster.name} then hold in the new cluster:{' '}
        {people === 1 ? '1 person gets their rights' : `${people.toLocaleString('en')} people get their rights`} there, under the same name
        and with the kubeconfigs they have. What is open to the old one is cut, and everybody waits a moment until the new one knows their
        name.
      </p>
    </div>
  );
}
