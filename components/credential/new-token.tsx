'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import { Choice, Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Checkbox, Input } from '#components/ui/input.tsx';
import { Note } from '#components/ui/note.tsx';

/** An API token for scripts: belongs to the person, and dies with the account. */
export function NewToken() {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const [token, setToken] = useState<string | null>(null);
  const { call, busy, problem, clear } = useCall();
  async function create(form: FormData) {
    const answer = await call<{ token: string }>('POST', '/credentials/tokens', {
      name: String(form.get('name')),
      days: Number(form.get('days')),
      readOnly: form.get('readOnly') === 'on',
    });
    if (answer) setToken(answer.token);
  }
  function close(next: boolean) {
    setOpen(next);
    if (next) return;
    if (token) router.refresh();
    setToken(null);
    clear();
  }
  return (
    <>
      <Button onClick={() => setOpen(true)}>New API token</Button>
      <Dialog
        open={open}
        onOpenChange={close}
        title="New API token"
        description="For scripts that speak to this portal's API as you. It may do what you may, and ends with your account."
      >
        {token ? (
          <div className="grid gap-3">
            <Note tone="warn" live>
              Copy it now: it is shown this once.
            </Note>
            <CodeBlock label="The token" text={token} />
            <DialogActions>
              <Button look="primary" onClick={() => close(false)}>
                Done
              </Button>
            </DialogActions>
          </div>
        ) : (
          <Form className="grid gap-3" onSubmit={create}>
            <Field label="Name" hint="What it is for." problem={problem?.fields.name}>
              <Input name="name" required maxLength={80} />
            </Field>
            <Field label="Good for, in days" problem={problem?.fields.days}>
              <Input name="days" type="number" min={1} max={365} defaultValue={90} required />
            </Field>
            <Choice hint="It may look and not change anything.">
              <Checkbox name="readOnly" defaultChecked />
              <span>Read only</span>
            </Choice>
            <ApiProblemNote problem={problem} fieldsShown={['name', 'days']} />
            <DialogActions>
              <Button onClick={() => close(false)}>Cancel</Button>
              <Button type="submit" look="primary" disabled={busy}>
                Make it
              </Button>
            </DialogActions>
          </Form>
        )}
      </Dialog>
    </>
  );
}
