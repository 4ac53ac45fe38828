import Link from 'next/link';
import { cn } from './cn.ts';
import type { Tone } from './status.tsx';

const look: Record<Tone, string> = {
  ok: 'bg-ok/60',
  warn: 'bg-warn rounded-none rotate-45 scale-75',
  bad: 'bg-bad rounded-none',
  wait: 'border-2 border-edge bg-transparent',
  off: 'bg-line-strong',
};

/** One small square for each of many: where all is well it is a calm strip, and what is not stands out. */
export function Cells({ label, items }: { label: string; items: readonly { name: string; state: string; tone: Tone; href: string }[] }) {
  return (
    <ul aria-label={label} className="flex flex-wrap">
      {items.map(({ name, state, tone, href }) => (
        <li key={href}>
          <Link
            href={href}
            prefetch={false}
            aria-label={`${name}: ${state}`}
            title={`${name}: ${state}`}
            className="grid size-6 place-items-center rounded"
          >
            <span aria-hidden className={cn('size-[15px] rounded-[3px]', look[tone])} />
          </Link>
        </li>
      ))}
    </ul>
  );
}
