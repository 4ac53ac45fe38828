'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input } from '#components/ui/input.tsx';
import { Note } from '#components/ui/note.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';
import { KubeconfigField } from './kubeconfig-field.tsx';
import { WhatApprovalMeans } from './what-approval-means.tsx';

/** When a cluster no longer takes our credentials, or was rebuilt, an administrator's kubeconfig makes them anew; id, name and grants stay. */
export function RepairCluster({ cluster, people }: { cluster: ClusterDetail; people: number }) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const [kubeconfig, setKubeconfig] = useState('');
  const [context, setContext] = useState('');
  const [serverUrl, setServerUrl] = useState(cluster.serverUrl);
  const { call, busy, problem } = useCall();
  const otherUid = problem?.code === 'cluster.rebuilt' ? problem.fields.approveUid : undefined;
  async function repair() {
    const done = await call('POST', `/clusters/${cluster.id}/repair`, {
      kubeconfig,
      ...(context ? { context } : {}),
      ...(serverUrl ? { serverUrl } : {}),
      ...(otherUid ? { approveUid: otherUid } : {}),
    });
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
        <Form className="grid gap-3" onSubmit={repair}>
          <KubeconfigField kubeconfig={kubeconfig} onKubeconfig={setKubeconfig} context={context} onContext={setContext} />
          <Field
            label="Address of its API server"
            hint="As this platform reaches it. Empty: the one in the kubeconfig."
            problem={problem?.fields.serverUrl}
          >
            <Input value={serverUrl} onChange={({ target }) => setServerUrl(target.value.trim())} inputMode="url" />
          </Field>
          {otherUid ? (
            <Note tone="warn" live>
              <p className="mb-2 font-semibold">Another cluster answers there. Does it take the place of {cluster.name}?</p>
              <WhatApprovalMeans cluster={cluster} uid={otherUid} people={people} />
            </Note>
          ) : (
            <ApiProblemNote problem={problem} fieldsShown={['serverUrl']} />
          )}
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look={otherUid ? 'danger' : 'primary'} disabled={busy}>
              {busy ? 'Renewing…' : otherUid ? 'Yes, it takes its place' : 'Renew'}
            </Button>
          </DialogActions>
        </Form>
      </Dialog>
    </>
  );
}
