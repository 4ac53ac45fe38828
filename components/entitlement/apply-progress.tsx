'use client';
import { useEffect, useState } from 'react';
import { callApi } from '#components/api/client.ts';
import { Section } from '#components/ui/section.tsx';
import { Status, type Tone } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import type { ClusterSummary } from '#lib/cluster/schema.ts';
import type { ClusterChange } from '#lib/entitlement/schema.ts';

/** How far each cluster was before the change: in step is true only beyond that. */
export type Baseline = Readonly<Record<string, number>>;

export async function readBaseline(): Promise<Baseline> {
  const clusters = await readClusters();
  return Object.fromEntries(clusters.map(({ id, status }) => [id, status.convergedSeq]));
}

/** Watches each cluster that has to be written turn green, or says why it does not. */
export function ApplyProgress({ changes, baseline }: { changes: readonly ClusterChange[]; baseline: Baseline }) {
  const written = changes.filter(({ objects }) => objects.length > 0);
  const [clusters, setClusters] = useState<readonly ClusterSummary[]>([]);
  const done = written.every(({ clusterId }) => stateOf(clusters, clusterId, baseline).tone === 'ok');
  useEffect(() => {
    if (done && clusters.length > 0) return;
    const timer = setInterval(async () => {
      const read = await readClusters();
      if (read.length > 0) setClusters(read);
    }, 1_000);
    return () => clearInterval(timer);
  }, [done, clusters.length]);
  if (written.length === 0) return <p className="text-soft">No cluster had to be written: it holds from the next request on.</p>;
  return (
    <Section title="On the clusters">
      <div role="status">
        <Table label="Progress on the clusters">
          <Head>
            <Th>Cluster</Th>
            <Th>State</Th>
            <Th>Objects</Th>
          </Head>
          <tbody>
            {written.map(({ clusterId, cluster, objects }) => {
              const { tone, words } = stateOf(clusters, clusterId, baseline);
              return (
                <Row key={clusterId}>
                  <Td className="font-medium">{cluster}</Td>
                  <Td>
                    <Status tone={tone}>{words}</Status>
                  </Td>
                  <Td className="text-soft">{objects.length}</Td>
                </Row>
              );
            })}
          </tbody>
        </Table>
      </div>
    </Section>
  );
}

async function readClusters(): Promise<readonly ClusterSummary[]> {
  const answer = await callApi<{ clusters: ClusterSummary[] }>('GET', '/clusters').catch(() => null);
  return answer?.clusters ?? [];
}

function stateOf(clusters: readonly ClusterSummary[], id: string, baseline: Baseline): { tone: Tone; words: string } {
  const cluster = clusters.find((each) => each.id === id);
  if (!cluster) return { tone: 'wait', words: 'waiting' };
  const { state, message, convergedSeq } = cluster.status;
  if (state === 'in-step' && convergedSeq > (baseline[id] ?? 0)) return { tone: 'ok', words: 'in step' };
  if (state === 'failed') return { tone: 'bad', words: message ?? 'could not be applied' };
  if (state === 'unreachable' || cluster.state === 'unreachable')
    return { tone: 'warn', words: 'cannot be reached; applied as soon as it can' };
  return { tone: 'wait', words: state === 'applying' ? 'applying' : 'waiting' };
}
