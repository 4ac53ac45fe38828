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
import { type PeoplePage as People, type PersonRow, peopleSorts, personStates } from '#lib/directory/people/schema.ts';
import { PersonStatus, personStateWords } from './person-state.tsx';

const here = '/admin/people';
const states = [['', 'Any state'], ...personStates.map((state) => [state, personStateWords[state]] as const)] as const;

export function PeoplePage({ people, search }: { people: People; search: Readonly<Record<string, string>> }) {
  const { sort, isReversed } = orderIn(search);
  return (
    <Page
      title="People"
      sub="Everybody in the directory, as it said last. Names follow Active Directory; nothing is edited here."
      actions={
        <ExportLink
          path="/people.csv"
          search={{ search: search.search, state: oneOf(personStates, search.state), sort, reverse: isReversed ? 'true' : undefined }}
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
        <NoPeople isPastEnd={people.total > 0} filtered={Boolean(search.search || search.state)} />
      )}
      <Pagination {...people} hrefAt={(offset) => withSearch(here, search, { offset: offset || null })} />
    </Page>
  );
}

function orderIn(search: Readonly<Record<string, string>>) {
  return { sort: oneOf(peopleSorts, search.sort) ?? 'name', isReversed: search.reverse === 'true' };
}

function PeopleTable({ people, search }: { people: readonly PersonRow[]; search: Readonly<Record<string, string>> }) {
  const { sort, isReversed } = orderIn(search);
  const orderedBy = (by: (typeof peopleSorts)[number]) => {
    const on = sort === by;
    const change = { sort: by === 'name' ? null : by, reverse: on && !isReversed ? 'true' : null, offset: null };
    return { href: withSearch(here, search, change), on, reversed: on && isReversed };
  };
  return (
    <Table label="People">
      <Head>
        <SortTh {...orderedBy('name')}>Name</SortTh>
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
            <Td className="text-soft max-sm:max-w-36 max-sm:truncate" title={person.upn ?? person.samAccountName}>
              {person.upn ?? person.samAccountName}
            </Td>
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

function NoPeople({ filtered, isPastEnd }: { filtered: boolean; isPastEnd: boolean }) {
  if (isPastEnd) return <Empty title="The list ends before this page." />;
  return filtered ? (
    <Empty title="Nobody fits this search.">A part of the name, the account or the mail address is enough.</Empty>
  ) : (
    <Empty title="The directory has not been read yet.">
      People appear here by themselves once it is connected. <TextLink href="/admin/settings">See its state</TextLink>
    </Empty>
  );
}
