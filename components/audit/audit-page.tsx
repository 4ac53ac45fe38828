import { Page } from '#components/shell/page.tsx';
import { withSearch } from '#components/ui/address.ts';
import { ButtonLink } from '#components/ui/button.tsx';
import { Empty } from '#components/ui/empty.tsx';
import { ExportLink } from '#components/ui/export-link.tsx';
import { FilterDate, FilterSelect, SearchField } from '#components/ui/filters.tsx';
import { Tabs } from '#components/ui/tabs.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { AuditPage as Log } from '#lib/audit/schema.ts';
import { exportSearch, filterNames, nameOfId, type Search } from './audit-query.ts';
import { AuditTable } from './audit-table.tsx';
import { eventInWords } from './event-words.ts';

const here = '/admin/audit';

/** What is asked most often, each with its own address. */
const views: readonly { title: string; search: Search }[] = [
  { title: 'Everything', search: {} },
  { title: 'Grants', search: { noun: 'grant' } },
  { title: 'Roles', search: { noun: 'role' } },
  { title: 'Cut-offs', search: { event: 'access.cut' } },
  { title: 'Sign-ins', search: { noun: 'session' } },
  { title: 'Break-glass', search: { noun: 'break-glass' } },
  { title: 'Credentials', search: { noun: 'credential' } },
  { title: 'Clusters', search: { noun: 'cluster' } },
  { title: 'Directory', search: { noun: 'person' } },
];

const idWords = { personId: 'person', actorId: 'done by', subjectId: 'done to', clusterId: 'cluster', projectId: 'project' } as const;

export function AuditPage({ log, events, search }: { log: Log; events: readonly string[]; search: Search }) {
  const nouns = [...new Set(events.map((event) => event.split('.')[0] ?? ''))].filter(Boolean);
  const offered = search.noun ? events.filter((event) => event.startsWith(`${search.noun}.`)) : events;
  const filtered = filterNames.some((name) => search[name]);
  return (
    <Page
      title="Audit"
      sub="Everything that happened, newest first. Nothing here can be changed."
      actions={<ExportLink path="/audit.csv" search={exportSearch(search)} />}
    >
      <div className="mt-4">
        <Tabs
          label="Views of the log"
          items={views.map(({ title, search: view }) => ({ title, href: withSearch(here, view, {}), on: isSame(view, search) }))}
        />
      </div>
      <search className="mt-3 mb-3 flex flex-wrap items-center gap-2">
        <SearchField label="Name, account or event" />
        <FilterSelect
          name="noun"
          label="About"
          options={[['', 'About anything'], ...nouns.map((noun) => [noun, `About: ${noun}`] as const)]}
        />
        <FilterSelect
          name="event"
          label="Event"
          options={[['', 'Any event'], ...offered.map((event) => [event, eventInWords(event)] as const)]}
        />
        <FilterDate name="from" label="From" />
        <FilterDate name="to" label="to" />
        <IdFilters log={log} search={search} />
        {filtered ? <TextLink href={here}>Clear</TextLink> : null}
      </search>
      {log.items.length > 0 ? (
        <AuditTable rows={log.items} />
      ) : filtered ? (
        <Empty title="Nothing like that happened.">Widen the days, or clear a filter. Days are counted in UTC.</Empty>
      ) : (
        <Empty title="Nothing has happened yet.">Sign-ins, grants, cluster changes and cut-offs are written here as they happen.</Empty>
      )}
      <nav aria-label="Pages" className="mt-3 flex justify-end gap-2">
        {search.offset ? (
          <ButtonLink size="small" href={withSearch(here, search, { offset: null })}>
            Newest
          </ButtonLink>
        ) : null}
        {log.next ? (
          <ButtonLink size="small" href={withSearch(here, search, { offset: log.next })}>
            Older
          </ButtonLink>
        ) : null}
      </nav>
    </Page>
  );
}

/** Filters that other pages link to; each can be taken off. */
function IdFilters({ log, search }: { log: Log; search: Search }) {
  return Object.entries(idWords).map(([name, words]) => {
    const id = search[name];
    if (!id) return null;
    return (
      <span key={name} className="inline-flex items-center gap-1">
        <Tag tone="accent">
          {words}: {nameOfId(log.items, id)}
        </Tag>
        <TextLink href={withSearch(here, search, { [name]: null, offset: null })} aria-label={`Take off the filter ${words}`}>
          ×
        </TextLink>
      </span>
    );
  });
}

function isSame(view: Search, search: Search): boolean {
  return filterNames.every((name) => (view[name] ?? '') === (search[name] ?? ''));
}
