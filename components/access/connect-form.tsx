'use client';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { CopyButton } from '#components/ui/copy.tsx';
import { Choice, Field, FieldSet } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Checkbox, Input, Select } from '#components/ui/input.tsx';
import { Labels } from '#components/ui/labels.tsx';
import { Note } from '#components/ui/note.tsx';
import { Time } from '#components/ui/time.tsx';
import type { AccessCluster } from '#lib/entitlement/schema.ts';
import { FirstUse } from './first-use.tsx';
import { NamespacesField, namesIn } from './namespaces-field.tsx';
import { WhatToType } from './what-to-type.tsx';

type Issued = { fileName: string; kubeconfig: string; credentialId: string; expiresAt: string; renewed: boolean; narrowed: boolean };

export function ConnectForm({
  clusters,
  chosen,
  deviceName,
}: {
  clusters: readonly AccessCluster[];
  chosen: readonly string[];
  deviceName: string;
}) {
  const [only, setOnly] = useState(new Set(chosen.length > 0 ? chosen : clusters.map(({ id }) => id)));
  const [name, setName] = useState(deviceName);
  const [days, setDays] = useState('30');
  const [readOnly, setReadOnly] = useState(false);
  const [namespaces, setNamespaces] = useState('');
  const [issued, setIssued] = useState<Issued | null>(null);
  const { call, busy, problem } = useCall();
  const taken = clusters.filter(({ id }) => only.has(id));
  const known = [...new Set(taken.flatMap(({ namespaces: own }) => (own === 'all' ? [] : own)))].sort();
  const [namespacesAt, namespacesProblem] = Object.entries(problem?.fields ?? {}).find(([field]) => field.startsWith('namespaces')) ?? [];

  async function issue() {
    const all = taken.length === clusters.length;
    const names = namesIn(namespaces);
    const answer = await call<Omit<Issued, 'narrowed'>>('POST', '/credentials/kubeconfig', {
      deviceName: name,
      days: Number(days),
      readOnly,
      ...(all ? {} : { clusterIds: taken.map(({ id }) => id) }),
      ...(names.length === 0 ? {} : { namespaces: names }),
    });
    if (!answer) return;
    setIssued({ ...answer, narrowed: names.length > 0 });
    saveFile(answer.fileName, answer.kubeconfig);
  }

  return (
    <div className="mt-6 grid gap-7">
      <Form className="grid max-w-xl gap-4" onSubmit={issue}>
        <FieldSet legend="Clusters">
          {clusters.map(({ id, name: clusterName, title, labels }) => (
            <Choice key={id} hint={title && title !== clusterName ? title : undefined}>
              <Checkbox checked={only.has(id)} onChange={({ target }) => setOnly(toggled(only, id, target.checked))} />
              <span className="font-medium">{clusterName}</span>
              <Labels labels={labels} valuesOnly />
            </Choice>
          ))}
        </FieldSet>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field
            label="This computer"
            hint="So that you know it again. Downloading again here renews: the former key ends with the first use of the new one, or after 10 minutes."
            problem={problem?.fields.deviceName}
          >
            <Input value={name} onChange={({ target }) => setName(target.value)} required maxLength={80} />
          </Field>
          <Field label="Good for" problem={problem?.fields.days}>
            <Select value={days} onChange={({ target }) => setDays(target.value)}>
              <option value="1">1 day</option>
              <option value="7">7 days</option>
              <option value="30">30 days</option>
              <option value="90">90 days</option>
            </Select>
          </Field>
        </div>
        <NamespacesField value={namespaces} onChange={setNamespaces} known={known} problem={namespacesProblem} />
        <Choice hint="It may look and not change anything.">
          <Checkbox checked={readOnly} onChange={({ target }) => setReadOnly(target.checked)} />
          <span>Read only</span>
        </Choice>
        <ApiProblemNote problem={problem} fieldsShown={['deviceName', 'days', ...(namespacesAt ? [namespacesAt] : [])]} />
        <div>
          <Button type="submit" look="primary" disabled={busy || taken.length === 0}>
            <Download aria-hidden />
            {busy ? 'Making it…' : 'Download kubeconfig'}
          </Button>
        </div>
      </Form>
      {issued ? (
        <section aria-label="What to type next" className="grid gap-3">
          <Note tone="ok" live>
            <p>
              <b className="font-semibold">{issued.fileName}</b> is on this computer, good until <Time at={issued.expiresAt} />. It is a
              key: give it to nobody.
              {issued.narrowed ? ' It reaches only the namespaces that you named.' : ''}
              {issued.renewed ? ' The former one of this device ends with the first use of this one, or after 10 minutes.' : ''}
            </p>
          </Note>
          <div className="flex gap-2">
            <Button size="small" onClick={() => saveFile(issued.fileName, issued.kubeconfig)}>
              Download again
            </Button>
            <CopyButton text={issued.kubeconfig} label="Copy the kubeconfig" word="Copy instead" />
          </div>
          <WhatToType fileName={issued.fileName} clusters={taken} />
          <FirstUse credentialId={issued.credentialId} />
        </section>
      ) : null}
    </div>
  );
}

function toggled(set: ReadonlySet<string>, id: string, on: boolean): Set<string> {
  const next = new Set(set);
  if (on) next.add(id);
  else next.delete(id);
  return next;
}

function saveFile(fileName: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: fileName });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
