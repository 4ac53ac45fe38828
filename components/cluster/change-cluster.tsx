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
import type { ClusterDetail } from '#lib/cluster/schema.ts';
import { labelsFrom, labelsToText } from './label-text.ts';

export function ChangeCluster({ cluster }: { cluster: ClusterDetail }) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const { call, busy, problem } = useCall();
  async function save(form: FormData) {
    const done = await call('PATCH', `/clusters/${cluster.id}`, {
      title: String(form.get('title')) || null,
      labels: labelsFrom(String(form.get('labels'))),
    });
    if (!done) return;
    toast.success('Saved.');
    setOpen(false);
    router.refresh();
  }
  return (
    <>
      <Button onClick={() => setOpen(true)}>Change</Button>
      <Dialog open={open} onOpenChange={setOpen} title={`Change ${cluster.name}`}>
        <Form className="grid gap-3" onSubmit={save}>
          <Field label="Title">
            <Input name="title" defaultValue={cluster.title ?? ''} maxLength={80} />
          </Field>
          <Field label="Labels" hint="env=prod, region=eu. Grants by label follow: whoever holds one gains or loses this cluster.">
            <Input code name="labels" defaultValue={labelsToText(cluster.labels)} />
          </Field>
          <ApiProblemNote problem={problem} />
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={busy}>
              Save
            </Button>
          </DialogActions>
        </Form>
      </Dialog>
    </>
  );
}
