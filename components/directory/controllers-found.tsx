import { Status } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import type { DirectoryTest } from '#lib/directory/settings/connect-schema.ts';

type Found = DirectoryTest['controllers'][number];

/** Each domain controller of a test: whether it answers and why not, how far it is behind, until when its certificate is good. */
export function ControllersFound({ controllers }: { controllers: readonly Found[] }) {
  return (
    <Table label="Domain controllers found">
      <Head>
        <Th>Domain controller</Th>
        <Th>Answers</Th>
        <Th>Replication</Th>
        <Th>Clock</Th>
        <Th>Certificate until</Th>
      </Head>
      <tbody>
        {controllers.map((one) => (
          <Row key={one.url}>
            <Td>{one.dnsHostName ?? one.url}</Td>
            <Td>{one.reached ? <Status tone="ok">Yes</Status> : <Status tone="bad">{one.why ?? 'No'}</Status>}</Td>
            <Td>{one.reached ? lagOf(one.behind) : ''}</Td>
            <Td>{one.clockAheadSeconds === null ? '' : clockOf(one.clockAheadSeconds)}</Td>
            <Td>{one.certificateUntil?.slice(0, 10) ?? ''}</Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function lagOf(behind: number | null): string {
  if (behind === null) return 'Not shown to this account';
  return behind === 0 ? 'Knows all' : `Up to ${behind.toLocaleString('en')} changes behind`;
}

function clockOf(seconds: number): string {
  if (Math.abs(seconds) <= 2) return 'As ours';
  return `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead' : 'behind'}`;
}
