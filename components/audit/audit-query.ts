import type { AuditRow } from '#lib/audit/schema.ts';

// Between the address of the audit page and what is asked of the log. The page's place ("offset") is the id of the last event of the page
// before: the log only grows, so what somebody reads does not move.

export type Search = Readonly<Record<string, string>>;

export const filterNames = ['search', 'noun', 'event', 'from', 'to', 'personId', 'clusterId', 'projectId', 'subjectId', 'actorId'] as const;

/** All but the event, which the page checks against those that exist. */
export function queryOf(search: Search) {
  const { search: text, noun, from, to } = search;
  return {
    ...(text ? { search: text.slice(0, 200) } : {}),
    ...(noun && /^[a-z][a-z-]{0,29}$/.test(noun) ? { noun } : {}),
    ...Object.fromEntries(
      (['personId', 'clusterId', 'projectId', 'subjectId', 'actorId'] as const).flatMap((name) =>
        search[name] ? [[name, search[name]]] : [],
      ),
    ),
    ...dayOf('from', from, 0),
    ...dayOf('to', to, 1),
    ...(search.offset && /^\d{1,19}$/.test(search.offset) ? { before: search.offset } : {}),
  };
}

/** A day chosen as the end is meant with all its hours. */
function dayOf(name: 'from' | 'to', day: string | undefined, daysLater: number): Partial<Record<'from' | 'to', Date>> {
  const at = day && /^\d{4}-\d\d-\d\d$/.test(day) ? new Date(`${day}T00:00:00Z`) : null;
  if (!at || Number.isNaN(at.getTime())) return {};
  at.setUTCDate(at.getUTCDate() + daysLater);
  return { [name]: at };
}

/** The same question as the export is asked it. */
export function exportSearch(search: Search): Record<string, string> {
  const { before: _, ...query } = queryOf(search);
  const asked = { ...query, ...(search.event ? { event: search.event } : {}) };
  return Object.fromEntries(
    Object.entries(asked).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : String(value)]),
  );
}

/** What a filter by id shows instead of the id, where a row on this page knows the name. */
export function nameOfId(rows: readonly AuditRow[], id: string): string {
  for (const { actor, subject, cluster, project } of rows)
    for (const party of [actor, subject, cluster, project]) if (party?.id === id && party.name) return party.name;
  return id;
}
