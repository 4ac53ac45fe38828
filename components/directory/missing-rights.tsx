import { CodeBlock } from '#components/ui/code-block.tsx';
import { Note } from '#components/ui/note.tsx';
import type { DirectoryView } from '#lib/directory/people/schema.ts';

/** What the sync account may not do, what that costs, and the exact command that mends it. */
export function MissingRights({ rights }: { rights: DirectoryView['missingRights'] }) {
  return rights.map(({ right, without, windows, samba }) => (
    <Note key={right} tone="warn">
      <p>
        The sync account lacks <b className="font-semibold">{right}</b> on the domain. {without}
      </p>
      <details className="mt-1">
        <summary className="w-fit rounded-sm text-accent hover:underline">The command that grants it</summary>
        <div className="mt-2 grid gap-3">
          <div>
            <p className="mb-1 text-soft text-sm">On a Windows domain controller, as a domain admin:</p>
            <CodeBlock label={`Grant ${right} on Windows`} text={windows.join('\n')} />
          </div>
          <div>
            <p className="mb-1 text-soft text-sm">On a Samba domain controller, as root; the second shows it the deleted:</p>
            <CodeBlock label={`Grant ${right} on Samba`} text={samba.join('\n')} />
          </div>
          <p className="text-soft text-sm">Then have the directory read again. It never needs Replicating Directory Changes All.</p>
        </div>
      </details>
    </Note>
  ));
}
