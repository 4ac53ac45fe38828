import { Page } from '#components/shell/page.tsx';
import { withSearch } from '#components/ui/address.ts';
import { Empty } from '#components/ui/empty.tsx';
import { ExportLink } from '#components/ui/export-link.tsx';
import { FilterSelect, SearchField } from '#components/ui/filters.tsx';
import { Pagination } from '#components/ui/pagination.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { GroupRow } from '#lib/directory/people/schema.ts';

const here = '/admin/groups';
type Groups = { items: readonly GroupRow[]; total: number; offset: number; limit: number };

export function GroupsPage({ groups, search }: { groups: Groups; search: Readonly<Record<string, string>> }) {
  return (
    <Page
      title="Groups"
      sub="Groups of the directory. Membership is changed there; what a group may do is decided here."
      actions={<ExportLink path="/groups.csv" search={{ search: search.search, granted: search.granted }} />}
    >
      <search className="mt-5 mb-3 flex flex-wrap gap-2">
        <SearchField label="Name or description" />
        <FilterSelect
          name="granted"
          label="Which groups"
          options={[
            ['', 'All groups'],
            ['true', 'With grants'],
          ]}
        />
      </search>
      {groups.items.length === 0 ? (
        <NoGroups isPastEnd={groups.total > 0} search={search} />
      ) : (
        <Table label="Groups">
          <Head>
            <Th>Group</Th>
            <Th className="max-sm:hidden">Description</Th>
            <Th right>Direct members</Th>
            <Th right>People, nested</Th>
            <Th right>Grants</Th>
          </Head>
          <tbody>
            {groups.items.map((group) => (
              <Row key={group.id}>
                <Td>
                  <TextLink quiet href={`${here}/${group.id}`} className="font-medium">
                    {group.name}
                  </TextLink>{' '}
                  {group.carries ? null : <Tag title="A distribution list carries no rights.">mail only</Tag>}
                </Td>
                <Td className="max-w-md truncate text-soft max-sm:hidden">{group.description}</Td>
                <Td right>{group.directMembers.toLocaleString('en')}</Td>
                <Td right>{group.people.toLocaleString('en')}</Td>
                <Td right>{group.grants > 0 ? group.grants.toLocaleString('en') : <span className="text-faint">none</span>}</Td>
              </Row>
            ))}
          </tbody>
        </Table>
      )}
      <Pagination {...groups} hrefAt={(offset) => withSearch(here, search, { offset: offset || null })} />
    </Page>
  );
}

function NoGroups({ search, isPastEnd }: { search: Readonly<Record<string, string>>; isPastEnd: boolean }) {
  if (isPastEnd) return <Empty title="The list ends before this page." />;
  if (search.search) return <Empty title="No group fits this search.">A part of the name or the description is enough.</Empty>;
  if (search.granted) return <Empty title="No group has a grant yet.">Its page grants access to a group.</Empty>;
  return <Empty title="The directory has not been read yet.">Groups appear here by themselves as the directory is read.</Empty>;
}
