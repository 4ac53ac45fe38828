import type { ReactNode } from 'react';
import { cn } from './cn.ts';

export type Tone = 'ok' | 'warn' | 'bad' | 'wait' | 'off';

const shape: Record<Tone, string> = {
  ok: 'rounded-full bg-ok',
  warn: 'rotate-45 rounded-[1px] bg-warn',
  bad: 'rounded-[1px] bg-bad',
  wait: 'rounded-full border-2 border-edge',
  off: 'h-0.5! rounded-none bg-edge',
};

/** A state as shape, word and colour together: whoever cannot see one reads another. */
export function Status({
  tone,
  children,
  title,
  className,
}: {
  tone: Tone;
  children: ReactNode;
  title?: string | undefined;
  className?: string;
}) {
  return (
    <span className={cn('inline-flex items-center gap-1.5 whitespace-nowrap', className)} title={title}>
      <span aria-hidden className={cn('size-2 shrink-0', shape[tone])} />
      <span>{children}</span>
    </span>
  );
}
