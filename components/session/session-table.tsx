import type { z } from 'zod';
import { ActsTh, Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { Time } from '#components/ui/time.tsx';
import type { sessionsOutput } from '#lib/session/schema.ts';
import { EndSession } from './end-session.tsx';

export function SessionTable({ sessions }: { sessions: z.output<typeof sessionsOutput>['sessions'] }) {
  return (
    <Table label="Where I am signed in">
      <Head>
        <Th>Browser</Th>
        <Th>From</Th>
        <Th>Since</Th>
        <Th>Last seen</Th>
        <ActsTh />
      </Head>
      <tbody>
        {sessions.map((session) => (
          <Row key={session.id}>
            <Td>
              <span title={session.userAgent ?? undefined}>{browserOf(session.userAgent)}</span>{' '}
              {session.current ? <Tag tone="ok">this one</Tag> : null}
            </Td>
            <Td>
              <code>{session.address ?? 'unknown'}</code>
            </Td>
            <Td>
              <Time at={session.createdAt} />
            </Td>
            <Td>
              <Time at={session.seenAt} />
            </Td>
            <Td right>{session.current ? null : <EndSession id={session.id} />}</Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

export function browserOf(userAgent: string | null): string {
  const name = /(Firefox|Edg|Chrome|Safari)\//.exec(userAgent ?? '')?.[1] ?? 'A browser';
  const system = /(Windows|Mac OS X|Android|iPhone|Linux)/.exec(userAgent ?? '')?.[1];
  return `${name === 'Edg' ? 'Edge' : name}${system ? ` on ${system}` : ''}`;
}
