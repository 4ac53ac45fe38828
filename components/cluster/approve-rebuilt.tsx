'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';
import { WhatApprovalMeans } from './what-approval-means.tsx';

/** For a cluster that knows our accounts and is another one all the same. */
export function ApproveRebuilt({ cluster, uid, people }: { cluster: ClusterDetail; uid: string; people: number }) {
  return (
    <ConfirmCall
      trigger="It was rebuilt: confirm it"
      title={`Does this cluster take the place of ${cluster.name}?`}
      act="Yes, it takes its place"
      method="POST"
      path={`/clusters/${cluster.id}/approve-rebuilt`}
      body={() => ({ kubeSystemUid: uid })}
      done={() => `The rebuilt ${cluster.name} is being brought into step.`}
    >
      <WhatApprovalMeans cluster={cluster} uid={uid} people={people} />
    </ConfirmCall>
  );
}
