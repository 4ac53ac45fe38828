import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { MyAccess } from '#lib/entitlement/schema.ts';

export function MyProjects({ projects, mayOpenAll }: { projects: MyAccess['projects']; mayOpenAll: boolean }) {
  return (
    <Table label="My projects">
      <Head>
        <Th>Project</Th>
        <Th>I am</Th>
        <Th>On</Th>
      </Head>
      <tbody>
        {projects.map(({ id, title, owner, role, clusters }) => (
          <Row key={id}>
            <Td>{owner || mayOpenAll ? <TextLink href={`/admin/projects/${id}`}>{title}</TextLink> : title}</Td>
            <Td>{role}</Td>
            <Td className="text-soft">{clusters.join(', ')}</Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
