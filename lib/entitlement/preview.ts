/**
 * What a grant or a changed role would do, before it is done: who gains, what each cluster would come to hold, what to think about. Pure;
 * the same compile that the reconciler runs, over the world as it would be.
 */
import { warningsOf } from './check-rules.ts';
import { clusterRoleName, compilePairs } from './compile.ts';
import { rolesThatInclude } from './inheritance.ts';
import { platformGroup } from './resolve.ts';
import { joinRules, powersIn } from './rules.ts';
import type { ClusterChange, GrantPreview, RolePreview, ScopeMatch, Warning } from './schema.ts';
import { canonicalText, list, type Place } from './scope.ts';
import type { KubeObject, PairInUse, PolicyRule, World, WorldCluster, WorldRole, WorldScope } from './types.ts';
import { placeInWords, standingInWords, viewRole, viewSubject } from './views.ts';
import { mayInWords } from './words.ts';

const sampleSize = 50;
const manyPeople = 500;
const protectedNamespace = /^(kube-.*|gatehouse-system)$/;

export function matchPlace(world: World, place: Place): ScopeMatch {
  const clusters: ScopeMatch['clusters'] = [];
  let namespaces = 0;
  for (const cluster of byName(world.clusters())) {
    const reach = world.reachOfPlace(place, cluster.id);
    if (reach === null) continue;
    clusters.push({ id: cluster.id, name: cluster.name, namespaces: reach === 'cluster' ? 'all' : [...reach] });
    namespaces += reach === 'cluster' ? world.namespaces(cluster.id).size : reach.length;
  }
  return { words: placeInWords(world, place), clusters, namespaces };
}

export interface ProposedGrant {
  readonly subject: { readonly kind: 'group' | 'person'; readonly id: string };
  readonly role: WorldRole;
  readonly place: Place;
  readonly until: Date | null;
}

export function previewGrant(world: World, grant: ProposedGrant, now: Date): GrantPreview {
  const { subject, role, place } = grant;
  const scope = scopeLike(world, place);
  const where = matchPlace(world, place);
  const people = peopleOf(world, grant, scope, now);
  return {
    subject: viewSubject(world, subject.kind, subject.id, now),
    role: { ...viewRole(role), may: mayInWords(world.effectiveRules(role.id)) },
    where,
    people,
    clusters: byName(world.clusters())
      .map((cluster) => changeOfGrant(world, cluster, scope, role, now))
      .filter(({ objects }) => objects.length > 0),
    warnings: warningsOfGrant(world, grant, where, people),
  };
}

/** The scope that stands for this place already, or one that would. */
function scopeLike(world: World, place: Place): WorldScope {
  return scopeOf(world, place) ?? { id: 's-new', ...place };
}

export function scopeOf(world: World, place: Place): WorldScope | undefined {
  const wanted = canonicalText(place);
  for (const scope of world.scopes()) if (canonicalText(scope) === wanted) return scope;
  return undefined;
}

function peopleOf(world: World, { subject, role }: ProposedGrant, scope: WorldScope, now: Date): GrantPreview['people'] {
  const ids = subject.kind === 'person' ? [subject.id] : [...world.membersOf(subject.id)];
  const people = ids
    .map((id) => world.person(id))
    .filter((person) => person !== undefined)
    .map((person) => ({
      id: person.id,
      displayName: person.displayName,
      upn: person.upn,
      department: person.department,
      standing: standingInWords(world, person.id, now),
      alreadyHad: world.bindingsOf(person.id, now).some((held) => held.roleId === role.id && held.scopeId === scope.id),
    }))
    .sort((a, b) => a.displayName.localeCompare(b.displayName));
  return {
    total: people.length,
    gain: people.filter(({ alreadyHad, standing }) => !alreadyHad && standing === 'live').length,
    alreadyHad: people.filter(({ alreadyHad }) => alreadyHad).length,
    notLive: people.filter(({ standing }) => standing !== 'live').length,
    sample: people.slice(0, sampleSize),
  };
}

function changeOfGrant(world: World, cluster: WorldCluster, scope: WorldScope, role: WorldRole, now: Date): ClusterChange {
  const before = world.pairsInUse(cluster.id, now);
  const group = platformGroup(world.installation.id, scope.id, role.id);
  const reach = world.reachOfPlace(scope, cluster.id);
  const after: readonly PairInUse[] =
    reach === null || before.some((pair) => pair.group === group) ? before : [...before, { group, scope, role, reach }];
  return {
    clusterId: cluster.id,
    cluster: cluster.name,
    state: cluster.state,
    objects: difference(compilePairs(world, before), compilePairs(world, after)),
  };
}

