import Link from 'next/link';
import { cn } from './cn.ts';

/** Views of one thing, each with its own address. */
export function Tabs({ label, items }: { label: string; items: readonly { title: string; href: string; on: boolean; count?: number }[] }) {
  return (
    <nav aria-label={label} className="flex gap-1 overflow-x-auto border-line border-b">
      {items.map(({ title, href, on, count }) => (
        <Link
          key={title}
          href={href}
          scroll={false}
          aria-current={on ? 'page' : undefined}
          className={cn(
            '-mb-px inline-flex h-9 items-center whitespace-nowrap gap-1.5 border-transparent border-b-2 px-2.5 text-[13.5px] outline-offset-[-2px]',
            on ? 'border-accent font-medium text-ink' : 'text-soft hover:text-ink',
          )}
        >
          {title}
          {count === undefined ? null : <span className="text-faint text-xs">{count.toLocaleString('en')}</span>}
        </Link>
      ))}
    </nav>
  );
}
