'use client';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { cn } from '#components/ui/cn.ts';
import { Note } from '#components/ui/note.tsx';
import { Section } from '#components/ui/section.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import type { Previewed } from './use-role-preview.ts';
import { May, Warnings } from './warnings.tsx';
import { countOf } from './words.ts';

const listedAtMost = 200;

/** Beside the rules while they are typed: what they mean, what to think about, whom a change touches. */
export function RolePreviewPanel({ preview, problem, unreadable, busy, changing }: Previewed & { changing: boolean }) {
  if (unreadable)
    return (
      <div className="mt-7">
        <Note tone="bad" live>
          {unreadable}
        </Note>
      </div>
    );
  if (problem)
    return (
      <div className="mt-7">
        <ApiProblemNote problem={problem} fieldsShown={Object.keys(problem.fields)} />
      </div>
    );
  if (!preview)
    return (
      <div className="mt-7 grid gap-2" role="status">
        <span className="sr-only">Reading the rules</span>
        <Skeleton className="w-2/3" />
        <Skeleton className="w-1/2" />
      </div>
    );
  return (
    <div aria-live="polite" aria-busy={busy} className={busy ? 'opacity-70' : undefined}>
      <Section title="In plain words">
        <May may={preview.may} empty="Nothing yet. Write a rule, or inherit a role." />
      </Section>
      {preview.warnings.length > 0 ? (
        <Section title="To think about">
          <Warnings warnings={preview.warnings} />
        </Section>
      ) : null}
      {changing ? (
        <Section title="What changes">
          <p className="mb-2">
            {preview.added.length + preview.removed.length === 0
              ? 'Nothing: it permits what it permitted.'
              : `For ${countOf(preview.people, 'person', 'people')}, on ${countOf(preview.clusters.length, 'cluster', 'clusters')}${preview.clusters.length > 0 ? ` (${preview.clusters.map(({ cluster }) => cluster).join(', ')})` : ''}.`}
          </p>
          <Powers label="Gained" sign="+" powers={preview.added} className="text-ok" />
          <Powers label="Lost" sign="−" powers={preview.removed} className="text-bad" />
        </Section>
      ) : null}
    </div>
  );
}

function Powers({ label, sign, powers, className }: { label: string; sign: string; powers: readonly string[]; className: string }) {
  if (powers.length === 0) return null;
  return (
    <div className="mb-2">
      <h3 className="text-faint text-xs">
        {label}, {powers.length.toLocaleString('en')}
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <ul className={cn('max-h-60 overflow-y-auto', className)} tabIndex={0} aria-label={label}>
        {powers.slice(0, listedAtMost).map((power) => (
          <li key={power}>
            <code>
              {sign} {power}
            </code>
          </li>
        ))}
      </ul>
      {powers.length > listedAtMost ? (
        <p className="text-soft text-sm">and {(powers.length - listedAtMost).toLocaleString('en')} more</p>
      ) : null}
    </div>
  );
}
