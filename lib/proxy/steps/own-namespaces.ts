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
import { listsNamespaces, shownNamespaces } from './narrowing.ts';
import type { QueryPair, Target } from './target.ts';

export interface Scoped extends Authorized {
  /** The only namespaces that the answer may show; null when this is no listing of namespaces, or person and credential may list all. */
  readonly shownNamespaces: readonly string[] | null;
}

const nameLabel = 'kubernetes.io/metadata.name';
/** No object has a label and has it not. */
export const matchesNothing = `${nameLabel},!${nameLabel}`;

export function ownNamespaces(former: Authorized, desk: Desk): Scoped | Promise<Scoped> {
  const target = withoutLegacyWatch(former.target, former.description);
  const description = target === former.target ? former.description : describeTarget(former.arrival.method, target);
  const asked = { ...former, target, description };
  if (!listsNamespaces(former.arrival.method, description)) return { ...asked, shownNamespaces: null };
  const own = shownNamespaces(desk.world.namespacesOf(former.person.id, former.cluster.id, desk.now()), former.credential.namespaces);
  const scoped: Scoped =
    own === null
      ? { ...asked, shownNamespaces: null }
      : { ...asked, target: { ...target, trailingSlash: false, query: withSelector(target.query ?? [], own) }, shownNamespaces: own };
  const unseen = requireSeen(asked, own, desk);
  return unseen === null ? scoped : unseen.then(() => scoped);
}

/** What is shown from now on must follow upon what the client has listed; null when that is known without asking. */
function requireSeen(asked: Authorized, own: readonly string[] | null, { namespaceWatches, revision }: Desk): Promise<void> | null {
  const lister = {
    credentialId: asked.credential.id,
    clusterId: asked.cluster.id,
    set: setOf(own),
    revision: () => revision(asked, own !== null),
  };
  const from = asked.description.verb === 'watch' ? resumesFrom(asked.target.query ?? []) : null;
  if (from === null) return namespaceWatches.beforeList(lister);
  const mustListAgain = namespaceWatches.mustListAgain(lister, from);
  if (mustListAgain === true) throw watchSetChanged();
  if (mustListAgain === false) return null;
  return mustListAgain.then((must) => {
    if (must) throw watchSetChanged();
  });
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

/**
 * The version from which a watch goes on; null for one that shows the whole set by itself: from now, from anywhere, or with the initial events.
 * What is no number the API server refuses itself.
 */
function resumesFrom(query: readonly QueryPair[]): bigint | null {
  const version = firstValue(query, 'resourceVersion') ?? '';
  const sendsInitial = firstValue(query, 'sendInitialEvents')?.toLowerCase();
  if (!/^[0-9]{1,19}$/.test(version) || BigInt(version) === 0n || sendsInitial === 'true' || sendsInitial === '1') return null;
  return BigInt(version);
}
