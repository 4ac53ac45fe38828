'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { counted } from '#components/ui/count.ts';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input } from '#components/ui/input.tsx';
import type { BreakGlass, MadeAccount } from '#lib/breakglass/schema.ts';
import { Envelope } from './envelope.tsx';

/** `full`: there are as many as there may be. The dialog stays all the same, since it may be showing the last one's password just now. */
export function MakeAccount({ suggested, full }: { suggested: string; full: boolean }) {
  const { call, busy, problem, clear } = useCall();
  return (
    <MakeDialog
      trigger={{ text: 'Make an account', look: 'plain', disabled: full }}
      title="Make a break-glass account"
      busy={busy}
      act="Make it"
      onOpen={clear}
      make={(form) => call<MadeAccount>('POST', '/break-glass/accounts', { name: String(form.get('name')) })}
    >
      <p className="text-soft">
        It belongs to nobody of the directory. Whoever has its password and its authenticator can administer this portal for an hour, so
        keep the two apart, and neither with you alone.
      </p>
      <Field label="Name" hint="Typed at sign-in, and what the audit log says." problem={problem?.fields.name}>
        <Input name="name" defaultValue={suggested} required minLength={3} maxLength={40} spellCheck={false} autoCapitalize="none" />
      </Field>
      <ApiProblemNote problem={problem} fieldsShown={['name']} />
    </MakeDialog>
  );
}

export function MakeAnew({ account: { id, name, sessions } }: { account: BreakGlass['accounts'][number] }) {
  const { call, busy, problem, clear } = useCall();
  return (
    <MakeDialog
      trigger={{ text: 'Make anew', look: 'link', disabled: false }}
      title={`Make ${name} anew?`}
      busy={busy}
      act="Make it anew"
      onOpen={clear}
      make={() => call<MadeAccount>('POST', `/break-glass/accounts/${id}/anew`, {})}
    >
      <p className="text-soft">
        The present password and authenticator are worth nothing from then on
        {sessions > 0
          ? `, and ${counted(sessions, 'session')} that ${sessions === 1 ? 'is' : 'are'} open by it ${sessions === 1 ? 'ends' : 'end'}`
          : ''}
        . New ones are shown once. Until you confirm a code of the new authenticator, {name} lets nobody in.
      </p>
      <ApiProblemNote problem={problem} />
    </MakeDialog>
  );
}

type Props = {
  trigger: { text: string; look: 'plain' | 'link'; disabled: boolean };
  title: string;
  act: string;
  busy: boolean;
  onOpen: () => void;
  make: (form: FormData) => Promise<MadeAccount | null>;
  children: React.ReactNode;
};

/** First what will happen, then what came of it, shown once. */
function MakeDialog({ trigger, title, act, busy, onOpen, make, children }: Props) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const [made, setMade] = useState<MadeAccount | null>(null);
  function close() {
    setOpen(false);
    setMade(null);
    router.refresh();
  }
  return (
    <>
      <Button
        size="small"
        look={trigger.look}
        disabled={trigger.disabled}
        onClick={() => {
          onOpen();
          setOpen(true);
        }}
      >
        {trigger.text}
      </Button>
      <Dialog open={open} onOpenChange={(next) => !next && close()} title={made ? `Seal ${made.name}` : title} wide={made !== null}>
        {made ? (
          <Envelope made={made} onDone={close} />
        ) : (
          <Form
            className="grid gap-3"
            onSubmit={async (form) => {
              setMade(await make(form));
            }}
          >
            {children}
            <DialogActions>
              <Button onClick={close}>Cancel</Button>
              <Button type="submit" look="primary" disabled={busy}>
                {busy ? 'Making…' : act}
              </Button>
            </DialogActions>
          </Form>
        )}
      </Dialog>
    </>
  );
}
