import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { oneOf, withSearch } from '#components/ui/address.ts';
import { cn } from '#components/ui/cn.ts';
import { Empty } from '#components/ui/empty.tsx';
import { ExportLink } from '#components/ui/export-link.tsx';
import { FilterSelect, SearchField } from '#components/ui/filters.tsx';
import { Pagination } from '#components/ui/pagination.tsx';
import { Head, Row, SortTh, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import { type PeoplePage as People, type PersonRow, personStates } from '#lib/directory/people/schema.ts';
import { PersonStatus, personStateWords } from './person-state.tsx';

const here = '/admin/people';
const sorts = ['state', 'since'] as const;
const states = [['', 'Any state'], ...personStates.map((state) => [state, personStateWords[state]] as const)] as const;

export function PeoplePage({ people, search }: { people: People; search: Readonly<Record<string, string>> }) {
  return (
    <Page
      title="People"
      sub="Everybody in the directory, as it said last. Names follow Active Directory; nothing is edited here."
      actions={
        <ExportLink
          path="/people.csv"
          search={{ search: search.search, state: oneOf(personStates, search.state), sort: oneOf(sorts, search.sort) }}
        />
      }
    >
      <Live seconds={10} />
      <search className="mt-5 mb-3 flex flex-wrap gap-2">
        <SearchField label="Name, account, mail" />
        <FilterSelect name="state" label="State" options={states} />
      </search>
      {people.items.length > 0 ? (
        <PeopleTable people={people.items} search={search} />
      ) : (
        <NoPeople filtered={Object.keys(search).length > 0} />
      )}
      <Pagination {...people} hrefAt={(offset) => withSearch(here, search, { offset: offset || null })} />
    </Page>
  );
}

function PeopleTable({ people, search }: { people: readonly PersonRow[]; search: Readonly<Record<string, string>> }) {
  const orderedBy = (sort: string) => ({ href: withSearch(here, search, { sort, offset: null }), on: (search.sort ?? '') === sort });
  return (
    <Table label="People">
      <Head>
        <SortTh {...orderedBy('')}>Name</SortTh>
        <Th>Account</Th>
        <Th className="max-sm:hidden">Department</Th>
        <SortTh {...orderedBy('state')}>State</SortTh>
        <SortTh {...orderedBy('since')} newestFirst>
          Since
        </SortTh>
      </Head>
      <tbody>
        {people.map((person) => (
          <Row key={person.id}>
            <Td>
              <TextLink quiet href={`${here}/${person.id}`} className={cn('font-medium', person.state !== 'enabled' && 'line-through')}>
                {person.displayName}
              </TextLink>
            </Td>
            <Td className="text-soft max-sm:max-w-36 max-sm:truncate">{person.upn ?? person.samAccountName}</Td>
            <Td className="text-soft max-sm:hidden">{[person.title, person.department].filter(Boolean).join(', ')}</Td>
            <Td>
              <PersonStatus state={person.state} />
            </Td>
            <Td className="text-soft">
              <Time at={person.stateSince} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function NoPeople({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <Empty title="Nobody fits this search.">A part of the name, the account or the mail address is enough.</Empty>
  ) : (
    <Empty title="The directory has not been read yet.">
      People appear here by themselves once it is connected. <TextLink href="/admin/settings">See its state</TextLink>
    </Empty>
  );
}
