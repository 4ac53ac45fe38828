'use client';
import { Plus, X } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button, ButtonLink } from '#components/ui/button.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input, TextArea } from '#components/ui/input.tsx';
import { Section } from '#components/ui/section.tsx';
import type { NamespaceInput } from '#lib/project/schema.ts';
import { fenceOf, shownFields, usualFence } from './fence-draft.ts';
import { FenceFields } from './fence-fields.tsx';
import { type ClusterChoice, NamespaceFields } from './namespace-fields.tsx';

type Drafted = NamespaceInput & { readonly key: number };

export function NewProjectForm({ clusters }: { clusters: readonly ClusterChoice[] }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  const [about, setAbout] = useState({ name: '', title: '', description: '' });
  const [fence, setFence] = useState(usualFence);
  const [namespaces, setNamespaces] = useState<readonly Drafted[]>([]);
  const fields = problem?.fields ?? {};
  const put = (key: number, value: NamespaceInput) => setNamespaces(namespaces.map((row) => (row.key === key ? { ...value, key } : row)));
  const add = () =>
    setNamespaces([
      ...namespaces,
      { key: Math.max(0, ...namespaces.map(({ key }) => key)) + 1, clusterId: clusters[0]?.id ?? '', name: '', origin: 'created' },
    ]);
  async function create() {
    const made = await call<{ id: string }>('POST', '/projects', {
      name: about.name.trim(),
      title: about.title.trim() || about.name.trim(),
      description: about.description.trim() || null,
      ...fenceOf(fence),
      namespaces: namespaces.map(({ clusterId, name, origin }) => ({ clusterId, name, origin })),
    });
    if (!made) return;
    toast.success(`Project ${about.title || about.name} is made; its clusters follow.`);
    router.push(`/admin/projects/${made.id}`);
  }
  const clustersTouched = new Set(namespaces.map(({ clusterId }) => clusterId)).size;
  const created = namespaces.filter(({ origin }) => origin === 'created').length;
  const adopted = namespaces.length - created;
  return (
    <Form onSubmit={create}>
      <div className="mt-6 grid max-w-xl gap-4">
        <Field label="Name" hint="Lower-case letters, digits and dashes; it stays." problem={fields.name}>
          <Input
            code
            required
            maxLength={40}
            pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
            title="Lower-case letters, digits and dashes"
            value={about.name}
            onChange={({ target }) => setAbout({ ...about, name: target.value })}
            autoComplete="off"
          />
        </Field>
        <Field label="Title" hint="As people call it." problem={fields.title}>
          <Input
            maxLength={120}
            value={about.title}
            placeholder={about.name}
            onChange={({ target }) => setAbout({ ...about, title: target.value })}
            autoComplete="off"
          />
        </Field>
        <Field label="Description" problem={fields.description}>
          <TextArea
            maxLength={2000}
            value={about.description}
            onChange={({ target }) => setAbout({ ...about, description: target.value })}
          />
        </Field>
      </div>
      <Section
        title="Namespaces"
        actions={
          <Button size="small" onClick={add} disabled={clusters.length === 0}>
            <Plus aria-hidden /> Add a namespace
          </Button>
        }
      >
        {clusters.length === 0 ? (
          <p className="text-soft">No cluster is registered yet. A project can be made now and get its namespaces later.</p>
        ) : null}
        {clusters.length > 0 && namespaces.length === 0 ? (
          <p className="text-soft">None yet. They can also be added later, on one cluster or several.</p>
        ) : null}
        <ul className="grid max-w-3xl gap-3">
          {namespaces.map(({ key, ...value }, index) => (
            <li key={key} className="flex items-start gap-2">
              <div className="flex-1">
                <NamespaceFields
                  clusters={clusters}
                  value={value}
                  onChange={(changed) => put(key, changed)}
                  problem={fields[`namespaces.${index}.name`]}
                />
              </div>
              <Button
                look="ghost"
                size="icon"
                className="mt-[22px]"
                aria-label={`Leave out namespace ${value.name || index + 1}`}
                onClick={() => setNamespaces(namespaces.filter((row) => row.key !== key))}
              >
                <X aria-hidden />
              </Button>
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Fence">
        <FenceFields draft={fence} onChange={setFence} problems={fields} />
      </Section>
      <div className="mt-7 grid max-w-xl gap-3">
        <ApiProblemNote problem={problem} fieldsShown={shownFields(fields)} />
        <p className="text-soft">
          {namespaces.length === 0
            ? 'Makes the project. No cluster changes until it has a namespace.'
            : `On ${clustersTouched} ${clustersTouched === 1 ? 'cluster' : 'clusters'}: ${[created ? `${created} ${created === 1 ? 'namespace is' : 'namespaces are'} made` : '', adopted ? `${adopted} that ${adopted === 1 ? 'stands is' : 'stand are'} fenced` : ''].filter(Boolean).join(', ')}.`}
        </p>
        <div className="flex gap-2">
          <Button type="submit" look="primary" disabled={busy}>
            {busy ? 'Making it…' : 'Make the project'}
          </Button>
          <ButtonLink href="/admin/projects">Cancel</ButtonLink>
        </div>
      </div>
    </Form>
  );
}
