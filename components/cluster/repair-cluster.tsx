'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';
import { KubeconfigField } from './kubeconfig-field.tsx';

/** When a cluster no longer takes our credentials, an administrator's kubeconfig makes them anew. */
export function RepairCluster({ cluster }: { cluster: ClusterDetail }) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const [kubeconfig, setKubeconfig] = useState('');
  const [context, setContext] = useState('');
  const { call, busy, problem } = useCall();
  async function repair() {
    const done = await call('POST', `/clusters/${cluster.id}/repair`, { kubeconfig, ...(context ? { context } : {}) });
    if (!done) return;
    toast.success('Our accounts there are renewed.');
    setKubeconfig('');
    setOpen(false);
    router.refresh();
  }
  return (
    <>
      <Button onClick={() => setOpen(true)}>Renew our accounts</Button>
      <Dialog open={open} onOpenChange={setOpen} title={`Renew our accounts in ${cluster.name}`} wide>
        <form
          method="post"
          className="grid gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            void repair();
          }}
        >
          <KubeconfigField kubeconfig={kubeconfig} onKubeconfig={setKubeconfig} context={context} onContext={setContext} />
          <ApiProblemNote problem={problem} />
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={busy}>
              {busy ? 'Renewing…' : 'Renew'}
            </Button>
          </DialogActions>
        </form>
      </Dialog>
    </>
  );
}
