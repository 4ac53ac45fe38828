import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { RoleSummary } from '#lib/entitlement/schema.ts';
import { placeWords, portalWords } from './words.ts';

export function RoleTable({ roles }: { roles: readonly RoleSummary[] }) {
  return (
    <Table label="Roles">
      <Head>
        <Th>Role</Th>
        <Th>May</Th>
        <Th>Granted on</Th>
        <Th right>Grants</Th>
        <Th right>People</Th>
      </Head>
      <tbody>
        {roles.map(({ id, name, title, builtin, portal, may, grantableOn, grants, people }) => (
          <Row key={id}>
            <Td className="min-w-44">
              <TextLink quiet href={`/admin/roles/${id}`} className="font-medium">
                {title}
              </TextLink>{' '}
              {builtin ? <Tag>built-in</Tag> : null}
              <div>
                <code className="text-faint">{name}</code>
              </div>
            </Td>
            <Td className="text-soft">{[...(portal ? [portalWords[portal]] : []), ...may].join('; ') || 'nothing yet'}</Td>
            <Td className="text-soft">{grantableOn.map((place) => placeWords[place]).join(', ')}</Td>
            <Td right>{grants.toLocaleString('en')}</Td>
            <Td right>{people.toLocaleString('en')}</Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
