import { Fragment } from 'react';
import { latency } from '#components/ui/clock.ts';
import { counted } from '#components/ui/count.ts';
import { Empty } from '#components/ui/empty.tsx';
import { Note } from '#components/ui/note.tsx';
import { Status } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Time } from '#components/ui/time.tsx';
import type { PersonDetail, Receipt } from '#lib/directory/people/schema.ts';
import { ClockTime } from './clock-time.tsx';
import { streamInWords } from './stream-words.ts';

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

/** Of what a domain controller tells, we know when we saw it; what the clock or an admin does has its own moment. */
const seenThere = new Set(['disabled', 'locked', 'deleted', 'out-of-scope']);

function ReceiptLine({ receipt }: { receipt: Receipt }) {
  const { reason, evidenceAt, refusedFrom, latencyMs, streamsCut, sessionsEnded, clusters, doorsAcknowledged, doorsLive } = receipt;
  return (
    <>
      {seenThere.has(reason) ? ', seen ' : ' '}
      <ClockTime at={evidenceAt} />.{' '}
      {refusedFrom ? (
        <>
          Refused everywhere from <ClockTime at={refusedFrom} />. {counted(streamsCut, 'stream')} cut,{' '}
          {counted(sessionsEnded, 'portal session')} ended
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
          <Fragment key={receipt.id}>
            <Row>
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
            {receipt.cut.length > 0 ? <WhatWasCut receipt={receipt} /> : null}
          </Fragment>
        ))}
      </tbody>
    </Table>
  );
}

function WhatWasCut({ receipt: { cut, streamsCut } }: { receipt: Receipt }) {
  return (
    <Row>
      <Td colSpan={6} className="text-soft">
        <details>
          <summary className="w-fit rounded-sm text-accent hover:underline">What was cut</summary>
          <ul className="mt-1 grid gap-1">
            {cut.map(({ kind, target, cluster, at }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: what a receipt says never changes.
              <li key={index} className="flex flex-wrap justify-between gap-x-4">
                <span>
                  {streamInWords(kind, target)}, {cluster}
                </span>
                <Status tone="bad">
                  cut <ClockTime at={at} />
                </Status>
              </li>
            ))}
          </ul>
          {streamsCut > cut.length ? (
            <p className="mt-1">and {(streamsCut - cut.length).toLocaleString('en')} more, in the audit log.</p>
          ) : null}
        </details>
      </Td>
    </Row>
  );
}
