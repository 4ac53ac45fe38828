import { Status } from '#components/ui/status.tsx';
import { Time } from '#components/ui/time.tsx';
import type { Overview } from '#lib/overview/schema.ts';

const names = { portal: 'Portal', proxy: 'Door', worker: 'Worker' } as const;

/** The processes of this platform, by their last sign of life. */
export function ProcessList({ processes }: { processes: Overview['processes'] }) {
  return (
    <ul className="border-line border-t">
      {processes.map(({ id, role, host, startedAt, beatAt, live }) => (
        <li key={id} className="flex justify-between gap-4 border-line border-b py-1.5">
          <Status tone={live ? 'ok' : 'bad'}>
            {names[role]} <span className="text-soft">on {host}</span>
          </Status>
          <span className="text-soft text-sm">
            {live ? (
              <>
                started <Time at={startedAt} />
              </>
            ) : (
              <>
                last seen <Time at={beatAt} />
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
