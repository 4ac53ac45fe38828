import { detailsOf, eventInWords, isNoteworthy } from '#components/audit/event-words.ts';
import { Status } from '#components/ui/status.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { PersonDetail } from '#lib/directory/people/schema.ts';

/** What became of the account, newest first; the whole of it stands in the audit log. */
export function AccountHistory({ person }: { person: PersonDetail }) {
  if (person.history.length === 0) return <p className="text-soft">Nothing happened to it since it was first read.</p>;
  return (
    <>
      <ol className="grid gap-1.5">
        {person.history.map(({ id, at, event, actor, detail }) => (
          <li key={id}>
            <div className="flex flex-wrap justify-between gap-x-3">
              {isNoteworthy(event) ? <Status tone="bad">{eventInWords(event)}</Status> : <span>{eventInWords(event)}</span>}
              <span className="text-soft text-sm">
                <Time at={at} />
              </span>
            </div>
            <p className="break-words text-faint text-sm">
              {[actor.kind === 'person' ? `by ${actor.name}` : '', inOneLine(detail)].filter(Boolean).join(': ')}
            </p>
          </li>
        ))}
      </ol>
      <p className="mt-2">
        <TextLink href={`/admin/audit?subjectId=${person.id}`}>All of it</TextLink>
      </p>
    </>
  );
}

/** States that the event's own words name. */
const saidByEvent = new Set(['from', 'to']);

function inOneLine(detail: PersonDetail['history'][number]['detail']): string {
  const told = detailsOf(detail)
    .filter(({ name, telling }) => telling && !saidByEvent.has(name))
    .map(({ name, value }) => `${name}: ${value}`);
  return [...told, ...changesIn(detail.changes)].join(' · ');
}

function changesIn(changes: unknown): string[] {
  if (!Array.isArray(changes)) return [];
  return changes.map(
    (change: { field?: unknown; from?: unknown; to?: unknown }) => `${change.field}: ${change.from ?? 'none'} → ${change.to ?? 'none'}`,
  );
}
