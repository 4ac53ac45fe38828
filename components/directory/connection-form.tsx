'use client';
import { useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input, TextArea } from '#components/ui/input.tsx';
import { Status } from '#components/ui/status.tsx';
import type { DirectoryView } from '#lib/directory/people/schema.ts';
import type { DirectoryTest } from '#lib/directory/settings/connect-schema.ts';
import { ControllersFields, controllersFields, controllersOf } from './controllers-fields.tsx';
import { linesOf, problemIn } from './form-lines.ts';
import { PreviewPanel } from './preview-panel.tsx';
import { TestResult } from './test-result.tsx';
import { usePreview } from './use-preview.ts';

const shown = [...controllersFields, 'caPem', 'bindDn', 'bindPassword', 'baseDn', 'scopeDns'];

type Props = {
  /** The directory whose connection is changed, by way of a preview; without it a new one is connected. */
  changed?: DirectoryView;
  onConnected: (directory: { directoryId: string; domain: string }) => void;
};

/** Tries a directory before it is connected: what is found, and what the account lacks. Only what was tried can be connected. */
export function ConnectionForm({ changed, onConnected }: Props) {
  const [tested, setTested] = useState<{ input: Record<string, unknown>; result: DirectoryTest } | null>(null);
  const test = useCall();
  const connect = useCall();
  const preview = usePreview(changed?.id ?? '');
  const [password, setPassword] = useState('');
  const fields = (changed ? preview.problem : test.problem)?.fields ?? {};
  const fieldsShown = Object.keys(fields).filter((field) => shown.includes(field.split('.')[0] ?? ''));
  const busy = test.busy || connect.busy || preview.busy;

  async function tryIt(form: FormData) {
    setTested(null);
    preview.clear();
    const input = inputOf(form);
    if (changed) {
      setPassword(String(input.bindPassword));
      return preview.start(reachOf(input));
    }
    const result = await test.call<DirectoryTest>('POST', '/directories/test', input);
    if (result) setTested({ input, result });
  }

  return (
    <Form
      className="grid max-w-2xl gap-4"
      onChange={() => {
        setTested(null);
        preview.clear();
      }}
      onSubmit={tryIt}
    >
      <ControllersFields saved={changed} problems={fields} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Account that reads the directory"
          hint="CN=gatehouse,OU=Services,DC=corp,DC=example or gatehouse@corp.example"
          problem={fields.bindDn}
        >
          <Input name="bindDn" defaultValue={changed?.bindDn ?? undefined} required autoComplete="off" spellCheck={false} />
        </Field>
        <Field
          label="Its password"
          hint={changed ? 'As it is when left empty.' : 'Sealed; only the worker can open it.'}
          problem={fields.bindPassword}
        >
          <Input name="bindPassword" type="password" required={!changed} autoComplete="off" />
        </Field>
      </div>
      <Field
        label="CA certificate"
        hint={changed ? 'As it is when left empty.' : "As PEM, where the domain controllers' certificate is not signed by a public CA."}
        problem={fields.caPem}
      >
        <TextArea code name="caPem" rows={3} placeholder="-----BEGIN CERTIFICATE-----" />
      </Field>
      {changed ? null : (
        <details>
          <summary className="w-fit rounded-sm text-accent hover:underline">More</summary>
          <div className="mt-3 grid gap-4">
            <Field label="Base" hint="Found by itself when left empty." problem={fields.baseDn}>
              <Input name="baseDn" spellCheck={false} placeholder="DC=corp,DC=example" />
            </Field>
            <Field label="Only people below" hint="One a line; everybody when empty." problem={problemIn(fields, 'scopeDns')}>
              <TextArea code name="scopeDns" rows={2} placeholder="OU=Staff,DC=corp,DC=example" />
            </Field>
          </div>
        </details>
      )}
      <ApiProblemNote problem={test.problem} fieldsShown={fieldsShown} />
      {tested ? <TestResult result={tested.result} /> : null}
      <ApiProblemNote problem={connect.problem} />
      {changed ? (
        <PreviewPanel
          state={preview}
          directoryId={changed.id}
          domain={changed.domain}
          bindPassword={password || undefined}
          fieldsShown={fieldsShown}
          onSaved={() => onConnected({ directoryId: changed.id, domain: changed.domain })}
        />
      ) : null}
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" look={tested ? 'plain' : 'primary'} disabled={busy}>
          {busy ? 'Trying…' : changed ? 'Preview what would change' : 'Test the connection'}
        </Button>
        {tested ? (
          <Button
            look="primary"
            disabled={busy}
            onClick={async () => {
              const done = await connect.call<{ directoryId: string }>('POST', '/directories', tested.input);
              if (done) onConnected({ directoryId: done.directoryId, domain: tested.result.domain });
            }}
          >
            {connect.busy ? 'Connecting…' : `Connect ${tested.result.domain}`}
          </Button>
        ) : null}
        {busy && !changed ? <Status tone="wait">Asking the domain controllers</Status> : null}
      </div>
    </Form>
  );
}

/** Who comes in is changed elsewhere, and what is left empty stays as it is. */
function reachOf({ scopeDns: _, baseDn: __, ...reach }: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(reach).filter(([, value]) => value !== ''));
}

function inputOf(form: FormData): Record<string, unknown> {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  const optional = Object.fromEntries(['baseDn', 'caPem'].map((name) => [name, text(name)]).filter(([, value]) => value));
  return {
    ...controllersOf(form),
    bindDn: text('bindDn'),
    bindPassword: String(form.get('bindPassword') ?? ''),
    scopeDns: linesOf(form, 'scopeDns'),
    ...optional,
  };
}
