import type { Option } from '#components/ui/combobox.tsx';
import { counted } from '#components/ui/count.ts';
import type { GroupDetail, PersonDetail } from '#lib/directory/people/schema.ts';

/** A group or person that a link chose beforehand, as `findSubjects` would have offered it. */
export function subjectOption(group: GroupDetail | null, person: PersonDetail | null): Option | null {
  if (group) return { id: `group ${group.id}`, name: group.name, detail: counted(group.people, 'person', 'people') };
  return person ? { id: `person ${person.id}`, name: person.displayName, detail: person.upn ?? person.samAccountName } : null;
}
