import type { Metadata } from 'next';
import { subjectOption } from '#components/directory/subject-option.ts';
import { NewGrantPage } from '#components/entitlement/new-grant-page.tsx';
import { readSearch, type SearchParams } from '#components/ui/address.ts';
import { listClusters } from '#lib/cluster/loaders.ts';
import { groupsGet, peopleGet } from '#lib/directory/loaders.ts';
import { listRoles } from '#lib/entitlement/loaders.ts';
import { listProjects } from '#lib/project/loaders.ts';
import { attemptToLoad, load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'Grant access' };

export default async function NewGrant({ searchParams }: { searchParams: SearchParams }) {
  const { subject = '', role, project } = await readSearch(searchParams);
  const [kind, id = ''] = subject.split(' ');
  const [{ roles }, { clusters }, { projects }, group, person] = await Promise.all([
    load(listRoles, {}),
    load(listClusters, {}),
    load(listProjects, {}),
    kind === 'group' ? attemptToLoad(groupsGet, { id }) : null,
    kind === 'person' ? attemptToLoad(peopleGet, { id }) : null,
  ]);
  return (
    <NewGrantPage
      roles={roles}
      clusters={clusters}
      projects={projects}
      subject={subjectOption(group?.ok ? group.value : null, person?.ok ? person.value : null)}
      roleId={role}
      projectId={project}
    />
  );
}
