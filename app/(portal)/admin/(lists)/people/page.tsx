import type { Metadata } from 'next';
import { PeoplePage } from '#components/directory/people-page.tsx';
import { offsetOf, oneOf, readSearch, type SearchParams } from '#components/ui/address.ts';
import { peopleList } from '#lib/directory/loaders.ts';
import { peopleSorts, personStates } from '#lib/directory/people/schema.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'People' };

export default async function People({ searchParams }: { searchParams: SearchParams }) {
  const search = await readSearch(searchParams);
  const people = await load(peopleList, {
    search: search.search ?? '',
    state: oneOf(personStates, search.state),
    sort: oneOf(peopleSorts, search.sort) ?? 'name',
    reverse: search.reverse === 'true',
    offset: offsetOf(search),
  });
  return <PeoplePage people={people} search={search} />;
}
