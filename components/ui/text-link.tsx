import Link from 'next/link';
import type { ComponentProps } from 'react';
import { cn } from './cn.ts';

/** A link within text. `quiet` is for names in tables, where everything is a link and colour would shout. */
export function TextLink({ quiet, className, ...rest }: ComponentProps<typeof Link> & { quiet?: boolean }) {
  return (
    <Link
      prefetch={false}
      className={cn(
        'rounded-sm underline-offset-[3px]',
        quiet ? 'text-ink decoration-edge hover:underline' : 'text-accent underline decoration-accent/35 hover:decoration-accent',
        className,
      )}
      {...rest}
    />
  );
}
