import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { withSearch } from '#components/ui/address.ts';
import { ButtonLink } from '#components/ui/button.tsx';
import { Empty } from '#components/ui/empty.tsx';
import { FilterSelect, SearchField } from '#components/ui/filters.tsx';
import { Pagination } from '#components/ui/pagination.tsx';
import type { GrantList } from '#lib/entitlement/schema.ts';
import { GrantTable } from './grant-table.tsx';

export const grantStates = ['live', 'ending', 'ended', 'all'] as const;
export const grantsPerPage = 100;

type Named = { readonly id: string; readonly name: string };
type Props = {
  list: GrantList;
  offset: number;
  roles: readonly { id: string; title: string }[];
  clusters: readonly Named[];
  projects: readonly { id: string; title: string }[];
  search: Readonly<Record<string, string>>;
  mayChange: boolean;
};

export function GrantsPage({ list, offset, roles, clusters, projects, search, mayChange }: Props) {
  const filtered = Object.keys(search).length > 0;
  return (
    <Page
      title="Grants"
      sub="Who may do what, where, and until when."
      actions={
        mayChange ? (
          <ButtonLink href="/admin/access/new" look="primary">
            Grant access
          </ButtonLink>
        ) : null
      }
    >
      <Live seconds={8} />
      <search className="mt-5 mb-3 flex flex-wrap gap-2">
        <SearchField label="Group, person, role, place" />
        <FilterSelect
          name="state"
          label="State"
          options={[
            ['', 'In force'],
            ['ending', 'Ending within 7 days'],
            ['ended', 'Ended'],
            ['all', 'All'],
          ]}
        />
        <FilterSelect name="role" label="Role" options={[['', 'Any role'], ...roles.map(({ id, title }) => [id, title] as const)]} />
        <FilterSelect
          name="cluster"
          label="Cluster"
          options={[['', 'Any cluster'], ...clusters.map(({ id, name }) => [id, name] as const)]}
        />
        <FilterSelect
          name="project"
          label="Project"
          options={[['', 'Any project'], ...projects.map(({ id, title }) => [id, title] as const)]}
        />
      </search>
      {list.grants.length > 0 ? (
        <GrantTable grants={list.grants} mayChange={mayChange} />
      ) : (
        <Empty
          title={filtered ? 'No grant fits this search.' : 'Nobody has been granted anything yet.'}
          action={
            mayChange && !filtered ? (
              <ButtonLink href="/admin/access/new" look="primary">
                Grant access
              </ButtonLink>
            ) : null
          }
        >
          A grant gives a role to a group or a person, at a place, perhaps until a time.
        </Empty>
      )}
      <Pagination
        offset={offset}
        limit={grantsPerPage}
        total={list.total}
        hrefAt={(to) => withSearch('/admin/access', search, { offset: to || null })}
      />
    </Page>
  );
}
