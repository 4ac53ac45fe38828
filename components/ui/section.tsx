import { type ReactNode, useId } from 'react';
import { cn } from './cn.ts';

export function Section({
  title,
  actions,
  children,
  className,
}: {
  title: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={cn('mt-7', className)}>
      <div className="mb-1 flex min-h-7 items-center gap-3">
        <h2 id={id} className="font-semibold">
          {title}
        </h2>
        {actions ? <div className="ml-auto flex items-center gap-2">{actions}</div> : null}
      </div>
      {children}
    </section>
  );
}

/** A wide column and a narrow one; beneath each other where there is no room. */
export function Columns({ children }: { children: ReactNode }) {
  return <div className="grid gap-x-7 lg:grid-cols-[minmax(0,1fr)_372px]">{children}</div>;
}
