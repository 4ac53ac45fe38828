import { Skeleton, TableSkeleton } from '#components/ui/skeleton.tsx';

/** The shape of a page that is on its way. */
export function PageLoading({ rows = 12, columns = 5 }: { rows?: number; columns?: number }) {
  return (
    <>
      <div className="h-12 border-line border-b" />
      <div className="max-w-[1240px] px-4 pt-6 md:px-6">
        <Skeleton className="h-6 w-52" />
        <Skeleton className="mt-2 w-80" />
        <div className="mt-6">
          <TableSkeleton rows={rows} columns={columns} />
        </div>
      </div>
    </>
  );
}
