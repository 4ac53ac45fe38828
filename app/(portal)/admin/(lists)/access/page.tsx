import type { Metadata } from 'next';
import { GrantsPage, grantStates, grantsPerPage } from '#components/entitlement/grants-page.tsx';
import { offsetOf, oneOf, readSearch, type SearchParams } from '#components/ui/address.ts';
import { listClusters } from '#lib/cluster/loaders.ts';
import { listGrants, listRoles } from '#lib/entitlement/loaders.ts';
import { listProjects } from '#lib/project/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'Grants' };

export default async function Grants({ searchParams }: { searchParams: SearchParams }) {
  const search = await readSearch(searchParams);
  const offset = offsetOf(search);
  const [me, list, { roles }, { clusters }, { projects }] = await Promise.all([
    load(meGet, {}),
    load(listGrants, {
      state: oneOf(grantStates, search.state) ?? 'live',
      limit: grantsPerPage,
      offset,
      ...(search.search ? { search: search.search } : {}),
      ...(search.role ? { roleId: search.role } : {}),
      ...(search.cluster ? { clusterId: search.cluster } : {}),
      ...(search.project ? { projectId: search.project } : {}),
    }),
    load(listRoles, {}),
    load(listClusters, {}),
    load(listProjects, {}),
  ]);
  return (
    <GrantsPage
      list={list}
      offset={offset}
      roles={roles}
      clusters={clusters}
      projects={projects}
      search={search}
      mayChange={me.powers.admin}
    />
  );
}
