import type { ReactNode } from 'react';
import { cn } from './cn.ts';

/** Few large numbers in one frame. */
export function Facts({ items }: { items: readonly { figure: ReactNode; text: ReactNode; href?: string }[] }) {
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-line lg:grid-cols-4">
      {items.map(({ figure, text }, index) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: the facts of a page never change places.
          key={index}
          className={cn(
            'flex flex-col-reverse justify-end px-4 py-3',
            index % 2 === 1 && 'border-line border-l',
            index > 1 && 'border-line border-t lg:border-t-0',
            index > 0 && 'lg:border-l',
          )}
        >
          <dt className="text-soft text-sm">{text}</dt>
          <dd className="font-semibold text-2xl tracking-tight">{figure}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Names and values of one thing, beneath each other. */
export function Details({ items }: { items: readonly (readonly [label: string, value: ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[minmax(7rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1.5">
      {items.map(([label, value]) => (
        <div key={label} className="contents">
          <dt className="text-faint">{label}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
