'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { findSubjects, subjectOf } from '#components/directory/find-subject.ts';
import { Combobox, type Option } from '#components/ui/combobox.tsx';
import { Field } from '#components/ui/field.tsx';
import { FormDialog } from '#components/ui/form-dialog.tsx';
import { Input, Select } from '#components/ui/input.tsx';

export type RoleChoice = { readonly id: string; readonly title: string; readonly may: readonly string[] };
type Props = { projectId: string; title: string; namespaces: number; roles: readonly RoleChoice[] };

export function AddMember({ projectId, title, namespaces, roles }: Props) {
  const router = useRouter();
  const { call, busy, problem, clear } = useCall();
  const [who, setWho] = useState<Option | null>(null);
  const [roleId, setRoleId] = useState(roles[0]?.id ?? '');
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const role = roles.find(({ id }) => id === roleId);
  const fields = problem?.fields ?? {};
  async function add(): Promise<boolean> {
    if (!who) return false;
    const added = await call('POST', `/projects/${projectId}/members`, {
      subject: subjectOf(who),
      roleId,
      until: until ? new Date(until).toISOString() : null,
      reason: reason.trim(),
    });
    if (!added) return false;
    toast.success(`${who.name} has ${role?.title ?? 'a role'} in ${title}.`);
    setWho(null);
    setReason('');
    setUntil('');
    router.refresh();
    return true;
  }
  return (
    <FormDialog
      trigger="Add a member"
      title={`Add a member to ${title}`}
      act="Add"
      acting="Adding…"
      busy={busy}
      incomplete={!who || !roleId}
      onOpen={clear}
      onSubmit={add}
    >
      <Field label="Who" problem={fields.subject}>
        <Combobox label="Who" placeholder="A group or a person of the directory" value={who} onChange={setWho} find={findSubjects} />
      </Field>
      <Field label="Role" problem={fields.roleId} hint={role && role.may.length > 0 ? `May ${role.may.join('; ')}.` : undefined}>
        <Select value={roleId} onChange={({ target }) => setRoleId(target.value)}>
          {roles.map(({ id, title: words }) => (
            <option key={id} value={id}>
              {words}
            </option>
          ))}
        </Select>
      </Field>
      <Field label="Until" hint="Leave it empty for no end. It ends by itself and cuts what is open." problem={fields.until}>
        <Input type="datetime-local" value={until} onChange={({ target }) => setUntil(target.value)} className="w-56" />
      </Field>
      <Field label="Reason">
        <Input value={reason} maxLength={500} onChange={({ target }) => setReason(target.value)} />
      </Field>
      <p className="text-soft">
        {who ? (who.id.startsWith('group ') ? `${who.name} (${who.detail})` : who.name) : 'They'} will hold it in{' '}
        {namespaces === 1 ? '1 namespace' : `${namespaces} namespaces`}, and in those added later.
      </p>
      <ApiProblemNote problem={problem} fieldsShown={['subject', 'roleId', 'until']} />
    </FormDialog>
  );
}
