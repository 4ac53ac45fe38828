import type { Metadata } from 'next';
import { SyncPage } from '#components/directory/sync-page.tsx';
import { readSearch, type SearchParams } from '#components/ui/address.ts';
import { auditList } from '#lib/audit/loaders.ts';
import { directoriesSync } from '#lib/directory/history/loaders.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'Sync' };

const pageSize = 100;
/** The read itself is told of a moment after it was written. */
const afterwardsMs = 1_000;

export default async function Sync({
  params,
  searchParams,
}: {
  params: Promise<{ id: string; syncId: string }>;
  searchParams: SearchParams;
}) {
  const search = await readSearch(searchParams);
  const sync = await load(directoriesSync, await params);
  const log = await load(auditList, {
    actorId: sync.directoryId,
    from: sync.startedAt,
    to: new Date(Date.parse(sync.endedAt) + afterwardsMs).toISOString(),
    search: search.search,
    before: search.offset,
    limit: pageSize,
  });
  return <SyncPage sync={sync} log={log} search={search} />;
}
