'use client';
import { useEffect, useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Form } from '#components/ui/form.tsx';
import { Status } from '#components/ui/status.tsx';
import { KubeconfigField } from './kubeconfig-field.tsx';
import { labelsFrom } from './label-text.ts';
import type { WayProps } from './register-form.tsx';
import { Registered } from './registered.tsx';

export function ByKubeconfig({ draft, after, onProblems }: WayProps) {
  const [kubeconfig, setKubeconfig] = useState('');
  const [context, setContext] = useState('');
  const [registered, setRegistered] = useState<{ id: string; name: string; version: string } | null>(null);
  const { call, busy, problem } = useCall();
  async function register() {
    const answer = await call<{ id: string; name: string; version: string }>('POST', '/clusters', {
      name: draft.name,
      labels: labelsFrom(draft.labels),
      kubeconfig,
      ...(context ? { context } : {}),
      ...(draft.serverUrl ? { serverUrl: draft.serverUrl } : {}),
      ...(draft.proxyUrl ? { proxyUrl: draft.proxyUrl } : {}),
    });
    if (answer) setKubeconfig('');
    setRegistered(answer);
  }
  useEffect(() => onProblems(problem?.fields ?? {}), [problem, onProblems]);
  if (registered) return <Registered id={registered.id} name={registered.name} after={after} />;
  return (
    <Form className="grid gap-4" onSubmit={register}>
      <KubeconfigField kubeconfig={kubeconfig} onKubeconfig={setKubeconfig} context={context} onContext={setContext} />
      <ApiProblemNote problem={problem} fieldsShown={['name', 'labels', 'serverUrl', 'proxyUrl']} />
      <div className="flex items-center gap-3">
        <Button type="submit" look="primary" disabled={busy || !draft.name || !kubeconfig.trim()}>
          {busy ? 'Registering…' : 'Register'}
        </Button>
        {busy ? <Status tone="wait">Checking rights, making two accounts, trying both. Up to a minute.</Status> : null}
      </div>
    </Form>
  );
}
