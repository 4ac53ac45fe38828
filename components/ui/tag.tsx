import type { ReactNode } from 'react';
import { cn } from './cn.ts';

export function Tag({
  children,
  tone,
  title,
}: {
  children: ReactNode;
  tone?: 'warn' | 'bad' | 'ok' | 'accent' | undefined;
  title?: string;
}) {
  return (
    <span
      title={title}
      className={cn(
        'inline-block rounded border px-1.5 text-xs leading-[18px] whitespace-nowrap',
        tone === undefined && 'border-line-strong text-soft',
        tone === 'warn' && 'border-warn/40 text-warn',
        tone === 'bad' && 'border-bad/40 text-bad',
        tone === 'ok' && 'border-ok/40 text-ok',
        tone === 'accent' && 'border-accent/40 text-accent',
      )}
    >
      {children}
    </span>
  );
}
