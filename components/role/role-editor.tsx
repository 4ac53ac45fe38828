'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button, ButtonLink } from '#components/ui/button.tsx';
import { Choice, Field, FieldSet } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Checkbox, Input, TextArea } from '#components/ui/input.tsx';
import { Note } from '#components/ui/note.tsx';
import { Columns, Section } from '#components/ui/section.tsx';
import type { RoleDetail } from '#lib/entitlement/schema.ts';
import { RolePreviewPanel } from './role-preview.tsx';
import { RulesTable } from './rules-table.tsx';
import { rulesFromYaml, rulesToYaml } from './rules-yaml.ts';
import { useRolePreview } from './use-role-preview.ts';
import { countOf, type Place, places, placeWords } from './words.ts';

export type Parent = { readonly id: string; readonly title: string };
type Props = {
  /** Being changed; null for a new role. */
  changed: RoleDetail | null;
  /** A new role may begin as a copy. */
  from: RoleDetail | null;
  parents: readonly Parent[];
};

const example = `- apiGroups: [""]
  resources: [pods, pods/log]
  verbs: [get, list, watch]
`;

export function RoleEditor({ changed: role, from, parents }: Props) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  const origin = role ?? from;
  const [name, setName] = useState('');
  const [title, setTitle] = useState(role?.title ?? (from ? `${from.title}, own` : ''));
  const [description, setDescription] = useState(origin?.description ?? '');
  const [grantableOn, setGrantableOn] = useState<readonly Place[]>(origin?.grantableOn ?? ['project', 'namespaces']);
  const [inherits, setInherits] = useState<readonly string[]>(origin?.inherits.map(({ id }) => id) ?? []);
  const [text, setText] = useState(origin ? rulesToYaml(origin.rules) : example);
  const previewed = useRolePreview({ id: role?.id, text, inherits });
  const read = rulesFromYaml(text);
  const { preview } = previewed;
  async function save() {
    if (!('rules' in read)) return;
    const said = { title, description, grantableOn, rules: read.rules, inherits };
    const done = role
      ? await call<{ id: string }>('PATCH', `/roles/${role.id}`, { ...said, version: role.version })
      : await call<{ id: string }>('POST', '/roles', { ...said, name: name.trim() });
    if (!done) return;
    toast.success(
      role ? `Saved. ${countOf(preview?.clusters.length ?? 0, 'cluster follows', 'clusters follow')}.` : `Role ${title} is made.`,
    );
    router.push(`/admin/roles/${done.id}`);
    router.refresh();
  }
  const fields = problem?.fields ?? {};
  const ruleProblems = Object.entries({ ...previewed.problem?.fields, ...fields }).filter(([field]) => field.startsWith('rules'));
  return (
    <Form onSubmit={save}>
      <Columns>
        <div>
          <div className="mt-6 grid max-w-xl gap-4">
            {role ? null : (
              <Field label="Name" hint="Lower-case letters, digits and dashes; it stays." problem={fields.name}>
                <Input
                  code
                  required
                  maxLength={40}
                  pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
                  title="Lower-case letters, digits and dashes"
                  value={name}
                  onChange={({ target }) => setName(target.value)}
                  autoComplete="off"
                />
              </Field>
            )}
            <Field label="Title" problem={fields.title}>
              <Input required maxLength={120} value={title} onChange={({ target }) => setTitle(target.value)} autoComplete="off" />
            </Field>
            <Field label="Description" hint="For whom it is." problem={fields.description}>
              <TextArea maxLength={2000} value={description} onChange={({ target }) => setDescription(target.value)} />
            </Field>
            <Picks
              legend="May be granted on"
              all={places.map((place) => [place, placeWords[place]] as const)}
              picked={grantableOn}
              onChange={setGrantableOn}
            />
            {parents.length > 0 ? (
              <Picks
                legend="Inherits"
                hint="All rules of a role that is inherited, also those it gets later."
                all={parents.map(({ id, title: words }) => [id, words] as const)}
                picked={inherits}
                onChange={setInherits}
              />
            ) : null}
          </div>
          <Section title="Rules">
            <Field
              label="As YAML"
              hint="As in a ClusterRole; a whole ClusterRole can be pasted, its rules are taken."
              problem={ruleProblems.length > 0 ? ruleProblems.map(([field, said]) => `${ruleInWords(field)}${said}`).join(' ') : undefined}
            >
              <TextArea
                code
                autoCapitalize="off"
                rows={Math.min(28, Math.max(10, text.split('\n').length + 1))}
                value={text}
                onChange={({ target }) => setText(target.value)}
                className="leading-[19px]"
              />
            </Field>
            {'rules' in read && read.rules.length > 0 ? (
              <div className="mt-4">
                <RulesTable rules={read.rules} label="The rules as a table" />
              </div>
            ) : null}
          </Section>
        </div>
        <div>
          <RolePreviewPanel {...previewed} changing={role !== null} />
          <div className="mt-7 grid gap-3">
            {role && preview && preview.people > 0 && preview.removed.length > 0 ? (
              <Note tone="warn">Open streams that rest on what is taken away are cut when this is saved.</Note>
            ) : null}
            <ApiProblemNote problem={problem} fieldsShown={['name', 'title', 'description', ...ruleProblems.map(([field]) => field)]} />
            <div className="flex gap-2">
              <Button
                type="submit"
                look="primary"
                disabled={busy || !('rules' in read) || grantableOn.length === 0 || previewed.problem !== null}
              >
                {busy ? 'Saving…' : role ? saveWords(preview?.clusters.length ?? 0) : 'Make the role'}
              </Button>
              <ButtonLink href={role ? `/admin/roles/${role.id}` : '/admin/roles'}>Cancel</ButtonLink>
            </div>
          </div>
        </div>
      </Columns>
    </Form>
  );
}

function saveWords(clusters: number): string {
  return clusters === 0 ? 'Save' : `Apply to ${countOf(clusters, 'cluster', 'clusters')}`;
}

/** "rules.2" names the third rule. */
function ruleInWords(field: string): string {
  const index = /^rules\.(\d+)/.exec(field)?.[1];
  return index === undefined ? '' : `Rule ${Number(index) + 1}: `;
}

type PicksProps<Word extends string> = {
  legend: string;
  hint?: string;
  all: readonly (readonly [Word, string])[];
  picked: readonly Word[];
  onChange: (picked: readonly Word[]) => void;
};

function Picks<Word extends string>({ legend, hint, all, picked, onChange }: PicksProps<Word>) {
  return (
    <FieldSet legend={legend} hint={hint}>
      <div className="flex flex-wrap gap-x-5 gap-y-1">
        {all.map(([word, words]) => (
          <Choice key={word}>
            <Checkbox
              checked={picked.includes(word)}
              onChange={({ target }) => onChange(target.checked ? [...picked, word] : picked.filter((other) => other !== word))}
            />
            <span>{words}</span>
          </Choice>
        ))}
      </div>
    </FieldSet>
  );
}
