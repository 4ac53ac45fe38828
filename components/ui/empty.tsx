import type { ReactNode } from 'react';

/** What this place is for, and the one thing that fills it. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="mt-3 rounded-lg border border-line-strong border-dashed px-5 py-7">
      <p className="font-medium">{title}</p>
      {children ? <div className="mt-1 max-w-prose text-soft">{children}</div> : null}
      {action ? <div className="mt-3">{action}</div> : null}
    </div>
  );
}
