'use client';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useId } from 'react';
import { cn } from '#components/ui/cn.ts';
import { type Counts, isHere, type Place } from './navigation.ts';

export function NavList({ title, places, counts }: { title: string; places: readonly Place[]; counts: Counts }) {
  const path = usePathname();
  const id = useId();
  return (
    <div>
      <p id={id} className="px-2 pt-3.5 pb-1 text-[11.5px] text-faint">
        {title}
      </p>
      <ul aria-labelledby={id} className="grid gap-px">
        {places.map((place) => {
          const here = isHere(place, path);
          const count = place.count ? counts[place.count] : undefined;
          return (
            <li key={place.href}>
              <Link
                href={place.href}
                prefetch={false}
                aria-current={here ? 'page' : undefined}
                className={cn(
                  'flex h-[30px] items-center justify-between rounded-md px-2 outline-offset-[-2px]',
                  here ? 'bg-accent-soft font-[550] text-ink' : 'text-soft hover:bg-sunk hover:text-ink',
                )}
              >
                {place.title}
                {count === undefined ? null : (
                  <span className={cn('text-xs', here ? 'text-soft' : 'text-faint')}>{count.toLocaleString('en')}</span>
                )}
              </Link>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
