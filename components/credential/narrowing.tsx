import { Tag } from '#components/ui/tag.tsx';

const namesMax = 3;

/** What a credential is for, where it is for less than its person: as short as a table can bear, in full where the pointer rests. */
export function Narrowing({
  readOnly,
  clusters,
  namespaces,
}: {
  readOnly: boolean;
  clusters: readonly string[] | null;
  namespaces: readonly string[] | null;
}) {
  return (
    <>
      {readOnly ? <Tag>read only</Tag> : null}
      {clusters ? <Only what={clusters} /> : null}
      {namespaces ? <Only of={namespaces.length === 1 ? 'namespace' : 'namespaces'} what={namespaces} /> : null}
    </>
  );
}

function Only({ of, what }: { of?: string; what: readonly string[] }) {
  const more = what.length > namesMax ? ` and ${what.length - namesMax} more` : '';
  return (
    <span className="text-faint" title={what.join(', ')}>
      {' '}
      only {of ? `${of} ` : ''}
      {what.slice(0, namesMax).join(', ')}
      {more}
    </span>
  );
}
