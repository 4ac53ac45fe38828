'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { TextArea } from '#components/ui/input.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';

/** The first half of a change of authority: the new one stands beside the present. */
export function AddAuthority({ cluster }: { cluster: ClusterDetail }) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const { call, busy, problem, clear } = useCall();
  async function add(form: FormData) {
    const done = await call('PATCH', `/clusters/${cluster.id}/reach`, { addAuthority: String(form.get('pem')) });
    if (!done) return;
    toast.success('Both are trusted from now on. Take the old one out once the cluster has changed over.');
    setOpen(false);
    router.refresh();
  }
  return (
    <>
      <Button
        size="small"
        onClick={() => {
          clear();
          setOpen(true);
        }}
      >
        Add an authority
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={`Another certificate authority for ${cluster.name}`}
        description="It is trusted beside the present ones. Nothing is ever taken over from a server that shows it: paste it from where the cluster’s own administrators keep it, and compare its fingerprint with them."
        wide
      >
        <form
          className="grid gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            void add(new FormData(event.currentTarget));
          }}
        >
          <Field label="Certificate (PEM)" problem={problem?.fields.addAuthority}>
            <TextArea
              name="pem"
              rows={9}
              spellCheck={false}
              autoComplete="off"
              placeholder="-----BEGIN CERTIFICATE-----"
              className="font-mono text-[12.5px]"
              required
            />
          </Field>
          <ApiProblemNote problem={problem} fieldsShown={['addAuthority']} />
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={busy}>
              {busy ? 'Trying…' : 'Add it'}
            </Button>
          </DialogActions>
        </form>
      </Dialog>
    </>
  );
}
