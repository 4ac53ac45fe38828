import { latency } from '#components/ui/clock.ts';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { Receipt } from '#lib/directory/people/schema.ts';

/** Who lost access, and how fast: the promise of this product, person by person. */
export function RecentCuts({ cuts }: { cuts: readonly Receipt[] }) {
  if (cuts.length === 0)
    return <p className="text-soft">Nobody yet. When an account is disabled in the directory, its receipt stands here.</p>;
  return (
    <ul className="border-line border-t">
      {cuts.map((cut) => (
        <li key={cut.id} className="flex justify-between gap-4 border-line border-b py-1.5">
          <div className="min-w-0">
            {cut.person ? (
              <TextLink quiet href={`/admin/people/${cut.person.id}`}>
                {cut.person.name}
              </TextLink>
            ) : (
              'Somebody'
            )}
            <div className="text-soft text-sm">
              {cut.reason}, <Time at={cut.evidenceAt} />
            </div>
          </div>
          <div className="shrink-0 text-right">
            {cut.latencyMs === null ? (
              <span className="text-warn">not confirmed yet</span>
            ) : (
              <>
                refused after <b className="font-semibold">{latency(cut.latencyMs)}</b>
              </>
            )}
            <div className="text-soft text-sm">{whatWasOpen(cut)}</div>
          </div>
        </li>
      ))}
    </ul>
  );
}

function whatWasOpen({ streamsCut, sessionsEnded }: Receipt): string {
  const said = [counted(streamsCut, 'stream'), counted(sessionsEnded, 'session')].filter(Boolean).join(', ');
  return said || 'nothing was open';
}

function counted(count: number, noun: string): string {
  return count === 0 ? '' : `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
