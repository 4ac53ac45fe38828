'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import { Form } from '#components/ui/form.tsx';
import type { NamespaceInput } from '#lib/project/schema.ts';
import { type ClusterChoice, NamespaceFields } from './namespace-fields.tsx';

export function AddNamespace({ projectId, clusters, people }: { projectId: string; clusters: readonly ClusterChoice[]; people: number }) {
  const router = useRouter();
  const { call, busy, problem, clear } = useCall();
  const [open, setOpen] = useState(false);
  const [value, setValue] = useState<NamespaceInput>({ clusterId: clusters[0]?.id ?? '', name: '', origin: 'created' });
  async function add() {
    const done = await call('POST', `/projects/${projectId}/namespaces`, value);
    if (!done) return;
    toast.success(value.origin === 'created' ? `${value.name} is being made.` : `${value.name} is in the project.`);
    setOpen(false);
    setValue({ ...value, name: '' });
    router.refresh();
  }
  return (
    <>
      <Button
        size="small"
        disabled={clusters.length === 0}
        onClick={() => {
          clear();
          setOpen(true);
        }}
      >
        Add a namespace
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title="Add a namespace" wide>
        <Form className="grid gap-3" onSubmit={add}>
          <NamespaceFields clusters={clusters} value={value} onChange={setValue} problem={problem?.fields.name} />
          <p className="text-soft">
            {people === 0 ? 'No member' : people === 1 ? '1 person' : `${people.toLocaleString('en')} people`} of this project{' '}
            {people === 1 ? 'gains' : 'gain'} their role in it.{' '}
            {value.origin === 'created'
              ? 'It is made with the project’s fence around it.'
              : 'It keeps what is its own and gets the project’s fence; pods that break it are not stopped, but no new ones start.'}
          </p>
          <ApiProblemNote problem={problem} fieldsShown={['name']} />
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={busy || !value.name}>
              {busy ? 'Adding…' : value.origin === 'created' ? 'Create it' : 'Adopt it'}
            </Button>
          </DialogActions>
        </Form>
      </Dialog>
    </>
  );
}
