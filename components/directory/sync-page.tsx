import { AuditTable } from '#components/audit/audit-table.tsx';
import { Page } from '#components/shell/page.tsx';
import { withSearch } from '#components/ui/address.ts';
import { ButtonLink } from '#components/ui/button.tsx';
import { latency } from '#components/ui/clock.ts';
import { Empty } from '#components/ui/empty.tsx';
import { Details } from '#components/ui/facts.tsx';
import { SearchField } from '#components/ui/filters.tsx';
import { Note } from '#components/ui/note.tsx';
import { Section } from '#components/ui/section.tsx';
import { Status } from '#components/ui/status.tsx';
import { Time } from '#components/ui/time.tsx';
import type { AuditPage } from '#lib/audit/schema.ts';
import type { SyncEntry } from '#lib/directory/history/schema.ts';
import { groupsInWords, kindWords, membershipsInWords, modeWords, outcomeTones, outcomeWords, peopleInWords } from './sync-words.ts';

type Props = { sync: SyncEntry; log: AuditPage; search: Readonly<Record<string, string>> };

/** One entry of the history, and what the audit log holds of it, name by name. */
export function SyncPage({ sync, log, search }: Props) {
  const above = `/admin/settings/syncs/${sync.directoryId}`;
  const here = `${above}/${sync.id}`;
  const took = Date.parse(sync.endedAt) - Date.parse(sync.startedAt);
  return (
    <Page
      crumbs={[
        ['Settings', '/admin/settings'],
        ['Sync history', above],
      ]}
      here={kindWords[sync.kind]}
      title={`${kindWords[sync.kind]} of ${sync.domain}`}
      sub={
        <>
          <Time at={sync.endedAt} exact /> · <Status tone={outcomeTones[sync.outcome]}>{outcomeWords[sync.outcome]}</Status>
        </>
      }
    >
      {sync.sentence ? (
        <Note tone={sync.outcome === 'failed' ? 'bad' : 'warn'} className="mt-5">
          {sync.sentence}
          {sync.outcome === 'failed' && sync.times > 1 ? ` ${sync.times.toLocaleString('en')} times in a row.` : ''}
        </Note>
      ) : null}
      <Section title="What it brought">
        <Details
          items={[
            ['Domain controller', <code key="dc">{sync.controller}</code>],
            ['Asked by', sync.mode ? modeWords[sync.mode] : 'not known'],
            ['Began', <Time key="began" at={sync.startedAt} />],
            ...(sync.kind === 'complete'
              ? ([
                  ['Took', latency(Math.max(0, took))],
                  [
                    'Read',
                    sync.accounts === null
                      ? 'not completely'
                      : `${sync.accounts.toLocaleString('en')} accounts, ${(sync.groups ?? 0).toLocaleString('en')} groups`,
                  ],
                ] as const)
              : ([['Deltas', sync.times.toLocaleString('en')]] as const)),
            ['People', peopleInWords(sync) || 'no difference'],
            ['Groups', groupsInWords(sync) || 'no difference'],
            ['Memberships', membershipsInWords(sync) || 'no difference'],
          ]}
        />
      </Section>
      <Section title="Differences">
        <p className="mb-3 text-soft">
          From the audit log, between the beginning and the end. A first read is one event, not one for each person.
        </p>
        <div className="mb-3">
          <SearchField label="Name or event" />
        </div>
        {log.items.length > 0 ? <AuditTable rows={log.items} /> : <Empty title="The log holds nothing of it." />}
        {log.next ? (
          <nav aria-label="Pages" className="mt-3 flex justify-end">
            <ButtonLink size="small" href={withSearch(here, search, { offset: log.next })}>
              Older
            </ButtonLink>
          </nav>
        ) : null}
      </Section>
    </Page>
  );
}
