import { counted } from '#components/ui/count.ts';
import { Status } from '#components/ui/status.tsx';
import { ActsTh, Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { Grant } from '#lib/entitlement/schema.ts';
import { EndGrant } from './end-grant.tsx';

export function GrantTable({ grants, mayChange }: { grants: readonly Grant[]; mayChange: boolean }) {
  return (
    <Table label="Grants">
      <Head>
        <Th>Who</Th>
        <Th>Role</Th>
        <Th>Where</Th>
        <Th>Until</Th>
        <Th>By</Th>
        <ActsTh />
      </Head>
      <tbody>
        {grants.map((grant) => (
          <Row key={grant.id}>
            <Td>
              <Subject subject={grant.subject} />
            </Td>
            <Td>
              <TextLink quiet href={`/admin/roles/${grant.role.id}`}>
                {grant.role.title}
              </TextLink>
            </Td>
            <Td>
              <Place scope={grant.scope} />
            </Td>
            <Td>{grant.until ? <Time at={grant.until} /> : <span className="text-faint">no end</span>}</Td>
            <Td className="text-soft">
              {grant.createdBy?.name ?? 'the platform'} <Time at={grant.createdAt} />
              {grant.reason ? <span className="block max-w-60 truncate text-faint text-sm">{grant.reason}</span> : null}
            </Td>
            <Td right>
              {grant.endedAt ? (
                <Status tone="off">
                  ended <Time at={grant.endedAt} />
                </Status>
              ) : !grant.live ? (
                <Status tone="off">over</Status>
              ) : mayChange ? (
                <EndGrant grant={grant} />
              ) : null}
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function Subject({ subject }: { subject: Grant['subject'] }) {
  return (
    <>
      <TextLink quiet href={`/admin/${subject.kind === 'group' ? 'groups' : 'people'}/${subject.id}`} className="font-medium">
        {subject.name}
      </TextLink>{' '}
      <span className="text-soft">{subject.kind === 'group' ? counted(subject.people, 'person', 'people') : subject.detail}</span>
      {subject.note ? (
        <Status tone="warn" className="ml-2">
          {subject.note}
        </Status>
      ) : null}
    </>
  );
}

function Place({ scope }: { scope: Grant['scope'] }) {
  if (scope.projectId)
    return (
      <TextLink quiet href={`/admin/projects/${scope.projectId}`}>
        {scope.words}
      </TextLink>
    );
  if (scope.clusterId)
    return (
      <TextLink quiet href={`/admin/clusters/${scope.clusterId}`}>
        {scope.words}
      </TextLink>
    );
  return scope.words;
}
