import { latency } from '#components/ui/clock.ts';
import { bandsOf, percentile } from './histogram.ts';

const height = 56;

/** How fast cut-offs were. Bars for the eye; the same numbers as a table for whoever does not see them. */
export function LatencyHistogram({ latencies }: { latencies: readonly number[] }) {
  const bands = bandsOf(latencies);
  const most = Math.max(1, ...bands.map(({ count }) => count));
  const [half, slowest] = [percentile(latencies, 0.5), percentile(latencies, 1)];
  if (half === null || slowest === null) return null;
  return (
    <figure>
      <div aria-hidden className="grid grid-cols-6 items-end gap-1">
        {bands.map(({ label, count }) => (
          <div key={label} className="text-center text-[11px] text-faint leading-4">
            <div className="text-soft">{count || ''}</div>
            <div
              className={label === 'over 2 s' ? 'rounded-t-sm bg-warn' : 'rounded-t-sm bg-accent'}
              style={{ height: Math.max(count === 0 ? 1 : 3, Math.round((count / most) * height)) }}
            />
            <div className="border-line-strong border-t pt-0.5 whitespace-nowrap">{label}</div>
          </div>
        ))}
      </div>
      <table className="sr-only">
        <caption>Cut-offs by how long they took</caption>
        <thead>
          <tr>
            <th scope="col">Up to</th>
            <th scope="col">Cut-offs</th>
          </tr>
        </thead>
        <tbody>
          {bands.map(({ label, count }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{count}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <figcaption className="mt-1 text-soft text-sm">
        {latencies.length === 1
          ? `One so far, in ${latency(slowest)}.`
          : `Last ${latencies.length.toLocaleString('en')}: half within ${latency(half)}, all within ${latency(slowest)}.`}
      </figcaption>
    </figure>
  );
}
