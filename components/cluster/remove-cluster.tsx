'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Confirm } from '#components/ui/confirm.tsx';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';

type Removed = { removed: number; left: string[]; advice: string | null };

export function RemoveCluster({ cluster, people }: { cluster: ClusterDetail; people: number }) {
  const router = useRouter();
  const [left, setLeft] = useState<Removed | null>(null);
  const { call, busy, problem } = useCall();
  return (
    <>
      <Confirm
        trigger="Remove"
        title={`Remove ${cluster.name}?`}
        act="Remove it"
        busy={busy}
        problem={problem}
        onConfirm={async () => {
          const answer = await call<Removed>('DELETE', `/clusters/${cluster.id}`);
          if (!answer) return false;
          if (answer.left.length > 0) setLeft(answer);
          else {
            toast.success(`${cluster.name} is removed; ${answer.removed} objects of ours were taken out of it.`);
            router.push('/admin/clusters');
          }
          return true;
        }}
      >
        {people === 1 ? '1 person loses' : `${people.toLocaleString('en')} people lose`} access to it at once, and what they hold open is
        cut. Then our {cluster.status.objects.toLocaleString('en')} objects and two accounts are taken out of it. What runs there stays. The
        name {cluster.name} is never used again.
      </Confirm>
      <Dialog
        open={left !== null}
        onOpenChange={() => router.push('/admin/clusters')}
        title="Some of it is still there"
        description={left?.advice}
      >
        <ul className="list-disc pl-4">
          {left?.left.map((each) => (
            <li key={each}>
              <code>{each}</code>
            </li>
          ))}
        </ul>
        <DialogActions>
          <Button look="primary" onClick={() => router.push('/admin/clusters')}>
            Understood
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}
