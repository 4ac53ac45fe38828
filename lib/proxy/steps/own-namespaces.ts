/**
 * A list or watch of namespaces shows only the person's own. The API server filters, by a selector that we put in the place of the client's
 * (joined with theirs, ours first); the person stays the person in the cluster's audit log. The right to list namespaces at all comes from one
 * reserved group, and that group goes on these requests and on no other: whatever is not recognised here is sent without it and gets what
 * RBAC gives.
 */
import { watchSetChanged } from '../answers.ts';
import type { Desk } from '../desk.ts';
import { setOf } from '../namespace-watches.ts';
import type { Authorized } from './authorize.ts';
import { type Description, describeTarget, firstValue } from './describe.ts';
import type { QueryPair, Target } from './target.ts';

export interface Scoped extends Authorized {
  /** The only namespaces that the answer may show; null when this is no listing of namespaces, or the person may list all. */
  readonly shownNamespaces: readonly string[] | null;
}

const nameLabel = 'kubernetes.io/metadata.name';
const matchesNothing = `${nameLabel},!${nameLabel}`;

export function ownNamespaces(former: Authorized, { world, namespaceWatches, now }: Desk): Scoped {
  const target = withoutLegacyWatch(former.target, former.description);
  const description = target === former.target ? former.description : describeTarget(former.arrival.method, target);
  const asked = { ...former, target, description };
  if (!listsNamespaces(former.arrival.method, description)) return { ...asked, shownNamespaces: null };
  const own = world.namespacesOf(former.person.id, former.cluster.id, now());
  if (own === 'all') return { ...asked, shownNamespaces: null };
  const set = setOf(own);
  if (description.verb === 'list') namespaceWatches.listed(former.credential.id, former.cluster.id, set);
  else if (resumes(target.query ?? []) && namespaceWatches.mustListAgain(former.credential.id, former.cluster.id, set))
    throw watchSetChanged();
  return { ...asked, target: { ...target, trailingSlash: false, query: withSelector(target.query ?? [], own) }, shownNamespaces: own };
}

export function listsNamespaces(method: string, { isResource, group, version, resource, subresource, verb }: Description): boolean {
  const reads = method === 'GET' || method === 'HEAD';
  return (
    reads &&
    isResource &&
    group === '' &&
    version === 'v1' &&
    resource === 'namespaces' &&
    subresource === '' &&
    (verb === 'list' || verb === 'watch')
  );
}

/** First duplicate wins at the API server, so all of the client's selectors go and one comes. Ours stands first: theirs cannot swallow it. */
export function withSelector(query: readonly QueryPair[], own: readonly string[]): QueryPair[] {
  const ours = own.length === 0 ? matchesNothing : `${nameLabel} in (${own.toSorted().join(',')})`;
  const theirs = firstValue(query, 'labelSelector')?.trim() ?? '';
  const others = query.filter(({ name }) => name !== 'labelSelector');
  return [...others, { name: 'labelSelector', value: theirs === '' ? ours : `${ours},${theirs}` }];
}

/** `/api/v1/watch/namespaces[/x]` ignores selectors when it is authorised: it becomes the same watch in today's spelling. */
function withoutLegacyWatch(target: Target, { legacyWatch, group, version, resource }: Description): Target {
  if (!legacyWatch || group !== '' || version !== 'v1' || resource !== 'namespaces' || target.query === null) return target;
  const name = target.segments[4];
  const kept = target.query.filter((pair) => pair.name !== 'watch' && !(name !== undefined && pair.name === 'fieldSelector'));
  return {
    ...target,
    segments: ['api', 'v1', 'namespaces'],
    trailingSlash: false,
    query: [
      ...kept,
      { name: 'watch', value: '1' },
      ...(name === undefined ? [] : [{ name: 'fieldSelector', value: `metadata.name=${name}` }]),
    ],
  };
}

/** A watch from now, or with the initial events, shows the whole set by itself; one from a version on does not. */
function resumes(query: readonly QueryPair[]): boolean {
  const version = firstValue(query, 'resourceVersion') ?? '';
  const sendsInitial = firstValue(query, 'sendInitialEvents')?.toLowerCase();
  return version !== '' && version !== '0' && sendsInitial !== 'true' && sendsInitial !== '1';
}
