import type { Metadata } from 'next';
import { ProjectsPage } from '#components/project/projects-page.tsx';
import { offsetOf, readSearch, type SearchParams } from '#components/ui/address.ts';
import { listProjects } from '#lib/project/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'Projects' };

export default async function Projects({ searchParams }: { searchParams: SearchParams }) {
  const search = await readSearch(searchParams);
  const [me, { projects }] = await Promise.all([load(meGet, {}), load(listProjects, { search: search.search?.slice(0, 200) })]);
  return (
    <ProjectsPage
      projects={projects}
      search={search}
      offset={offsetOf(search)}
      mayMake={me.powers.admin}
      seesAll={me.powers.admin || me.powers.auditor}
    />
  );
}
