'use client';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input, Select, TextArea } from '#components/ui/input.tsx';
import type { DirectoryView } from '#lib/directory/people/schema.ts';
import { linesOf, problemIn } from './form-lines.ts';
import { PreviewPanel } from './preview-panel.tsx';
import { usePreview } from './use-preview.ts';

const fields = ['scopeDns', 'peopleFilter', 'groupFilter', 'distributionGroups', 'sentinelPerson', 'sentinelGroup'];

/** Who comes in. What a change would do is read and shown first; only what was shown can be saved. */
export function ScopeForm({ directory }: { directory: DirectoryView }) {
  const [version, setVersion] = useState(0);
  const preview = usePreview(directory.id);
  const problems = preview.problem?.fields ?? {};
  return (
    <Form
      key={version}
      className="grid max-w-3xl gap-4"
      onChange={preview.clear}
      onSubmit={(form) => {
        const text = (name: string) => String(form.get(name) ?? '').trim();
        void preview.start({
          scopeDns: linesOf(form, 'scopeDns'),
          ...Object.fromEntries(fields.slice(1).map((name) => [name, text(name)])),
        });
      }}
    >
      <Field
        label="Only people below"
        hint="Distinguished names, one a line; everybody when empty."
        problem={problemIn(problems, 'scopeDns')}
      >
        <TextArea code name="scopeDns" rows={2} defaultValue={directory.scopeDns.join('\n')} placeholder={`OU=Staff,${directory.baseDn}`} />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Only people who match" hint="An LDAP filter, beside our own." problem={problems.peopleFilter}>
          <TextArea code name="peopleFilter" rows={2} defaultValue={directory.peopleFilter ?? ''} placeholder="(employeeType=internal)" />
        </Field>
        <Field
          label="Only groups that match"
          hint="A group that is left out carries no rights, nor leads to one."
          problem={problems.groupFilter}
        >
          <TextArea code name="groupFilter" rows={2} defaultValue={directory.groupFilter ?? ''} placeholder="(cn=k8s-*)" />
        </Field>
        <Field
          label="Distribution lists"
          hint="Active Directory gives them no rights, and lets others change them."
          problem={problems.distributionGroups}
          className="sm:col-span-2"
        >
          <Select name="distributionGroups" defaultValue={directory.distributionGroups}>
            <option value="shown">are shown, and carry no rights</option>
            <option value="counted">carry rights like security groups</option>
          </Select>
        </Field>
        <Field
          label="A person who must always be seen"
          hint="A complete read without them is not believed."
          problem={problems.sentinelPerson}
        >
          <Input
            name="sentinelPerson"
            autoComplete="off"
            spellCheck={false}
            defaultValue={directory.sentinelPerson ?? ''}
            placeholder="login name"
          />
        </Field>
        <Field label="A group that must always be seen" hint="Name both: rights are lost for either." problem={problems.sentinelGroup}>
          <Input
            name="sentinelGroup"
            autoComplete="off"
            spellCheck={false}
            defaultValue={directory.sentinelGroup ?? ''}
            placeholder="group name"
          />
        </Field>
      </div>
      <PreviewPanel
        state={preview}
        directoryId={directory.id}
        domain={directory.domain}
        fieldsShown={Object.keys(problems).filter((field) => fields.includes(field.split('.')[0] ?? ''))}
        onSaved={() => {
          preview.clear();
          setVersion((before) => before + 1);
        }}
      />
      <div>
        <Button type="submit" look={preview.preview ? 'plain' : 'primary'} disabled={preview.busy}>
          {preview.busy ? 'Reading…' : 'Preview what would change'}
        </Button>
      </div>
    </Form>
  );
}
