import { Empty } from '#components/ui/empty.tsx';
import { ActsTh, Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { ProjectDetail } from '#lib/project/schema.ts';
import { RemoveMember } from './remove-member.tsx';

export function MemberTable({ project, mayOpenDirectory }: { project: ProjectDetail; mayOpenDirectory: boolean }) {
  if (project.memberList.length === 0)
    return (
      <Empty title="Nobody works here yet">
        Add a group, so that whoever joins it in the directory is in here too, or a single person.
      </Empty>
    );
  return (
    <Table label={`Members of ${project.title}`}>
      <Head>
        <Th>Who</Th>
        <Th>Role</Th>
        <Th right>People</Th>
        <Th>Until</Th>
        {project.mayChange ? <ActsTh /> : null}
      </Head>
      <tbody>
        {project.memberList.map((member) => (
          <Row key={member.grantId}>
            <Td>
              <Named show={mayOpenDirectory} href={`/admin/${member.subject.kind === 'group' ? 'groups' : 'people'}/${member.subject.id}`}>
                {member.subject.name}
              </Named>{' '}
              <span className="text-faint">{member.subject.kind === 'group' ? 'group' : member.subject.detail}</span>
              {member.subject.note ? <div className="text-sm text-warn">gives nothing now: {member.subject.note}</div> : null}
            </Td>
            <Td>
              <Named show={mayOpenDirectory} href={`/admin/roles/${member.role.id}`}>
                {member.role.title}
              </Named>
            </Td>
            <Td right>{member.subject.people.toLocaleString('en')}</Td>
            <Td>{member.until ? <Time at={member.until} /> : <span className="text-faint">no end</span>}</Td>
            {project.mayChange ? (
              <Td right className="py-[3.5px]">
                <RemoveMember member={member} title={project.title} />
              </Td>
            ) : null}
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** An owner of a project may not open the directory's pages: a name without a link, rather than a link that refuses. */
function Named({ show, href, children }: { show: boolean; href: string; children: string }) {
  return show ? (
    <TextLink quiet href={href}>
      {children}
    </TextLink>
  ) : (
    <span>{children}</span>
  );
}
