import { Empty } from '#components/ui/empty.tsx';
import { Status } from '#components/ui/status.tsx';
import { ActsTh, Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { ProjectDetail, ProjectNamespaceView } from '#lib/project/schema.ts';
import { QuotaBars } from './quota-bars.tsx';
import { RemoveNamespace } from './remove-namespace.tsx';

export function NamespaceTable({ project, mayOpenCluster }: { project: ProjectDetail; mayOpenCluster: boolean }) {
  if (project.namespaceList.length === 0)
    return (
      <Empty title="This project has no namespace yet">
        Add one to create it on a cluster, or adopt one that stands. Members can work as soon as there is one.
      </Empty>
    );
  return (
    <Table label={`Namespaces of ${project.title}`}>
      <Head>
        <Th>Namespace</Th>
        <Th>Cluster</Th>
        <Th>State</Th>
        <Th className="w-1/2">Quota in use</Th>
        {project.mayChange ? <ActsTh /> : null}
      </Head>
      <tbody>
        {project.namespaceList.map((namespace) => (
          <Row key={`${namespace.clusterId} ${namespace.name}`}>
            <Td>
              <code>{namespace.name}</code>
              <div className="text-faint text-xs">{namespace.origin}</div>
            </Td>
            <Td>
              {mayOpenCluster ? (
                <TextLink quiet href={`/admin/clusters/${namespace.clusterId}`}>
                  {namespace.cluster}
                </TextLink>
              ) : (
                namespace.cluster
              )}
            </Td>
            <Td>
              <State namespace={namespace} />
            </Td>
            <Td>
              {namespace.quota ? (
                <QuotaBars quota={namespace.quota} />
              ) : (
                <span className="text-faint">{project.quota ? 'not counted yet' : 'no quota'}</span>
              )}
            </Td>
            {project.mayChange ? (
              <Td right className="py-[3.5px]">
                <RemoveNamespace projectId={project.id} title={project.title} namespace={namespace} people={project.people} />
              </Td>
            ) : null}
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function State({ namespace: { exists, origin, clusterState, cluster } }: { namespace: ProjectNamespaceView }) {
  if (exists) return <Status tone="ok">there</Status>;
  if (clusterState !== 'ready') return <Status tone="warn">{`waits: ${cluster} is ${clusterState.replace('-', ' ')}`}</Status>;
  return origin === 'created' ? (
    <Status tone="wait">being made</Status>
  ) : (
    <Status tone="bad" title="An adopted namespace that is gone is not made anew. Take it out, or have it created.">
      gone
    </Status>
  );
}
