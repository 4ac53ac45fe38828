import { browserOf } from '#components/session/session-table.tsx';
import { Status } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { AuditRow } from '#lib/audit/schema.ts';
import { detailsOf, eventInWords, isNoteworthy, pageOfParty } from './event-words.ts';

export function AuditTable({ rows }: { rows: readonly AuditRow[] }) {
  return (
    <Table label="What happened, newest first">
      <Head>
        <Th>When</Th>
        <Th>What</Th>
        <Th>Who did it</Th>
        <Th>To what</Th>
        <Th>Where</Th>
        <Th className="min-w-48">Details</Th>
      </Head>
      <tbody>
        {rows.map((row) => (
          <Row key={row.id}>
            <Td className="text-soft">
              <Time at={row.at} />
            </Td>
            <Td title={row.event}>
              {isNoteworthy(row.event) ? (
                <Status tone="bad">{eventInWords(row.event)}</Status>
              ) : (
                <span className="whitespace-nowrap">{eventInWords(row.event)}</span>
              )}
            </Td>
            <Td className="whitespace-nowrap">
              <Party party={row.actor} />
            </Td>
            <Td className="whitespace-nowrap">{row.subject ? <Party party={row.subject} /> : <span className="text-faint">–</span>}</Td>
            <Td>
              <Where row={row} />
            </Td>
            <Td className="w-full max-w-0">
              <Details detail={row.detail} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function Party({ party }: { party: AuditRow['actor'] }) {
  const href = pageOfParty(party);
  const name = party.name ?? party.id ?? (party.kind === 'anonymous' ? 'somebody not signed in' : party.kind);
  return (
    <>
      {href ? (
        <TextLink quiet href={href}>
          {name}
        </TextLink>
      ) : (
        <span title={name} className="inline-block max-w-52 truncate align-bottom">
          {name.startsWith('Mozilla/') ? browserOf(name) : name}
        </span>
      )}{' '}
      {party.kind === 'person' || party.kind === 'anonymous' ? null : <span className="text-faint text-xs">{party.kind}</span>}
    </>
  );
}

function Where({ row: { cluster, project, subject } }: { row: AuditRow }) {
  const places = [
    ...(cluster && cluster.id !== subject?.id ? [{ ...cluster, href: `/admin/clusters/${cluster.id}` }] : []),
    ...(project && project.id !== subject?.id ? [{ ...project, href: `/admin/projects/${project.id}` }] : []),
  ];
  return places.map(({ id, name, href }, index) => (
    <span key={id}>
      {index > 0 ? ', ' : ''}
      <TextLink quiet href={href}>
        {name}
      </TextLink>
    </span>
  ));
}

/** One line of what tells most; the rest opens on demand, so that rows stay rows. */
function Details({ detail }: { detail: AuditRow['detail'] }) {
  const details = detailsOf(detail);
  if (details.length === 0) return null;
  const line = details
    .filter(({ telling }) => telling)
    .map(({ name, value }) => `${name}: ${value}`)
    .join(' · ');
  return (
    <details className="group text-soft">
      <summary className="truncate rounded-sm marker:text-faint group-open:text-faint">{line || 'details'}</summary>
      <dl className="mt-1 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5 pb-1">
        {details.map(({ name, value }) => (
          <div key={name} className="contents">
            <dt className="text-faint">{name}</dt>
            <dd className="break-words">{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
