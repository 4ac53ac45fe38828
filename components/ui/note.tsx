import type { ReactNode } from 'react';
import { cn } from './cn.ts';

/** Something that must be read before or after acting. */
export function Note({
  tone,
  children,
  live,
  className,
}: {
  tone?: 'ok' | 'warn' | 'bad' | undefined;
  children: ReactNode;
  live?: boolean;
  className?: string;
}) {
  return (
    <div
      role={live ? (tone === 'bad' ? 'alert' : 'status') : undefined}
      className={cn(
        'rounded-r-md border-l-[3px] px-3 py-2',
        tone === undefined && 'border-line-strong bg-panel',
        tone === 'ok' && 'border-ok bg-ok-soft',
        tone === 'warn' && 'border-warn bg-warn-soft',
        tone === 'bad' && 'border-bad bg-bad-soft',
        className,
      )}
    >
      {children}
    </div>
  );
}
