import { SearchField } from '#components/ui/filters.tsx';
import { Section } from '#components/ui/section.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { PowersView } from '#lib/cluster/powers-schema.ts';
import type { ClusterDetail } from '#lib/cluster/schema.ts';
import { SwitchStrict } from './switch-strict.tsx';

type Props = { cluster: ClusterDetail; powers: PowersView; people: number; mayChange: boolean };

/** What both accounts may do in the cluster, as whom, and what the door's would be worth to a thief. */
export function PowersSection({ cluster, powers, people, mayChange }: Props) {
  const { door, reconciler, mode, strict, modeMeans, names } = powers;
  return (
    <Section
      title="What this platform may do here"
      actions={mayChange ? <SwitchStrict cluster={cluster} mode={mode} people={people} /> : null}
    >
      <div className="grid gap-2">
        <p className="flex flex-wrap items-center gap-1.5">
          <code>{door.account}</code>
          {strict ? <Tag tone="ok">strict</Tag> : <Tag tone="warn">not strict</Tag>}
          <Tag tone={mode === 'constrained' ? 'ok' : undefined}>{mode}</Tag>
        </p>
        <Sentences sentences={door.sentences} />
        <p className="text-soft">{modeMeans}</p>
        {strict ? <Names names={names} /> : null}
        <Groups groups={door.groups} />
        <p>
          <code>{reconciler.account}</code>
        </p>
        <Sentences sentences={reconciler.sentences} />
      </div>
    </Section>
  );
}

function Sentences({ sentences }: { sentences: readonly string[] }) {
  return (
    <ul className="list-disc pl-4 text-soft">
      {sentences.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

function Names({ names: { total, matching, people } }: { names: PowersView['names'] }) {
  if (total === 0) return <p className="text-soft">No name is confirmed there yet: nobody can come in.</p>;
  const more = matching - people.length;
  return (
    <details open={matching !== total}>
      <summary className="w-fit rounded-sm text-accent hover:underline">
        {total === 1 ? 'The one person' : `The ${total.toLocaleString('en')} people`} as whom it may act
      </summary>
      <SearchField name="name" label="Find a name" className="my-2" />
      <ul className="max-h-80 overflow-y-auto">
        {people.map(({ personId, wireName, displayName }) => (
          <li key={wireName}>
            <TextLink href={`/admin/people/${personId}`}>{displayName}</TextLink>{' '}
            <code className="break-all text-faint text-xs">{wireName}</code>
          </li>
        ))}
      </ul>
      {matching === 0 ? <p className="text-soft">Nobody of that name.</p> : null}
      {more > 0 ? <p className="text-soft">and {more.toLocaleString('en')} more; type a name to find one.</p> : null}
    </details>
  );
}

function Groups({ groups }: { groups: readonly string[] }) {
  if (groups.length === 0) return null;
  return (
    <details>
      <summary className="w-fit rounded-sm text-accent hover:underline">
        The {groups.length.toLocaleString('en')} groups that it may give them
      </summary>
      <ul className="max-h-80 overflow-y-auto">
        {groups.map((group) => (
          <li key={group}>
            <code className="break-all text-xs">{group}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}
