'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { DialogActions } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input } from '#components/ui/input.tsx';
import { Note } from '#components/ui/note.tsx';
import type { MadeAccount } from '#lib/breakglass/schema.ts';
import { QrCode } from './qr-code.tsx';

/** What goes into the envelope, shown this once, and the code that proves that an authenticator has it. */
export function Envelope({ made, onDone }: { made: MadeAccount; onDone: () => void }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Form
      className="grid gap-4"
      onSubmit={async (form) => {
        const code = String(form.get('code'));
        if (!(await call('POST', `/break-glass/accounts/${made.id}/confirm`, { code }))) return;
        toast.success(`${made.name} is sealed and ready.`);
        router.refresh();
        onDone();
      }}
    >
      <Note tone="warn" live>
        Nobody can ask for these again. Write the password down for the envelope now, and keep the authenticator apart from it.
      </Note>
      <div className="grid gap-1">
        <p className="font-medium text-sm">Password of {made.name}</p>
        <CodeBlock label={`Password of ${made.name}`} text={made.password} />
      </div>
      <div className="flex flex-wrap items-start gap-4">
        <QrCode text={made.oneTimeAddress} label={`QR code for the authenticator of ${made.name}`} />
        <div className="grid min-w-56 flex-1 gap-3">
          <p className="text-soft">Scan it with an authenticator app, or type its secret there:</p>
          <CodeBlock label={`One-time secret of ${made.name}`} text={made.oneTimeSecret} />
          <Field label="The code it shows now" hint="Until a code is confirmed, the account lets nobody in." problem={problem?.fields.code}>
            <Input name="code" inputMode="numeric" autoComplete="off" required minLength={6} maxLength={9} className="font-mono" />
          </Field>
        </div>
      </div>
      <ApiProblemNote problem={problem?.fields.code ? null : problem} />
      <DialogActions>
        <Button type="submit" look="primary" disabled={busy}>
          {busy ? 'Checking…' : 'Confirm and seal'}
        </Button>
      </DialogActions>
    </Form>
  );
}
