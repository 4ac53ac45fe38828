import { ButtonLink } from './button.tsx';

/** Where in a long list we are. `hrefAt` gives the address of the page that begins at an offset. */
export function Pagination({
  offset,
  limit,
  total,
  hrefAt,
}: {
  offset: number;
  limit: number;
  total: number;
  hrefAt: (offset: number) => string;
}) {
  if (total === 0) return null;
  const last = Math.min(offset + limit, total);
  // Fewer than there were when this page was asked for.
  const isPast = offset >= total;
  const before = isPast ? Math.floor((total - 1) / limit) * limit : Math.max(0, offset - limit);
  return (
    <nav aria-label="Pages" className="mt-3 flex flex-wrap items-center gap-2 text-soft text-sm">
      <span>
        {isPast ? 'Past the end' : `${(offset + 1).toLocaleString('en')}–${last.toLocaleString('en')}`} of {total.toLocaleString('en')}
      </span>
      {total > limit || isPast ? (
        <span className="ml-auto flex gap-2">
          {offset > 0 ? (
            <ButtonLink size="small" href={hrefAt(before)}>
              Previous
            </ButtonLink>
          ) : null}
          {last < total ? (
            <ButtonLink size="small" href={hrefAt(offset + limit)}>
              Next
            </ButtonLink>
          ) : null}
        </span>
      ) : null}
    </nav>
  );
}
