'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input } from '#components/ui/input.tsx';

export function RenameCredential({ id, name }: { id: string; name: string }) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const { call, busy, problem } = useCall();
  return (
    <>
      <Button look="link" size="small" aria-label={`Rename ${name}`} onClick={() => setOpen(true)}>
        Rename
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title={`Rename ${name}`}>
        <Form
          className="grid gap-3"
          onSubmit={async (form) => {
            const next = String(form.get('name'));
            if (!(await call('PATCH', `/credentials/${id}`, { name: next }))) return;
            setOpen(false);
            router.refresh();
          }}
        >
          <Field label="Name" hint="By which you will know it again. What it opens stays the same." problem={problem?.fields.name}>
            <Input name="name" defaultValue={name} required maxLength={80} />
          </Field>
          <ApiProblemNote problem={problem} fieldsShown={['name']} />
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={busy}>
              Rename
            </Button>
          </DialogActions>
        </Form>
      </Dialog>
    </>
  );
}
