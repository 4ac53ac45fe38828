import { Empty } from '#components/ui/empty.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { Grant, RoleDetail } from '#lib/entitlement/schema.ts';

type Props = { role: RoleDetail; grants: readonly Grant[]; total: number };

/** Who holds a role, and where. */
export function Holders({ role, grants, total }: Props) {
  if (grants.length === 0)
    return (
      <Empty title="Nobody holds this role" action={<TextLink href={`/admin/access/new?role=${role.id}`}>Grant it</TextLink>}>
        It gives nothing until it is granted to a group or a person.
      </Empty>
    );
  return (
    <>
      <Table label={`Who holds ${role.title}`}>
        <Head>
          <Th>Who</Th>
          <Th>Where</Th>
          <Th right>People</Th>
          <Th>Until</Th>
          <Th>Given</Th>
        </Head>
        <tbody>
          {grants.map(({ id, subject, scope, until, createdAt, createdBy }) => (
            <Row key={id}>
              <Td>
                <TextLink quiet href={`/admin/${subject.kind === 'group' ? 'groups' : 'people'}/${subject.id}`}>
                  {subject.name}
                </TextLink>{' '}
                <span className="text-faint">{subject.kind === 'group' ? 'group' : subject.detail}</span>
                {subject.note ? <div className="text-sm text-warn">gives nothing now: {subject.note}</div> : null}
              </Td>
              <Td>{scope.words}</Td>
              <Td right>{subject.people.toLocaleString('en')}</Td>
              <Td>{until ? <Time at={until} /> : <span className="text-faint">no end</span>}</Td>
              <Td className="text-soft">
                <Time at={createdAt} />
                {createdBy ? ` by ${createdBy.name}` : ''}
              </Td>
            </Row>
          ))}
        </tbody>
      </Table>
      {total > grants.length ? (
        <p className="mt-2">
          <TextLink href={`/admin/access?role=${role.id}`}>All {total.toLocaleString('en')} grants of this role</TextLink>
        </p>
      ) : null}
    </>
  );
}
