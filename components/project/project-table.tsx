import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { ProjectSummary } from '#lib/project/schema.ts';

export function ProjectTable({ projects }: { projects: readonly ProjectSummary[] }) {
  return (
    <Table label="Projects">
      <Head>
        <Th>Project</Th>
        <Th>Clusters</Th>
        <Th right>Namespaces</Th>
        <Th right>Members</Th>
        <Th right>People</Th>
        <Th>Pod security</Th>
        <Th>Network</Th>
      </Head>
      <tbody>
        {projects.map((project) => (
          <Row key={project.id}>
            <Td>
              <TextLink quiet href={`/admin/projects/${project.id}`} className="font-medium">
                {project.title}
              </TextLink>{' '}
              <code className="text-soft">{project.name}</code>
              {project.description ? <div className="max-w-prose truncate text-soft text-sm">{project.description}</div> : null}
            </Td>
            <Td>{project.clusters.length > 0 ? project.clusters.join(', ') : <span className="text-faint">none yet</span>}</Td>
            <Td right>{project.namespaces.toLocaleString('en')}</Td>
            <Td right>{project.members.toLocaleString('en')}</Td>
            <Td right>{project.people.toLocaleString('en')}</Td>
            <Td>
              <Tag tone={project.podSecurity === 'privileged' ? 'warn' : undefined}>{project.podSecurity}</Tag>
            </Td>
            <Td>
              <Network isolated={project.isolated} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** That the policies stand we know; that a cluster's network plugin enforces them nobody has proved. */
function Network({ isolated }: { isolated: boolean }) {
  if (!isolated) return <span className="text-warn">open</span>;
  return (
    <>
      isolated, <span className="text-soft">not verified</span>
    </>
  );
}
