'use client';
import { useRouter } from 'next/navigation';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input } from '#components/ui/input.tsx';

/** Nobody exists yet who could sign in: whoever can read the log of the first start may begin. */
export function ClaimForm() {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Form
      className="grid max-w-md gap-4"
      onSubmit={async (form) => {
        if (await call('POST', '/setup/claim', { code: String(form.get('code')) })) router.refresh();
      }}
    >
      <Field label="Setup code" hint="The first start printed it; look for “setup code” in its log." problem={problem?.fields.code}>
        <Input name="code" required minLength={4} maxLength={100} autoComplete="off" spellCheck={false} autoFocus className="font-mono" />
      </Field>
      <ApiProblemNote problem={problem} fieldsShown={['code']} />
      <div>
        <Button type="submit" look="primary" disabled={busy}>
          Begin
        </Button>
      </div>
    </Form>
  );
}
