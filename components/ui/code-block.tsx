import { cn } from './cn.ts';
import { CopyButton } from './copy.tsx';

/** Commands or a document, to read and to copy. */
export function CodeBlock({ text, label, copy = true, className }: { text: string; label: string; copy?: boolean; className?: string }) {
  return (
    <div className={cn('relative rounded-[7px] bg-sunk', className)}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section aria-label={label} tabIndex={0} className="max-h-[28rem] overflow-auto rounded-[7px]">
        <pre className="px-3 py-2.5 pr-10 leading-[19px]">{text}</pre>
      </section>
      {copy ? (
        <div className="absolute top-1.5 right-1.5 rounded-md bg-sunk">
          <CopyButton text={text} label={`Copy: ${label}`} />
        </div>
      ) : null}
    </div>
  );
}
