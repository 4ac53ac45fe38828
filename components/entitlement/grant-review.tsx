import { cn } from '#components/ui/cn.ts';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { Note } from '#components/ui/note.tsx';
import { Section } from '#components/ui/section.tsx';
import { Status } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import type { ClusterChange, GrantPreview, Warning } from '#lib/entitlement/schema.ts';

/** What would change for people, and what on clusters. */
export function GrantReview({ preview }: { preview: GrantPreview }) {
  return (
    <div>
      <Section title="What changes for people">
        <PeopleDiff preview={preview} />
      </Section>
      <Section title="What changes on clusters">
        <ObjectDiff clusters={preview.clusters} />
      </Section>
    </div>
  );
}

function PeopleDiff({ preview: { people, role } }: { preview: GrantPreview }) {
  return (
    <>
      <Table label="What changes for people">
        <Head>
          <Th>Who</Th>
          <Th>Gains</Th>
        </Head>
        <tbody>
          <Row>
            <Td>
              <b className="font-semibold">{people.gain.toLocaleString('en')}</b> {people.gain === 1 ? 'person' : 'people'}
            </Td>
            <Td className="text-ok">{role.may.join('; ') || 'nothing by itself'}</Td>
          </Row>
          {people.alreadyHad > 0 ? (
            <Row>
              <Td>
                <b className="font-semibold">{people.alreadyHad.toLocaleString('en')}</b> more
              </Td>
              <Td className="text-soft">nothing new: they hold it by another grant</Td>
            </Row>
          ) : null}
          {people.notLive > 0 ? (
            <Row>
              <Td>
                <b className="font-semibold">{people.notLive.toLocaleString('en')}</b> disabled, expired or locked
              </Td>
              <Td className="text-soft">nothing, until the directory enables them</Td>
            </Row>
          ) : null}
        </tbody>
      </Table>
      {people.sample.length > 0 ? (
        <details className="mt-2">
          <summary className="w-fit rounded-sm text-accent hover:underline">Who they are</summary>
          <ul className="mt-1 columns-1 gap-6 sm:columns-2">
            {people.sample.map(({ id, displayName, upn, standing }) => (
              <li key={id} className="truncate">
                <span className={cn(standing !== 'live' && 'line-through')}>{displayName}</span>{' '}
                <span className="text-faint">{standing === 'live' ? upn : standing}</span>
              </li>
            ))}
          </ul>
          {people.total > people.sample.length ? (
            <p className="text-faint">and {(people.total - people.sample.length).toLocaleString('en')} more</p>
          ) : null}
        </details>
      ) : null}
    </>
  );
}

export function ObjectDiff({ clusters }: { clusters: readonly ClusterChange[] }) {
  if (clusters.length === 0)
    return (
      <p className="text-soft">Nothing has to be written to any cluster: the rights stand there already, or there is no such place yet.</p>
    );
  return (
    <Table label="What changes on clusters">
      <Head>
        <Th>Cluster</Th>
        <Th>Objects</Th>
      </Head>
      <tbody>
        {clusters.map(({ clusterId, cluster, state, objects }) => (
          <Row key={clusterId}>
            <Td className="font-medium">
              {cluster} {state === 'ready' ? null : <Status tone="warn">{state}</Status>}
            </Td>
            <Td>
              {objects.length === 0 ? (
                <span className="text-soft">nothing to write: it holds at once</span>
              ) : (
                <details>
                  <summary className="w-fit rounded-sm hover:underline">
                    <ObjectCounts objects={objects} />
                  </summary>
                  <CodeBlock label={`Objects on ${cluster}`} text={objects.map(objectLine).join('\n')} className="mt-1.5" />
                </details>
              )}
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

const signs = { create: '+', update: '~', delete: '−' } as const;
const colours = { create: 'text-ok', update: 'text-warn', delete: 'text-bad' } as const;

function ObjectCounts({ objects }: { objects: ClusterChange['objects'] }) {
  const kinds = [...new Set(objects.map(({ operation, kind }) => `${operation} ${kind}`))];
  return kinds.map((each, index) => {
    const [operation = 'create', kind = ''] = each.split(' ') as [keyof typeof signs, string];
    const many = objects.filter((object) => object.operation === operation && object.kind === kind).length;
    return (
      <span key={each} className={colours[operation]}>
        {index > 0 ? ', ' : ''}
        {signs[operation]}
        {many} {kind}
        {many === 1 ? '' : 's'}
      </span>
    );
  });
}

function objectLine({ operation, kind, namespace, name }: ClusterChange['objects'][number]): string {
  return `${signs[operation]} ${kind} ${namespace ? `${namespace}/` : ''}${name}`;
}

export function WarningNotes({ warnings }: { warnings: readonly Warning[] }) {
  return warnings.map(({ code, level, message }) => (
    <Note key={code + message} tone={level === 'high' ? 'warn' : undefined}>
      {message}
    </Note>
  ));
}
