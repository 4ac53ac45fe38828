import { Bar } from '#components/ui/bar.tsx';
import { resourceInWords, usesOf } from './quantity.ts';

type Quota = { readonly hard: Readonly<Record<string, string>>; readonly used: Readonly<Record<string, string>> };

/** What a namespace uses of what it may, as its cluster last counted it. */
export function QuotaBars({ quota }: { quota: Quota }) {
  return (
    <div className="grid min-w-52 max-w-xl gap-x-6 gap-y-2 sm:grid-cols-2">
      {usesOf(quota).map(({ resource, used, hard, share }) =>
        share === null ? (
          <div key={resource} className="flex justify-between gap-3">
            <span>{resourceInWords(resource)}</span>
            <span className="text-soft">
              {used} of {hard}
            </span>
          </div>
        ) : (
          <Bar key={resource} label={resourceInWords(resource)} used={used} hard={hard} share={share} />
        ),
      )}
    </div>
  );
}
