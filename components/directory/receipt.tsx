import { latency } from '#components/ui/clock.ts';
import { counted } from '#components/ui/count.ts';
import { Empty } from '#components/ui/empty.tsx';
import { Note } from '#components/ui/note.tsx';
import { Status } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Time } from '#components/ui/time.tsx';
import type { PersonDetail, Receipt } from '#lib/directory/people/schema.ts';
import { ClockTime } from './clock-time.tsx';

const why: Readonly<Record<string, string>> = {
  disabled: 'Disabled in Active Directory',
  expired: 'The account expired',
  locked: 'Locked in Active Directory',
  deleted: 'Deleted in Active Directory',
  'outside-hours': 'Logon hours over',
  'out-of-scope': 'Left what is read of the directory',
  cut: 'Cut off by an admin',
};

/** One line for somebody who may not work now: since when, and how completely. */
export function StandingNote({ person }: { person: PersonDetail }) {
  if (person.live) return null;
  const receipt = person.receipts.find(({ kind }) => kind === 'person');
  return (
    <Note tone="bad" className="mt-5">
      <b className="font-semibold">{why[person.state] ?? 'Not let in'}</b>
      {receipt ? (
        <ReceiptLine receipt={receipt} />
      ) : (
        <>
          {' '}
          <Time at={person.stateSince} />. Every request is refused.
        </>
      )}
      {person.cutReason ? <> Reason: {person.cutReason}.</> : null}
    </Note>
  );
}

function ReceiptLine({ receipt }: { receipt: Receipt }) {
  const { evidenceAt, refusedFrom, latencyMs, streamsCut, sessionsEnded, clusters, doorsAcknowledged, doorsLive } = receipt;
  return (
    <>
      {' '}
      <ClockTime at={evidenceAt} />.{' '}
      {refusedFrom ? (
        <>
          Refused from <ClockTime at={refusedFrom} />. {counted(streamsCut, 'stream')} cut, {counted(sessionsEnded, 'portal session')} ended
          {clusters.length > 0 ? `, on ${clusters.join(', ')}` : ''}, said by {doorsAcknowledged} of {counted(doorsLive, 'door')}
          {latencyMs === null ? '' : ', in '}
          {latencyMs === null ? null : <b className="font-semibold">{latency(latencyMs)}</b>}.
        </>
      ) : (
        'The doors have not confirmed it yet.'
      )}
    </>
  );
}

export function ReceiptTable({ receipts }: { receipts: readonly Receipt[] }) {
  if (receipts.length === 0)
    return <Empty title="Never cut off.">When an account is disabled, or an admin cuts it off, the receipt stands here.</Empty>;
  return (
    <Table label="Cut-offs">
      <Head>
        <Th>Because</Th>
        <Th>When</Th>
        <Th right>Streams</Th>
        <Th right>Sessions</Th>
        <Th>Doors</Th>
        <Th right>Refused after</Th>
      </Head>
      <tbody>
        {receipts.map((receipt) => (
          <Row key={receipt.id}>
            <Td>{receipt.reason}</Td>
            <Td>
              <Time at={receipt.evidenceAt} />
            </Td>
            <Td right>{receipt.streamsCut}</Td>
            <Td right>{receipt.sessionsEnded}</Td>
            <Td>
              <Status tone={receipt.receiptAt ? 'ok' : 'wait'}>
                {receipt.doorsAcknowledged} of {receipt.doorsLive}
              </Status>
            </Td>
            <Td right className="font-medium">
              {receipt.latencyMs === null ? <span className="text-faint">waiting</span> : latency(receipt.latencyMs)}
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
