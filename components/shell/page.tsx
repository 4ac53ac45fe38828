import Link from 'next/link';
import { Fragment, type ReactNode } from 'react';
import { cn } from '#components/ui/cn.ts';
import { PaletteButton } from './palette.tsx';

type Props = {
  title: ReactNode;
  /** The way here, outermost first; the page itself is not among them. */
  crumbs?: readonly (readonly [title: string, href: string])[];
  /** The last crumb, where the title is more than a name. */
  here?: string;
  sub?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  narrow?: boolean;
};

/** A page: the bar that says where we are, the title with what can be done here, and the rest. */
export function Page({ title, crumbs = [], here, sub, actions, children, narrow }: Props) {
  return (
    <>
      <header className="flex h-12 items-center gap-3 border-line border-b px-4 text-soft md:px-6">
        <nav aria-label="Breadcrumbs" className="min-w-0">
          <ol className="flex min-w-0 items-center gap-1.5">
            {crumbs.map(([name, href]) => (
              <Fragment key={href}>
                <li className="shrink-0">
                  <Link href={href} prefetch={false} className="rounded-sm hover:text-ink hover:underline">
                    {name}
                  </Link>
                </li>
                <li aria-hidden className="text-faint">
                  /
                </li>
              </Fragment>
            ))}
            <li aria-current="page" className="truncate font-[550] text-ink">
              {here ?? title}
            </li>
          </ol>
        </nav>
        <PaletteButton />
      </header>
      <main id="main" tabIndex={-1} className={cn('px-4 pt-5 pb-12 outline-none md:px-6', narrow ? 'max-w-3xl' : 'max-w-[1240px]')}>
        <div className="flex flex-wrap items-start gap-x-6 gap-y-3">
          <div className="min-w-0">
            <h1 className="font-[620] text-xl tracking-[-0.012em]">{title}</h1>
            {sub ? <div className="text-soft">{sub}</div> : null}
          </div>
          {actions ? <div className="ml-auto flex flex-wrap items-center gap-2 pt-0.5">{actions}</div> : null}
        </div>
        {children}
      </main>
    </>
  );
}
