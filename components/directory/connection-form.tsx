'use client';
import { useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Field } from '#components/ui/field.tsx';
import { Input, TextArea } from '#components/ui/input.tsx';
import { Status } from '#components/ui/status.tsx';
import type { DirectoryTest } from '#lib/directory/connect-schema.ts';
import { TestResult } from './test-result.tsx';

const shown = ['urls', 'serverName', 'caPem', 'bindDn', 'bindPassword', 'baseDn', 'scopeDns'];

type Props = {
  /** The directory whose connection is changed; without it a new one is connected. */
  changed?: string;
  onConnected: (directory: { directoryId: string; domain: string }) => void;
};

/** Tries a directory before it is connected: what is found, and what the account lacks. Only what was tried can be connected. */
export function ConnectionForm({ changed, onConnected }: Props) {
  const [tested, setTested] = useState<{ input: Record<string, unknown>; result: DirectoryTest } | null>(null);
  const test = useCall();
  const connect = useCall();
  const fields = test.problem?.fields ?? {};
  const busy = test.busy || connect.busy;

  async function tryIt(form: FormData) {
    setTested(null);
    const input = inputOf(form);
    const result = await test.call<DirectoryTest>('POST', '/directories/test', input);
    if (result) setTested({ input, result });
  }

  return (
    <form
      method="post"
      className="grid max-w-2xl gap-4"
      onChange={() => setTested(null)}
      onSubmit={(event) => {
        event.preventDefault();
        void tryIt(new FormData(event.currentTarget));
      }}
    >
      <Field
        label="Domain controllers"
        hint="ldaps://dc1.corp.example, one a line. All of them are followed; one is enough to begin with."
        problem={inList(fields, 'urls')}
      >
        <TextArea
          name="urls"
          rows={2}
          required
          spellCheck={false}
          placeholder="ldaps://dc1.corp.example"
          className="font-mono text-[12.5px]"
        />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Account that reads the directory"
          hint="CN=gatehouse,OU=Services,DC=corp,DC=example or gatehouse@corp.example"
          problem={fields.bindDn}
        >
          <Input name="bindDn" required autoComplete="off" spellCheck={false} />
        </Field>
        <Field label="Its password" hint="Sealed; only the worker can open it." problem={fields.bindPassword}>
          <Input name="bindPassword" type="password" required autoComplete="off" />
        </Field>
      </div>
      <Field
        label="CA certificate"
        hint="As PEM, where the domain controllers' certificate is not signed by a public CA."
        problem={fields.caPem}
      >
        <TextArea name="caPem" rows={3} spellCheck={false} placeholder="-----BEGIN CERTIFICATE-----" className="font-mono text-[12.5px]" />
      </Field>
      <details>
        <summary className="w-fit rounded-sm text-accent hover:underline">More</summary>
        <div className="mt-3 grid gap-4 sm:grid-cols-2">
          <Field label="Base" hint="Found by itself when left empty." problem={fields.baseDn}>
            <Input name="baseDn" spellCheck={false} placeholder="DC=corp,DC=example" />
          </Field>
          <Field label="Name in the certificate" hint="Where it is not the host of the address." problem={fields.serverName}>
            <Input name="serverName" spellCheck={false} />
          </Field>
          <Field
            label="Only people below"
            hint="One a line; everybody when empty."
            problem={inList(fields, 'scopeDns')}
            className="sm:col-span-2"
          >
            <TextArea
              name="scopeDns"
              rows={2}
              spellCheck={false}
              placeholder="OU=Staff,DC=corp,DC=example"
              className="font-mono text-[12.5px]"
            />
          </Field>
        </div>
      </details>
      <ApiProblemNote
        problem={test.problem}
        fieldsShown={Object.keys(fields).filter((field) => shown.includes(field.split('.')[0] ?? ''))}
      />
      {tested ? <TestResult result={tested.result} /> : null}
      <ApiProblemNote problem={connect.problem} />
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" look={tested ? 'plain' : 'primary'} disabled={busy}>
          {test.busy ? 'Trying…' : 'Test the connection'}
        </Button>
        {tested ? (
          <Button
            look="primary"
            disabled={busy}
            onClick={async () => {
              const done = changed
                ? await connect.call<{ directoryId: string }>('PUT', `/directories/${changed}`, tested.input)
                : await connect.call<{ directoryId: string }>('POST', '/directories', tested.input);
              if (done) onConnected({ directoryId: done.directoryId, domain: tested.result.domain });
            }}
          >
            {connect.busy ? 'Connecting…' : `${changed ? 'Use this for' : 'Connect'} ${tested.result.domain}`}
          </Button>
        ) : null}
        {busy ? <Status tone="wait">Asking the domain controllers</Status> : null}
      </div>
    </form>
  );
}

/** A list may be wrong as a whole or in one of its lines ("urls.1"). */
function inList(fields: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(fields).find(([field]) => field === name || field.startsWith(`${name}.`))?.[1];
}

function inputOf(form: FormData): Record<string, unknown> {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  const lines = (name: string) =>
    text(name)
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter(Boolean);
  const optional = Object.fromEntries(['baseDn', 'serverName', 'caPem'].map((name) => [name, text(name)]).filter(([, value]) => value));
  return {
    urls: lines('urls'),
    bindDn: text('bindDn'),
    bindPassword: String(form.get('bindPassword') ?? ''),
    scopeDns: lines('scopeDns'),
    ...optional,
  };
}
