import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { NamespaceView } from '#lib/cluster/schema.ts';

export function NamespaceTable({ namespaces }: { namespaces: readonly NamespaceView[] }) {
  if (namespaces.length === 0) return <p className="text-soft">None seen yet.</p>;
  return (
    <Table label="Namespaces">
      <Head>
        <Th>Namespace</Th>
        <Th>Project</Th>
        <Th>Quota used</Th>
      </Head>
      <tbody>
        {namespaces.map(({ name, project, quota, phase }) => (
          <Row key={name}>
            <Td className="font-medium">
              {name} {phase === 'Active' ? null : <span className="text-warn">{phase}</span>}
            </Td>
            <Td>
              {project ? (
                <TextLink quiet href={`/admin/projects/${project.id}`}>
                  {project.title}
                </TextLink>
              ) : (
                <span className="text-faint">none</span>
              )}
            </Td>
            <Td className="text-soft">
              {quota
                ? Object.entries(quota.hard)
                    .map(([resource, hard]) => `${resource} ${quota.used[resource] ?? '0'}/${hard}`)
                    .join(', ')
                : null}
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
