'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { callApi } from '#components/api/client.ts';
import { useCall } from '#components/api/use-call.ts';
import { groupOption, subjectOf } from '#components/directory/find-subject.ts';
import { Button } from '#components/ui/button.tsx';
import { Combobox, type Option } from '#components/ui/combobox.tsx';
import { Field } from '#components/ui/field.tsx';

type Groups = { items: Parameters<typeof groupOption>[0][] };

async function findGroups(text: string): Promise<Option[]> {
  const { items } = await callApi<Groups>('GET', `/setup/groups?search=${encodeURIComponent(text)}&limit=12`);
  return items.filter(({ security }) => security).map(groupOption);
}

export function ChooseAdmins() {
  const router = useRouter();
  const [group, setGroup] = useState<Option | null>(null);
  const { call, busy, problem } = useCall();
  async function choose() {
    if (!group) return;
    if (!(await call('POST', '/setup/admins', { subject: subjectOf(group) }))) return;
    router.push('/login?callbackUrl=%2Fadmin%2Fclusters%2Fnew');
  }
  return (
    <div className="grid max-w-md gap-4">
      <Field label="A group of the directory" hint="Everybody in it, nested groups too, may do everything here and on every cluster.">
        <Combobox label="A group of the directory" placeholder="Type a group" value={group} onChange={setGroup} find={findGroups} />
      </Field>
      <ApiProblemNote problem={problem} />
      <div>
        <Button look="primary" disabled={!group || busy} onClick={() => void choose()}>
          {group ? `${group.name} administers` : 'Choose a group'}
        </Button>
      </div>
      <p className="text-faint text-sm">This ends the first start: the setup code is worth nothing from then on, and people sign in.</p>
    </div>
  );
}
