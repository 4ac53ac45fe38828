import type { Metadata } from 'next';
import { GroupsPage } from '#components/directory/groups-page.tsx';
import { offsetOf, readSearch, type SearchParams } from '#components/ui/address.ts';
import { groupsList } from '#lib/directory/loaders.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'Groups' };

export default async function Groups({ searchParams }: { searchParams: SearchParams }) {
  const search = await readSearch(searchParams);
  const groups = await load(groupsList, {
    search: search.search ?? '',
    offset: offsetOf(search),
    ...(search.granted === 'true' ? { granted: true } : {}),
  });
  return <GroupsPage groups={groups} search={search} />;
}
