import type { ComponentProps } from 'react';
import { cn } from './cn.ts';

const field =
  'w-full rounded-md border border-edge/70 bg-bg px-2.5 text-ink transition-colors hover:border-edge disabled:opacity-55 aria-[invalid=true]:border-bad';

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input className={cn(field, 'h-8', className)} {...rest} />;
}

export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea className={cn(field, 'min-h-16 py-1.5', className)} {...rest} />;
}

export function Select({ className, ...rest }: ComponentProps<'select'>) {
  return <select className={cn(field, 'h-8 pr-6', className)} {...rest} />;
}

export function Checkbox({ className, ...rest }: Omit<ComponentProps<'input'>, 'type'>) {
  return <input type="checkbox" className={cn('size-4 shrink-0 accent-accent', className)} {...rest} />;
}
