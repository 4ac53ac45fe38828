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
  return (
    <nav aria-label="Pages" className="mt-3 flex flex-wrap items-center gap-2 text-soft text-sm">
      <span>
        {(offset + 1).toLocaleString('en')}–{last.toLocaleString('en')} of {total.toLocaleString('en')}
      </span>
      {total > limit ? (
        <span className="ml-auto flex gap-2">
          {offset > 0 ? (
            <ButtonLink size="small" href={hrefAt(Math.max(0, offset - limit))}>
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
