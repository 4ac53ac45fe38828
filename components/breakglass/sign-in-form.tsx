'use client';
import { useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input } from '#components/ui/input.tsx';

export function BreakGlassSignInForm() {
  const { call, busy, problem } = useCall();
  const [gone, setGone] = useState(false);
  async function submit(form: FormData) {
    const typed = { name: String(form.get('name')), password: String(form.get('password')), code: String(form.get('code')) };
    if (!(await call('POST', '/break-glass/session', typed))) return;
    setGone(true);
    // A full load, as at every sign-in: nothing of the page before may stay in memory.
    location.assign('/admin');
  }
  return (
    <Form className="grid gap-4" onSubmit={submit}>
      <ApiProblemNote problem={problem} fieldsShown={['name', 'password', 'code']} />
      <Field label="Account" problem={problem?.fields.name}>
        <Input name="name" autoComplete="off" autoCapitalize="none" spellCheck={false} required maxLength={256} autoFocus className="h-9" />
      </Field>
      <Field label="Password" hint="From the envelope; hyphens may be left out." problem={problem?.fields.password}>
        <Input name="password" type="password" autoComplete="off" required maxLength={256} className="h-9" />
      </Field>
      <Field label="Code" hint="The six digits that its authenticator shows. Each is good once." problem={problem?.fields.code}>
        <Input name="code" inputMode="numeric" autoComplete="one-time-code" required maxLength={9} className="h-9 font-mono" />
      </Field>
      <Button type="submit" disabled={busy || gone} className="h-9">
        {busy || gone ? 'Checking…' : 'Break the glass'}
      </Button>
    </Form>
  );
}
