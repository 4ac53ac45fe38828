import { Note } from '#components/ui/note.tsx';
import type { Warning } from '#lib/entitlement/schema.ts';

/** What a reviewer must know; the grave ones first. */
export function Warnings({ warnings }: { warnings: readonly Warning[] }) {
  if (warnings.length === 0) return null;
  const grave = (warning: Warning) => Number(warning.level === 'high');
  return (
    <ul className="grid gap-2">
      {[...warnings]
        .sort((a, b) => grave(b) - grave(a))
        .map(({ code, level, message }) => (
          <li key={code + message}>
            <Note tone={level === 'high' ? 'warn' : undefined}>
              {level === 'high' ? <span className="font-semibold">Take care. </span> : null}
              {message}
            </Note>
          </li>
        ))}
    </ul>
  );
}

/** "May read pods; open a shell in pods." as a list. */
export function May({ may, empty = 'Nothing in a cluster.' }: { may: readonly string[]; empty?: string }) {
  if (may.length === 0) return <p className="text-faint">{empty}</p>;
  return (
    <ul className="list-disc pl-4 marker:text-faint">
      {may.map((words) => (
        <li key={words}>{words}</li>
      ))}
    </ul>
  );
}
