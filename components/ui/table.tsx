import { ArrowDown, ArrowUp } from 'lucide-react';
import Link from 'next/link';
import type { ComponentProps, ReactNode } from 'react';
import { cn } from './cn.ts';

/** A dense table with 32 px rows that scrolls by itself where it is too wide, never the page. `label` says what it lists. */
export function Table({ label, children, className }: { label: string; children: ReactNode; className?: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section className="relative -mx-1 overflow-x-auto px-1" tabIndex={0}>
      <table className={cn('w-full border-collapse', className)}>
        <caption className="sr-only">{label}</caption>
        {children}
      </table>
    </section>
  );
}

export function Head({ children }: { children: ReactNode }) {
  return (
    <thead>
      <tr>{children}</tr>
    </thead>
  );
}

export function Th({ className, right, ...rest }: ComponentProps<'th'> & { right?: boolean }) {
  return (
    <th
      scope="col"
      className={cn(
        'h-7 border-line border-b px-2.5 pb-1 text-left align-bottom font-medium text-faint text-xs whitespace-nowrap first:pl-0 last:pr-0',
        right && 'text-right',
        className,
      )}
      {...rest}
    />
  );
}

/** A column that the list can be put in order of. `on`: it is so now. */
export function SortTh({
  href,
  on,
  reversed = false,
  newestFirst = false,
  children,
}: {
  href: string;
  on: boolean;
  reversed?: boolean;
  newestFirst?: boolean;
  children: ReactNode;
}) {
  const isDescending = newestFirst !== reversed;
  const order = isDescending ? 'descending' : 'ascending';
  const Arrow = isDescending ? ArrowDown : ArrowUp;
  return (
    <Th aria-sort={on ? order : 'none'}>
      <Link
        href={href}
        className={cn('inline-flex items-center gap-0.5 hover:text-ink', on && 'text-soft')}
        title={on ? 'The other way round' : `In order of ${newestFirst ? 'the latest' : 'this column'}`}
      >
        {children}
        <Arrow aria-hidden className={cn('size-3', !on && 'opacity-0')} />
      </Link>
    </Th>
  );
}

/** Above the column of what can be done with each row. */
export function ActsTh() {
  return (
    <Th>
      <span className="sr-only">Act</span>
    </Th>
  );
}

export function Row({ className, ...rest }: ComponentProps<'tr'>) {
  return <tr className={cn('hover:bg-panel', className)} {...rest} />;
}

export function Td({ className, right, ...rest }: ComponentProps<'td'> & { right?: boolean }) {
  return (
    <td
      className={cn('border-line border-b px-2.5 py-[5.5px] align-top first:pl-0 last:pr-0', right && 'text-right', className)}
      {...rest}
    />
  );
}
