import type { Metadata } from 'next';
import { ClusterPage } from '#components/cluster/cluster-page.tsx';
import { readSearch, type SearchParams } from '#components/ui/address.ts';
import { getCluster, getClusterPowers, getClusterStatus, listNamespaces } from '#lib/cluster/loaders.ts';
import { overviewGet } from '#lib/overview/loaders.ts';
import { attemptToLoad, load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'Cluster' };

type Props = { params: Promise<{ id: string }>; searchParams: SearchParams };

export default async function Cluster({ params, searchParams }: Props) {
  const [{ id }, { name }] = await Promise.all([params, readSearch(searchParams)]);
  const [me, cluster, status, { namespaces }, powers, overview] = await Promise.all([
    load(meGet, {}),
    load(getCluster, { id }),
    load(getClusterStatus, { id }),
    load(listNamespaces, { id }),
    attemptToLoad(getClusterPowers, { id, ...(name ? { name } : {}) }),
    load(overviewGet, {}),
  ]);
  const people = overview.clusters.find((each) => each.id === id)?.people ?? 0;
  return (
    <ClusterPage
      cluster={cluster}
      status={status}
      namespaces={namespaces}
      powers={powers.ok ? powers.value : null}
      people={people}
      mayChange={me.powers.admin}
    />
  );
}
