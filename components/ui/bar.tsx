import { cn } from './cn.ts';

/** How much of what may be used is used. Says it in words too. */
export function Bar({ label, used, hard, share }: { label: string; used: string; hard: string; share: number }) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div>
      <div className="mb-0.5 flex justify-between gap-3">
        <span>{label}</span>
        <span className="text-soft">
          {used} of {hard}
        </span>
      </div>
      <div aria-hidden className="h-1.5 overflow-hidden rounded-full bg-line">
        <div
          className={cn('h-full', percent >= 100 ? 'bg-bad' : percent >= 85 ? 'bg-warn' : 'bg-accent')}
          style={{ width: `${percent}%` }}
        />
      </div>
    </div>
  );
}
