import type { ComponentProps } from 'react';
import { cn } from './cn.ts';

const field =
  'w-full rounded-md border border-edge/70 bg-bg px-2.5 text-ink transition-colors hover:border-edge disabled:opacity-55 aria-[invalid=true]:border-bad';

/** What a machine reads letter by letter: a name, a certificate, a filter. */
const exact = 'font-mono text-[12.5px]';
type Exact = { code?: boolean };

export function Input({ className, code, ...rest }: ComponentProps<'input'> & Exact) {
  return <input className={cn(field, 'h-8', code && exact, className)} spellCheck={code ? false : undefined} {...rest} />;
}

export function TextArea({ className, code, ...rest }: ComponentProps<'textarea'> & Exact) {
  return <textarea className={cn(field, 'min-h-16 py-1.5', code && exact, className)} spellCheck={code ? false : undefined} {...rest} />;
}

export function Select({ className, ...rest }: ComponentProps<'select'>) {
  return <select className={cn(field, 'h-8 pr-6', className)} {...rest} />;
}

const mark = 'size-4 shrink-0 accent-accent';

export function Checkbox({ className, ...rest }: Omit<ComponentProps<'input'>, 'type'>) {
  return <input type="checkbox" className={cn(mark, className)} {...rest} />;
}

export function Radio({ className, ...rest }: Omit<ComponentProps<'input'>, 'type'>) {
  return <input type="radio" className={cn(mark, className)} {...rest} />;
}
