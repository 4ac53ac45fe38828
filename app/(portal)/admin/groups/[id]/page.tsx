import type { Metadata } from 'next';
import { GroupPage } from '#components/directory/group-page.tsx';
import { offsetOf, readSearch, type SearchParams } from '#components/ui/address.ts';
import { groupsGet, groupsMembers } from '#lib/directory/loaders.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'Group' };

export default async function Group({ params, searchParams }: { params: Promise<{ id: string }>; searchParams: SearchParams }) {
  const { id } = await params;
  const search = await readSearch(searchParams);
  const nested = search.members === 'nested';
  const [group, members] = await Promise.all([
    load(groupsGet, { id }),
    load(groupsMembers, { id, search: search.search ?? '', nested, offset: offsetOf(search) }),
  ]);
  return <GroupPage group={group} members={members} nested={nested} search={search} />;
}
