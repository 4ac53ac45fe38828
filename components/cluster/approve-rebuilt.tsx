'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';
import { WhatApprovalMeans } from './what-approval-means.tsx';

/** For a cluster that knows our accounts and is another one all the same. */
export function ApproveRebuilt({ cluster, uid, people }: { cluster: ClusterDetail; uid: string; people: number }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger="It was rebuilt: confirm it"
      title={`Does this cluster take the place of ${cluster.name}?`}
      act="Yes, it takes its place"
      busy={busy}
      problem={problem}
      onConfirm={async () => {
        const done = await call('POST', `/clusters/${cluster.id}/approve-rebuilt`, { kubeSystemUid: uid });
        if (!done) return false;
        toast.success(`The rebuilt ${cluster.name} is being brought into step.`);
        router.refresh();
        return true;
      }}
    >
      <WhatApprovalMeans cluster={cluster} uid={uid} people={people} />
    </Confirm>
  );
}
