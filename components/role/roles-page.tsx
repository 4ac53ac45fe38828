import { Page } from '#components/shell/page.tsx';
import { ButtonLink } from '#components/ui/button.tsx';
import { Empty } from '#components/ui/empty.tsx';
import { FilterSelect, SearchField } from '#components/ui/filters.tsx';
import type { RoleSummary } from '#lib/entitlement/schema.ts';
import { RoleTable } from './role-table.tsx';

type Props = { roles: readonly RoleSummary[]; search: Readonly<Record<string, string>>; mayMake: boolean };

export function RolesPage({ roles, search, mayMake }: Props) {
  const shown = roles.filter((role) => matches(role, search.search) && matchesKind(role, search.kind));
  return (
    <Page
      title="Roles"
      sub="What somebody may do, said once for every cluster."
      actions={
        mayMake ? (
          <ButtonLink look="primary" href="/admin/roles/new">
            New role
          </ButtonLink>
        ) : null
      }
    >
      <div className="mt-5 mb-3 flex flex-wrap gap-2">
        <SearchField label="Find a role, or what it may" />
        <FilterSelect
          name="kind"
          label="Kind"
          options={[
            ['', 'Built-in and own'],
            ['builtin', 'Built-in'],
            ['own', 'Own'],
            ['used', 'Held by somebody'],
          ]}
        />
      </div>
      {shown.length > 0 ? (
        <RoleTable roles={shown} />
      ) : (
        <Empty title="No role is like that">Clear the search, or make a role of your own.</Empty>
      )}
    </Page>
  );
}

function matches({ name, title, description, may }: RoleSummary, wanted: string | undefined): boolean {
  return !wanted || [name, title, description, ...may].join(' ').toLowerCase().includes(wanted.toLowerCase());
}

function matchesKind({ builtin, people }: RoleSummary, kind: string | undefined): boolean {
  if (kind === 'builtin') return builtin;
  if (kind === 'own') return !builtin;
  return kind === 'used' ? people > 0 : true;
}
