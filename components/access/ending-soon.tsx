import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Time } from '#components/ui/time.tsx';
import type { MyAccess } from '#lib/entitlement/schema.ts';

/** Of what one has: what ends by itself in the next two weeks. */
export function EndingSoon({
  ending,
  credentials,
}: {
  ending: MyAccess['ending'];
  credentials: readonly { id: string; name: string; kind: string; expiresAt: string }[];
}) {
  if (ending.length + credentials.length === 0) return <p className="text-soft">Nothing in the next 14 days.</p>;
  return (
    <Table label="What ends soon">
      <Head>
        <Th>What</Th>
        <Th>Ends</Th>
      </Head>
      <tbody>
        {ending.map(({ grantId, role, where, until }) => (
          <Row key={grantId}>
            <Td>
              {role} <span className="text-soft">on {where}</span>
            </Td>
            <Td>
              <Time at={until} />
            </Td>
          </Row>
        ))}
        {credentials.map(({ id, name, kind, expiresAt }) => (
          <Row key={id}>
            <Td>
              {name} <span className="text-soft">{kind === 'api' ? 'API token' : 'kubeconfig'}</span>
            </Td>
            <Td>
              <Time at={expiresAt} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
