import type { Metadata } from 'next';
import { ProjectPage } from '#components/project/project-page.tsx';
import { listClusters } from '#lib/cluster/loaders.ts';
import { listRoles } from '#lib/entitlement/loaders.ts';
import { getProject } from '#lib/project/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'Project' };

export default async function Project({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [me, project] = await Promise.all([load(meGet, {}), load(getProject, { id })]);
  const [{ clusters }, { roles }] = project.mayChange
    ? await Promise.all([load(listClusters, {}), load(listRoles, {})])
    : [{ clusters: [] }, { roles: [] }];
  return (
    <ProjectPage
      project={project}
      clusters={clusters.map(({ id: clusterId, name }) => ({ id: clusterId, name }))}
      roles={roles
        .filter(({ grantableOn }) => grantableOn.includes('project'))
        .map(({ id: roleId, title, may }) => ({ id: roleId, title, may }))}
      seesAll={me.powers.admin || me.powers.auditor}
    />
  );
}
