import type { Metadata } from 'next';
import { ClustersPage } from '#components/cluster/clusters-page.tsx';
import { readSearch, type SearchParams } from '#components/ui/address.ts';
import { listClusters } from '#lib/cluster/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'Clusters' };

export default async function Clusters({ searchParams }: { searchParams: SearchParams }) {
  const search = await readSearch(searchParams);
  const [me, { clusters }] = await Promise.all([
    load(meGet, {}),
    load(listClusters, { removed: search.removed === 'true', ...(search.search ? { search: search.search } : {}) }),
  ]);
  return <ClustersPage clusters={clusters} search={search} mayChange={me.powers.admin} />;
}
