import { cva, type VariantProps } from 'class-variance-authority';
import Link from 'next/link';
import type { ComponentProps } from 'react';
import { cn } from './cn.ts';

export const buttonStyle = cva(
  'inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors disabled:cursor-not-allowed disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0',
  {
    variants: {
      look: {
        plain: 'border-line-strong bg-bg text-ink hover:bg-sunk',
        primary: 'border-accent bg-accent text-on-accent hover:brightness-110',
        danger: 'border-bad/45 bg-bg text-bad hover:bg-bad-soft',
        ghost: 'border-transparent bg-transparent text-soft hover:bg-sunk hover:text-ink',
        link: 'border-transparent bg-transparent text-accent hover:underline',
      },
      size: { normal: 'h-8 px-3 text-[13.5px]', small: 'h-7 px-2 text-[13px]', icon: 'size-8 p-0', tiny: 'size-6 p-0 [&_svg]:size-3.5' },
    },
    defaultVariants: { look: 'plain', size: 'normal' },
  },
);

type Style = VariantProps<typeof buttonStyle>;

export function Button({ look, size, className, type = 'button', ...rest }: ComponentProps<'button'> & Style) {
  // In a table a link must not make its row higher than the text beside it.
  const likeText = look === 'link' && 'h-5 rounded-sm border-0 px-0 align-top';
  return <button type={type} className={cn(buttonStyle({ look, size }), likeText, className)} {...rest} />;
}

export function ButtonLink({ look, size, className, ...rest }: ComponentProps<typeof Link> & Style) {
  return <Link className={cn(buttonStyle({ look, size }), className)} {...rest} />;
}
