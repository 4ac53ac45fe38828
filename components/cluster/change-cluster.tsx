'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import { Choice, Field } from '#components/ui/field.tsx';
import { Checkbox, Input } from '#components/ui/input.tsx';
import { Note } from '#components/ui/note.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';
import { labelsFrom, labelsToText } from './label-text.ts';

export function ChangeCluster({ cluster }: { cluster: ClusterDetail }) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const [strict, setStrict] = useState(cluster.strict);
  const { call, busy, problem } = useCall();
  async function save(form: FormData) {
    const done = await call('PATCH', `/clusters/${cluster.id}`, {
      title: String(form.get('title')) || null,
      labels: labelsFrom(String(form.get('labels'))),
      strict,
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
        <form
          className="grid gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            void save(new FormData(event.currentTarget));
          }}
        >
          <Field label="Title">
            <Input name="title" defaultValue={cluster.title ?? ''} maxLength={80} />
          </Field>
          <Field label="Labels" hint="env=prod, region=eu. Grants by label follow: whoever holds one gains or loses this cluster.">
            <Input name="labels" defaultValue={labelsToText(cluster.labels)} className="font-mono text-[12.5px]" />
          </Field>
          <Choice hint="Our account there may act only as the people who have a right there, by name.">
            <Checkbox name="strict" checked={strict} onChange={({ target }) => setStrict(target.checked)} />
            <span>Strict</span>
          </Choice>
          {cluster.strict && !strict ? (
            <Note tone="warn" live>
              Without strict, whoever steals our account there could act as anybody the cluster knows, its own controllers too, instead of
              as the {cluster.entries.toLocaleString('en')} {cluster.entries === 1 ? 'person' : 'people'} it is limited to now.
            </Note>
          ) : null}
          <ApiProblemNote problem={problem} />
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={busy}>
              Save
            </Button>
          </DialogActions>
        </form>
      </Dialog>
    </>
  );
}
