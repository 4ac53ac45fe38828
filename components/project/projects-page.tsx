import { Page } from '#components/shell/page.tsx';
import { withSearch } from '#components/ui/address.ts';
import { ButtonLink } from '#components/ui/button.tsx';
import { Empty } from '#components/ui/empty.tsx';
import { SearchField } from '#components/ui/filters.tsx';
import { Pagination } from '#components/ui/pagination.tsx';
import type { ProjectSummary } from '#lib/project/schema.ts';
import { ProjectTable } from './project-table.tsx';

type Props = {
  projects: readonly ProjectSummary[];
  search: Readonly<Record<string, string>>;
  offset: number;
  mayMake: boolean;
  /** Auditors and admins see all projects; an owner sees their own. */
  seesAll: boolean;
};

const limit = 100;

export function ProjectsPage({ projects, search, offset, mayMake, seesAll }: Props) {
  const make = (
    <ButtonLink look="primary" href="/admin/projects/new">
      New project
    </ButtonLink>
  );
  return (
    <Page
      title="Projects"
      sub={
        seesAll
          ? 'Namespaces that belong together, with the people who work there and the fence around them.'
          : 'The projects that you look after.'
      }
      actions={mayMake ? make : null}
    >
      <div className="mt-5 mb-3">
        <SearchField label="Find a project" />
      </div>
      {projects.length > 0 ? (
        <>
          <ProjectTable projects={projects.slice(offset, offset + limit)} />
          <Pagination
            offset={offset}
            limit={limit}
            total={projects.length}
            hrefAt={(at) => withSearch('/admin/projects', search, { offset: at || null })}
          />
        </>
      ) : search.search ? (
        <Empty title={`No project is called “${search.search}”`}>Search by name or title, or clear the search.</Empty>
      ) : (
        <Empty title={seesAll ? 'No project yet' : 'You look after no project'} action={mayMake ? make : null}>
          A project gives a team its namespaces on one cluster or several, a quota, a Pod Security level and a closed network, and its
          members a role in all of them.
        </Empty>
      )}
    </Page>
  );
}
