'use client';
import { type ReactNode, useState } from 'react';
import { Button } from './button.tsx';
import { Dialog, DialogActions } from './dialog.tsx';
import { Field } from './field.tsx';
import { Input } from './input.tsx';
import { Problem } from './problem.tsx';

type Props = {
  trigger: string;
  title: string;
  /** What will happen to whom, in numbers. */
  children: ReactNode;
  act: string;
  /** Asks for a reason of at least three letters. */
  reason?: string;
  look?: 'danger' | 'plain' | 'link';
  size?: 'small' | 'normal';
  busy: boolean;
  problem: { message: string; code: string; requestId?: string | undefined } | null;
  /** True = done, and the dialog closes. */
  onConfirm: (reason: string) => Promise<boolean>;
};

/** A dangerous act says what it will do before it does it. */
export function Confirm({ trigger, title, children, act, reason, look = 'danger', size = 'normal', busy, problem, onConfirm }: Props) {
  const [open, setOpen] = useState(false);
  const [why, setWhy] = useState('');
  return (
    <>
      <Button look={look} size={size} onClick={() => setOpen(true)}>
        {trigger}
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title={title}>
        <form
          className="grid gap-3"
          onSubmit={async (event) => {
            event.preventDefault();
            if (await onConfirm(why)) setOpen(false);
          }}
        >
          <div className="text-soft">{children}</div>
          {reason ? (
            <Field label={reason}>
              <Input value={why} onChange={({ target }) => setWhy(target.value)} required minLength={3} maxLength={500} />
            </Field>
          ) : null}
          {problem ? <Problem message={problem.message} code={problem.code} quote={problem.requestId} /> : null}
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look={look === 'plain' ? 'primary' : 'danger'} disabled={busy}>
              {busy ? 'Working…' : act}
            </Button>
          </DialogActions>
        </form>
      </Dialog>
    </>
  );
}
