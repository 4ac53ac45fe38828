import { overallOf } from '#components/cluster/cluster-state.tsx';
import { Cells } from '#components/ui/cells.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { Overview } from '#lib/overview/schema.ts';

type Cluster = Overview['clusters'][number];

/** Whether what was decided is true in each cluster: one square for each, and the counts in words. */
export function Convergence({ clusters }: { clusters: readonly Cluster[] }) {
  if (clusters.length === 0)
    return (
      <p className="text-soft">
        None yet. <TextLink href="/admin/clusters/new">Register the first</TextLink>
      </p>
    );
  const states = clusters.map((cluster) => ({ cluster, ...overallOf({ state: cluster.state, status: cluster.sync }) }));
  const counted = new Map<string, number>();
  for (const { words } of states) counted.set(words, (counted.get(words) ?? 0) + 1);
  return (
    <>
      <Cells
        label="Clusters"
        items={states.map(({ cluster: { id, name }, words, tone }) => ({ name, state: words, tone, href: `/admin/clusters/${id}` }))}
      />
      <p className="mt-1 text-soft text-sm">{[...counted].map(([words, count]) => `${count.toLocaleString('en')} ${words}`).join(' · ')}</p>
    </>
  );
}

export function inStep(clusters: readonly Cluster[]): number {
  return clusters.filter(({ state, sync }) => state === 'ready' && sync.state === 'in-step').length;
}
