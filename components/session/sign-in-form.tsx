'use client';
import { signIn } from 'next-auth/react';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input } from '#components/ui/input.tsx';
import { Note } from '#components/ui/note.tsx';
import { afterSignIn, sentenceOf } from './sign-in-words.ts';

export function SignInForm({ error, callbackUrl }: { error: string | undefined; callbackUrl: string | undefined }) {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState(error);
  async function submit(form: FormData) {
    setBusy(true);
    setSaid(undefined);
    const answer = await signIn('active-directory', {
      login: String(form.get('login') ?? ''),
      password: String(form.get('password') ?? ''),
      redirect: false,
    }).catch(() => undefined);
    // A full load, not a client navigation: nothing of the page before may stay in memory for the person who is in now.
    if (answer?.ok && !answer.error) return location.assign(afterSignIn(callbackUrl, location.origin));
    setBusy(false);
    setSaid(answer?.error ?? 'failed');
  }
  return (
    <Form className="grid gap-4" onSubmit={submit}>
      {said ? (
        <Note tone={said === 'refused' ? 'bad' : 'warn'} live>
          {sentenceOf(said)}
        </Note>
      ) : null}
      <Field label="Name" hint="As in Windows: name, name@domain or DOMAIN\name">
        <Input
          name="login"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          maxLength={256}
          autoFocus
          className="h-9"
        />
      </Field>
      <Field label="Password">
        <Input name="password" type="password" autoComplete="current-password" required maxLength={1024} className="h-9" />
      </Field>
      <Button type="submit" look="primary" disabled={busy} className="h-9">
        {busy ? 'Asking the directory…' : 'Sign in'}
      </Button>
    </Form>
  );
}
