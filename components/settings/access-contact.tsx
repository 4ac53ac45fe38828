'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input } from '#components/ui/input.tsx';

/** Whom somebody asks who lacks a right: a name, a mail address, the address of a form. */
export function AccessContact({ contact, mayChange }: { contact: string | null; mayChange: boolean }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  if (!mayChange) return <p>{contact ?? 'Nobody is named: people are sent to the platform admins.'}</p>;
  return (
    <Form
      className="flex max-w-xl flex-wrap items-start gap-2"
      onSubmit={async (form) => {
        const text = String(form.get('contact')).trim();
        if (!(await call('PATCH', '/settings', { accessContact: text || null }))) return;
        toast.success('Saved.');
        router.refresh();
      }}
    >
      <Field label="Whom to ask" hint="Shown to whoever lacks a right." problem={problem?.fields.accessContact} className="min-w-64 flex-1">
        <Input name="contact" defaultValue={contact ?? ''} maxLength={300} placeholder="the platform team, platform@corp.example" />
      </Field>
      <Button type="submit" disabled={busy} className="mt-[22px]">
        Save
      </Button>
      <ApiProblemNote problem={problem} fieldsShown={['accessContact']} />
    </Form>
  );
}
