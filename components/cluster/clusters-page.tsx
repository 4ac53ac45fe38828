import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { ButtonLink } from '#components/ui/button.tsx';
import { Cells } from '#components/ui/cells.tsx';
import { counted } from '#components/ui/count.ts';
import { Empty } from '#components/ui/empty.tsx';
import { FilterSelect, SearchField } from '#components/ui/filters.tsx';
import { Labels } from '#components/ui/labels.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { ClusterSummary } from '#lib/cluster/schema.ts';
import { ClusterStatus, overallOf, SyncStatus } from './cluster-state.tsx';

type Props = { clusters: readonly ClusterSummary[]; search: Readonly<Record<string, string>>; mayChange: boolean };

export function ClustersPage({ clusters, search, mayChange }: Props) {
  const filtered = Object.keys(search).length > 0;
  const inStep = clusters.filter((cluster) => overallOf(cluster).tone === 'ok').length;
  const register = mayChange ? (
    <ButtonLink href="/admin/clusters/new" look="primary">
      Register a cluster
    </ButtonLink>
  ) : null;
  return (
    <Page
      title="Clusters"
      sub={
        clusters.length > 0
          ? `What was decided is true on ${inStep} of ${clusters.length}.`
          : 'Every cluster that people enter through this door.'
      }
      actions={register}
    >
      <Live seconds={3} />
      <search className="mt-5 mb-3 flex flex-wrap gap-2">
        <SearchField label="Name, title or label" />
        <FilterSelect
          name="removed"
          label="Which clusters"
          options={[
            ['', 'Registered'],
            ['true', 'With removed ones'],
          ]}
        />
      </search>
      {clusters.length > 0 ? (
        <>
          <div className="mb-3">
            <Cells
              label="Clusters at a glance"
              items={clusters.map((cluster) => {
                const { tone, words } = overallOf(cluster);
                return { name: cluster.name, state: words, tone, href: `/admin/clusters/${cluster.id}` };
              })}
            />
          </div>
          <ClusterTable clusters={clusters} />
        </>
      ) : (
        <Empty title={filtered ? 'No cluster fits this search.' : 'No cluster is registered yet.'} action={filtered ? null : register}>
          Registering takes one kubectl apply, or a kubeconfig that is used once and thrown away.
        </Empty>
      )}
    </Page>
  );
}

function ClusterTable({ clusters }: { clusters: readonly ClusterSummary[] }) {
  return (
    <Table label="Clusters">
      <Head>
        <Th>Cluster</Th>
        <Th>Labels</Th>
        <Th>State</Th>
        <Th>Rights</Th>
        <Th right>Namespaces</Th>
        <Th right>Put right</Th>
        <Th>Version</Th>
        <Th>Looked at</Th>
      </Head>
      <tbody>
        {clusters.map((cluster) => (
          <Row key={cluster.id}>
            <Td>
              <TextLink quiet href={`/admin/clusters/${cluster.id}`} className="font-medium">
                {cluster.name}
              </TextLink>{' '}
              <span className="text-soft">{cluster.title}</span>
            </Td>
            <Td>
              <Labels labels={cluster.labels} />
            </Td>
            <Td>
              <ClusterStatus state={cluster.state} detail={cluster.stateDetail} />
            </Td>
            <Td>{cluster.state === 'removed' ? null : <SyncStatus {...cluster.status} />}</Td>
            <Td right>{cluster.namespaces.toLocaleString('en')}</Td>
            <Td right>{cluster.status.mended > 0 ? counted(cluster.status.mended, 'time') : <span className="text-faint">never</span>}</Td>
            <Td className="text-soft">{cluster.version}</Td>
            <Td className="text-soft">{cluster.status.checkedAt ? <Time at={cluster.status.checkedAt} /> : 'not yet'}</Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
