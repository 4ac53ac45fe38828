import { callApi } from '#components/api/client.ts';
import type { Option } from '#components/ui/combobox.tsx';

// Groups and people of the directory, as somebody types part of a name. Groups come first: a grant to a group outlives the people in it.

type Groups = { items: { id: string; name: string; description: string | null; security: boolean; people: number }[] };
type People = { items: { id: string; displayName: string; upn: string | null; department: string | null; state: string }[] };

export type Subject = { readonly kind: 'group' | 'person'; readonly id: string };

export async function findSubjects(text: string): Promise<Option[]> {
  const query = `search=${encodeURIComponent(text)}&limit=8`;
  const [groups, people] = await Promise.all([
    callApi<Groups>('GET', `/groups/search?${query}`),
    callApi<People>('GET', `/people/search?${query}`),
  ]);
  return [...groups.items.filter(({ security }) => security).map(groupOption), ...people.items.map(personOption)];
}

export function groupOption({ id, name, people }: Groups['items'][number]): Option {
  return { id: `group ${id}`, name, detail: people === 1 ? '1 person' : `${people.toLocaleString('en')} people`, group: 'Groups' };
}

function personOption({ id, displayName, upn, state }: People['items'][number]): Option {
  return {
    id: `person ${id}`,
    name: displayName,
    detail: state === 'enabled' ? (upn ?? '') : `${upn ?? ''} · ${state}`,
    group: 'People',
  };
}

/** What an option of `findSubjects` stands for. */
export function subjectOf({ id }: Option): Subject {
  const [kind, subjectId] = id.split(' ');
  return { kind: kind === 'group' ? 'group' : 'person', id: subjectId ?? '' };
}
