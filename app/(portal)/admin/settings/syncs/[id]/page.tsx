import type { Metadata } from 'next';
import { SyncsPage } from '#components/directory/syncs-page.tsx';
import { offsetOf, oneOf, readSearch, type SearchParams } from '#components/ui/address.ts';
import { directoriesSyncs } from '#lib/directory/history/loaders.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'Sync history' };

export default async function Syncs({ params, searchParams }: { params: Promise<{ id: string }>; searchParams: SearchParams }) {
  const { id } = await params;
  const search = await readSearch(searchParams);
  const kind = oneOf(['complete', 'resumed', 'changes'] as const, search.kind);
  const page = await load(directoriesSyncs, { id, kind, offset: offsetOf(search) });
  return <SyncsPage directoryId={id} page={page} search={search} />;
}
