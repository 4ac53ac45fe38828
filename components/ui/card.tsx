import type { ReactNode } from 'react';
import { cn } from './cn.ts';

export function Card({ children, dashed, className }: { children: ReactNode; dashed?: boolean; className?: string }) {
  return (
    <div className={cn('rounded-[9px] border border-line px-4 py-3.5', dashed && 'border-dashed border-line-strong', className)}>
      {children}
    </div>
  );
}
