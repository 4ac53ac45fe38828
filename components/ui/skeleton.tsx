import { cn } from './cn.ts';

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn('h-4 animate-pulse rounded bg-sunk', className)} />;
}

const widths = ['w-2/3', 'w-1/2', 'w-3/4', 'w-5/12'];

/** The shape of a table that is on its way. */
export function TableSkeleton({ rows = 10, columns = 4 }: { rows?: number; columns?: number }) {
  return (
    <div role="status" aria-busy className="mt-4">
      <span className="sr-only">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows of nothing.
        <div key={row} className="flex h-8 items-center gap-5 border-line border-b">
          {Array.from({ length: columns }, (_, column) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same.
            <div key={column} className="flex-1">
              <Skeleton className={widths[(row + column) % widths.length] ?? ''} />
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
