'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { counted } from '#components/ui/count.ts';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input } from '#components/ui/input.tsx';

/** After how many days a credential that nobody uses ends by itself. */
export function CredentialIdle({ days, mayChange }: { days: number | null; mayChange: boolean }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  if (!mayChange)
    return (
      <p>{days === null ? 'Unused credentials live until they expire.' : `A credential ends after ${counted(days, 'day')} without use.`}</p>
    );
  return (
    <Form
      className="flex max-w-xl flex-wrap items-start gap-2"
      onSubmit={async (form) => {
        const typed = String(form.get('days')).trim();
        if (!(await call('PATCH', '/settings', { credentialIdleDays: typed === '' ? null : Number(typed) }))) return;
        toast.success('Saved.');
        router.refresh();
      }}
    >
      <Field
        label="A credential ends after so many days without use"
        hint="Left empty: only its expiry ends it. What has been unused for longer ends within minutes of saving."
        problem={problem?.fields.credentialIdleDays}
        className="min-w-64 flex-1"
      >
        <Input name="days" type="number" min={1} max={366} defaultValue={days ?? ''} placeholder="never" />
      </Field>
      <Button type="submit" disabled={busy} className="mt-[22px]">
        Save
      </Button>
      <ApiProblemNote problem={problem} fieldsShown={['credentialIdleDays']} />
    </Form>
  );
}
