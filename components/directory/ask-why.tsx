'use client';
import { useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Chain } from '#components/ui/chain.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input, Select } from '#components/ui/input.tsx';
import { Status } from '#components/ui/status.tsx';
import type { Explanation } from '#lib/entitlement/schema.ts';
import { stepsOf } from './chain-steps.ts';

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

/** The auditor's question, answered by the same code that the door decides by: may this person do that there, and by which path. */
export function AskWhy({ personId, clusters }: { personId: string; clusters: readonly { id: string; name: string }[] }) {
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const { call, busy, problem } = useCall();
  async function ask(form: FormData) {
    const question = new URLSearchParams({ personId });
    for (const name of ['clusterId', 'verb', 'resource', 'apiGroup', 'namespace']) {
      const said = String(form.get(name) ?? '').trim();
      if (said) question.set(name, said);
    }
    setAnswer(await call<Explanation>('GET', `/explain?${question}`));
  }
  return (
    <Form className="grid gap-3" onSubmit={ask}>
      <div className="grid grid-cols-2 items-end gap-2 sm:grid-cols-[8rem_minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)_auto]">
        <Field label="May they">
          <Select name="verb" defaultValue="delete">
            {verbs.map((verb) => (
              <option key={verb}>{verb}</option>
            ))}
          </Select>
        </Field>
        <Field label="What">
          <Input code name="resource" required defaultValue="pods" />
        </Field>
        <Field label="API group">
          <Input code name="apiGroup" placeholder="core" />
        </Field>
        <Field label="In namespace">
          <Input code name="namespace" placeholder="any" />
        </Field>
        <Field label="On">
          <Select name="clusterId">
            {clusters.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
        </Field>
        <Button type="submit" disabled={busy}>
          Ask
        </Button>
      </div>
      <ApiProblemNote problem={problem} />
      {answer ? (
        <div role="status" className="grid gap-2.5">
          <Status tone={answer.allowed ? 'ok' : 'bad'} className="whitespace-normal">
            {answer.answer}
          </Status>
          {answer.chains.slice(0, 4).map((chain) => (
            <Chain key={`${chain.clusterId} ${chain.grantId}`} label={answer.answer} steps={stepsOf(chain)} />
          ))}
        </div>
      ) : null}
    </Form>
  );
}
