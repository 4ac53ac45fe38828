import type { ReactNode } from 'react';

export function Kbd({ children }: { children: ReactNode }) {
  return <kbd className="rounded border border-line-strong px-1 text-[11px] text-soft leading-4">{children}</kbd>;
}
