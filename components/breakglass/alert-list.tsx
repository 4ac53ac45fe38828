import { Note } from '#components/ui/note.tsx';
import { Time } from '#components/ui/time.tsx';
import type { BreakGlass } from '#lib/breakglass/schema.ts';
import { Acknowledge } from './acknowledge.tsx';

type Alert = BreakGlass['alerts'][number];

/** What happened at the local accounts' door, until somebody says that they have seen it. */
export function AlertList({ alerts, mayAcknowledge }: { alerts: readonly Alert[]; mayAcknowledge: boolean }) {
  if (alerts.length === 0) return null;
  return (
    <ul className="grid gap-2" aria-label="What happened at break-glass">
      {alerts.map((alert) => (
        <li key={alert.id}>
          <Note tone={alert.kind === 'used' ? 'bad' : 'warn'}>
            <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
              <p className="min-w-0 flex-1">
                {sentenceOf(alert)}
                {alert.address ? (
                  <>
                    {' '}
                    from <code>{alert.address}</code>
                  </>
                ) : null}
                , {alert.times > 1 ? 'last ' : ''}
                <Time at={alert.lastAt} />.
              </p>
              {mayAcknowledge ? <Acknowledge id={alert.id} label={`Acknowledge: ${sentenceOf(alert)}`} /> : null}
            </div>
          </Note>
        </li>
      ))}
    </ul>
  );
}

function sentenceOf({ kind, account, times }: Alert): string {
  if (kind === 'used') return `${account} was used`;
  const at = account ? `at ${account}` : 'at names that are no account';
  return times === 1 ? `A try ${at} was refused` : `${times.toLocaleString('en')} tries ${at} were refused`;
}
