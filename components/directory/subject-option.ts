import type { Option } from '#components/ui/combobox.tsx';
import type { GroupDetail, PersonDetail } from '#lib/directory/people-schema.ts';

/** A group or person that a link chose beforehand, as `findSubjects` would have offered it. */
export function subjectOption(group: GroupDetail | null, person: PersonDetail | null): Option | null {
  if (group) return { id: `group ${group.id}`, name: group.name, detail: `${group.people.toLocaleString('en')} people` };
  return person ? { id: `person ${person.id}`, name: person.displayName, detail: person.upn ?? person.samAccountName } : null;
}
