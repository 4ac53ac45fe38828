import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { withSearch } from '#components/ui/address.ts';
import { Empty } from '#components/ui/empty.tsx';
import { Pagination } from '#components/ui/pagination.tsx';
import { Status } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tabs } from '#components/ui/tabs.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { SyncRow, SyncsPage as Syncs } from '#lib/directory/history/schema.ts';
import { groupsInWords, kindWords, membershipsInWords, outcomeTones, outcomeWords, peopleInWords } from './sync-words.ts';

type Props = { directoryId: string; page: Syncs; search: Readonly<Record<string, string>> };

const kinds: readonly [string, SyncRow['kind'] | null][] = [
  ['Everything', null],
  ['Complete reads', 'complete'],
  ['Changes by day', 'changes'],
  ['Take-overs', 'resumed'],
];

export function SyncsPage({ directoryId, page, search }: Props) {
  const here = `/admin/settings/syncs/${directoryId}`;
  return (
    <Page
      crumbs={[['Settings', '/admin/settings']]}
      here="Sync history"
      title={`Sync history of ${page.domain}`}
      sub="What each complete read brought, and the changes of each day (UTC). Kept for 90 days."
    >
      <Live seconds={10} />
      <div className="mt-4 mb-3">
        <Tabs
          label="Kinds of entries"
          items={kinds.map(([title, kind]) => ({ title, href: withSearch(here, {}, { kind }), on: (search.kind ?? null) === kind }))}
        />
      </div>
      {page.items.length === 0 ? (
        <Empty title="Nothing yet.">Each complete read stands here when it is done, and the changes as they come.</Empty>
      ) : (
        <Table label="Sync history">
          <Head>
            <Th>When</Th>
            <Th>What</Th>
            <Th>Outcome</Th>
            <Th>Domain controller</Th>
            <Th>People</Th>
            <Th>Groups</Th>
            <Th>Memberships</Th>
          </Head>
          <tbody>
            {page.items.map((sync) => (
              <Row key={sync.id}>
                <Td>
                  <TextLink quiet href={`${here}/${sync.id}`}>
                    <Time at={sync.endedAt} />
                  </TextLink>
                </Td>
                <Td className="whitespace-nowrap">
                  {kindWords[sync.kind]}
                  {sync.times > 1 ? <span className="text-faint"> ×{sync.times.toLocaleString('en')}</span> : null}
                </Td>
                <Td>
                  <Status tone={outcomeTones[sync.outcome]} title={sync.sentence ?? undefined}>
                    {outcomeWords[sync.outcome]}
                  </Status>
                </Td>
                <Td>
                  <code>{sync.controller}</code>
                </Td>
                <Td>{peopleInWords(sync) || <None />}</Td>
                <Td>{groupsInWords(sync) || <None />}</Td>
                <Td>{membershipsInWords(sync) || <None />}</Td>
              </Row>
            ))}
          </tbody>
        </Table>
      )}
      <Pagination {...page} hrefAt={(offset) => withSearch(here, search, { offset: offset || null })} />
    </Page>
  );
}

function None() {
  return <span className="text-faint">–</span>;
}