/** Compared by identity and content; the order of reading is that of the objects that would be. */
export function difference(existing: readonly KubeObject[], expected: readonly KubeObject[]): ClusterChange['objects'] {
  const key = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`;
  const say = (operation: 'create' | 'update' | 'delete', { kind, metadata }: KubeObject) => ({
    operation,
    kind,
    namespace: metadata.namespace ?? null,
    name: metadata.name,
  });
  const there = new Map(existing.map((object) => [key(object), object]));
  const wanted = new Set(expected.map(key));
  const changes: ClusterChange['objects'] = [];
  for (const object of expected) {
    const same = there.get(key(object));
    if (!same) changes.push(say('create', object));
    else if (JSON.stringify(same) !== JSON.stringify(object)) changes.push(say('update', object));
  }
  for (const object of existing) if (!wanted.has(key(object))) changes.push(say('delete', object));
  return changes;
}

function warningsOfGrant(
  world: World,
  { subject, role, place, until }: ProposedGrant,
  where: ScopeMatch,
  people: GrantPreview['people'],
): Warning[] {
  const warnings: Warning[] = [];
  const warn = (code: string, level: Warning['level'], message: string) => warnings.push({ code, level, message });
  if (role.portal === 'admin' && place.kind === 'all')
    warn('grant.administers', 'high', 'Whoever holds this also administers this platform: roles, grants, clusters and settings.');
  const inner = (place.namespaces ?? []).filter((name) => protectedNamespace.test(name));
  if (inner.length > 0)
    warn('grant.inner-namespace', 'high', `${list(inner)} runs the cluster itself: who may change it can become its administrator.`);
  if (subject.kind === 'group' && people.total === 0)
    warn('grant.empty-group', 'note', 'Nobody is in this group now; whoever joins it later gets this.');
  if (people.notLive > 0)
    warn('grant.not-live', 'note', `${people.notLive} of ${people.total} cannot sign in now; they get this if their account comes back.`);
  if (people.total > manyPeople) warn('grant.many-people', 'high', `${people.total.toLocaleString('en')} people get this.`);
  if (where.clusters.length === 0)
    warn('grant.matches-nothing', 'note', 'No cluster has such a place now; it takes hold once there is one.');
  if (until === null && role.portal === 'admin') warn('grant.endless', 'note', 'It has no end.');
  return [...warnings, ...warningsOf(world.effectiveRules(role.id))];
}

export function previewRole(
  world: World,
  id: string | undefined,
  rules: readonly PolicyRule[],
  inherits: readonly string[],
  now: Date,
): RolePreview {
  const current = id === undefined ? undefined : world.role(id);
  const after = rulesAfter(world, id, rules, inherits);
  const before = current ? world.effectiveRules(current.id) : [];
  const [powersBefore, powersAfter] = [powersIn(before), powersIn(after)];
  const heirs = current ? rolesThatInclude(world, current.id) : new Set<string>();
  return {
    may: mayInWords(after),
    effectiveRules: after as RolePreview['effectiveRules'],
    added: [...powersAfter].filter((power) => !powersBefore.has(power)).sort(),
    removed: [...powersBefore].filter((power) => !powersAfter.has(power)).sort(),
    people: holdersOf(world, heirs, now).size,
    clusters: byName(world.clusters())
      .map((cluster) => ({
        clusterId: cluster.id,
        cluster: cluster.name,
        state: cluster.state,
        objects: sameSet(powersBefore, powersAfter) ? [] : updatedRoles(world, cluster, heirs, now),
      }))
      .filter(({ objects }) => objects.length > 0),
    warnings: warningsOf(after),
  };
}

/** A role's rules if they were these, whatever it inherits. */
export function rulesAfter(
  world: World,
  id: string | undefined,
  rules: readonly PolicyRule[],
  inherits: readonly string[],
): readonly PolicyRule[] {
  const proposed: WorldRole = {
    id: id ?? 'r-new',
    name: '',
    title: '',
    description: '',
    builtin: false,
    grantableOn: [],
    rules,
    inherits,
    portal: null,
    version: 0,
  };
  return joinRules(proposed, (roleId) => (roleId === proposed.id ? proposed : world.role(roleId)));
}

export function holdersOf(world: World, roleIds: ReadonlySet<string>, now: Date): ReadonlySet<string> {
  const holders = new Set<string>();
  for (const { roleId, subjectKind, subjectId } of world.liveBindings(now)) {
    if (!roleIds.has(roleId)) continue;
    if (subjectKind === 'person') holders.add(subjectId);
    else for (const personId of world.membersOf(subjectId)) holders.add(personId);
  }
  return holders;
}

function updatedRoles(world: World, cluster: WorldCluster, roleIds: ReadonlySet<string>, now: Date): ClusterChange['objects'] {
  const inUse = new Set(world.pairsInUse(cluster.id, now).map(({ role }) => role.id));
  return [...roleIds]
    .filter((roleId) => inUse.has(roleId))
    .sort()
    .map((roleId) => ({
      operation: 'update' as const,
      kind: 'ClusterRole',
      namespace: null,
      name: clusterRoleName(world.installation.id, roleId),
    }));
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((member) => b.has(member));
}

function byName(clusters: Iterable<WorldCluster>): WorldCluster[] {
  return [...clusters].sort((a, b) => (a.name < b.name ? -1 : 1));
}
