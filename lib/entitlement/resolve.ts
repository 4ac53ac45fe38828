import type { Facts } from './facts.ts';
import { joinRules, permits } from './rules.ts';
import { reachOf } from './scope.ts';
import { standingOf } from './standing.ts';
import type {
  EntitledPerson,
  LiveBinding,
  PairInUse,
  PolicyRule,
  PortalPowers,
  Reach,
  Refusal,
  WorldBinding,
  WorldNamespace,
  WorldRole,
  WorldScope,
} from './types.ts';

const noNamespaces: ReadonlyMap<string, WorldNamespace> = new Map();

export function platformGroup(installationId: string, scopeId: string, roleId: string): string {
  return `gatehouse:${installationId}:${scopeId}:${roleId}`;
}

/** What one person holds on one cluster, found once and good until a fact changes or the first of these bindings ends. */
interface Holding extends Span {
  readonly pairs: readonly PairInUse[];
  readonly groups: readonly string[];
  /** Found when first asked for. */
  namespaces: 'all' | readonly string[] | null;
}

interface Span {
  readonly from: number;
  readonly until: number;
}

const nothing: Holding = { pairs: [], groups: [], namespaces: [], from: 0, until: 0 };
const rememberedMax = 50_000;

/**
 * From facts to answers: who holds what, where, now. Everything here errs towards "no": a binding whose role, scope, group, project or
 * cluster is unknown or removed gives nothing, and an account that is not live carries no platform group anywhere.
 */
export class Resolver {
  readonly #facts: Facts;
  readonly #installationId: string;
  readonly #reaches = new Map<string, Reach | null>();
  readonly #rules = new Map<string, readonly PolicyRule[]>();
  readonly #holdings = new Map<string, Holding>();
  readonly #powers = new Map<string, Span & { readonly powers: PortalPowers }>();

  constructor(facts: Facts, installationId: string) {
    this.#facts = facts;
    this.#installationId = installationId;
  }

  /** To be called after every change of facts, in the same step: what was remembered of scopes, rules and people may no longer hold. */
  forget(): void {
    this.#reaches.clear();
    this.#rules.clear();
    this.#holdings.clear();
    this.#powers.clear();
  }

  standing(personId: string, now: Date): 'live' | Refusal {
    const person = this.#facts.directory.people.get(personId);
    return standingOf(person, person && this.#facts.directory.directories.get(person.directoryId), now);
  }

  effectiveRules(roleId: string): readonly PolicyRule[] {
    const role = this.#facts.roles.get(roleId);
    if (!role) return [];
    const remembered = this.#rules.get(roleId);
    if (remembered) return remembered;
    const rules = joinRules(role, (id) => this.#facts.roles.get(id));
    this.#rules.set(roleId, rules);
    return rules;
  }

  reach(scope: WorldScope, clusterId: string): Reach | null {
    const key = `${scope.id} ${clusterId}`;
    const remembered = this.#reaches.get(key);
    if (remembered !== undefined) return remembered;
    const reach = this.reachOfPlace(scope, clusterId);
    this.#reaches.set(key, reach);
    return reach;
  }

  /** As `reach`, for a place that is no scope of ours yet. */
  reachOfPlace(place: Omit<WorldScope, 'id'>, clusterId: string): Reach | null {
    const cluster = this.#facts.clusters.get(clusterId);
    return cluster
      ? reachOf(place, cluster, {
          namespacesOn: (id) => this.#facts.namespaces.get(id) ?? noNamespaces,
          projectNamespacesOn: (id) => this.#facts.projectNamespacesByCluster.get(id) ?? [],
          projectIsThere: (id) => this.#facts.projects.has(id),
        })
      : null;
  }

  bindingsOf(personId: string, now: Date): readonly LiveBinding[] {
    const found: LiveBinding[] = [];
    for (const subjectId of [personId, ...this.#facts.directory.graph.groupsOf(personId)]) {
      for (const binding of this.#facts.bindingsBySubject.get(subjectId) ?? []) if (this.#lives(binding, now)) found.push(binding);
    }
    return found;
  }

  liveBindings(now: Date): readonly LiveBinding[] {
    return [...this.#facts.bindings.values()].filter((binding) => this.#lives(binding, now));
  }

  platformGroups(personId: string, clusterId: string, now: Date): readonly string[] {
    return this.#holding(personId, clusterId, now).groups;
  }

  namespacesOf(personId: string, clusterId: string, now: Date): 'all' | readonly string[] {
    const holding = this.#holding(personId, clusterId, now);
    holding.namespaces ??= this.#namespacesOf(holding.pairs);
    return holding.namespaces;
  }

  #namespacesOf(pairs: readonly PairInUse[]): 'all' | readonly string[] {
    if (pairs.some(({ reach, role }) => reach === 'cluster' && this.#listsNamespaces(role))) return 'all';
    const names = new Set<string>();
    for (const { reach } of pairs) if (reach !== 'cluster') for (const name of reach) names.add(name);
    return [...names].sort();
  }

  portalPowers(personId: string, now: Date): PortalPowers {
    if (this.standing(personId, now) !== 'live') return { admin: false, auditor: false };
    const known = this.#powers.get(personId);
    if (known && holds(known, now)) return known.powers;
    const bindings = this.bindingsOf(personId, now);
    const found = new Set<string>();
    for (const { roleId, scopeId } of bindings) {
      const portal = this.#facts.roles.get(roleId)?.portal;
      if (portal && this.#facts.scopes.get(scopeId)?.kind === 'all') found.add(portal);
    }
    const powers = { admin: found.has('admin'), auditor: found.has('auditor') };
    if (this.#powers.size >= rememberedMax) this.#powers.clear();
    this.#powers.set(personId, { powers, ...spanOf(bindings, now) });
    return powers;
  }

  pairsInUse(clusterId: string, now: Date): readonly PairInUse[] {
    return this.#pairs(this.liveBindings(now), clusterId);
  }

  /** A locked account counts: locks come and go by the minute, and a name the cluster knows opens nothing by itself. */
  entitledPeople(clusterId: string, now: Date): readonly EntitledPerson[] {
    const subjects = new Set<string>();
    for (const { scopeId, subjectId } of this.liveBindings(now)) {
      const scope = this.#facts.scopes.get(scopeId);
      if (scope && this.reach(scope, clusterId) !== null) subjects.add(subjectId);
    }
    // One walk for all groups together: they overlap, and this is asked at every change of every cluster.
    const holders = new Set([...subjects, ...this.#facts.directory.graph.membersOf(...subjects)]);
    const entitled: EntitledPerson[] = [];
    for (const personId of holders) {
      const person = this.#facts.directory.people.get(personId);
      const standing = this.standing(personId, now);
      if (person && (standing === 'live' || standing.reason === 'locked'))
        entitled.push({ personId, wireName: person.wireName, objectGuid: person.objectGuid });
    }
    return entitled.sort((a, b) => (a.wireName < b.wireName ? -1 : 1));
  }

  membersOf(groupId: string): ReadonlySet<string> {
    const people = new Set<string>();
    for (const id of this.#facts.directory.graph.membersOf(groupId)) if (this.#facts.directory.people.has(id)) people.add(id);
    return people;
  }

  nextEnd(now: Date): number | null {
    let next: number | null = null;
    for (const { until } of this.liveBindings(now)) if (until !== null && (next === null || until < next)) next = until;
    return next;
  }

  /** Whether the account is live is asked each time: that too ends by the clock. */
  #holding(personId: string, clusterId: string, now: Date): Holding {
    if (this.standing(personId, now) !== 'live') return nothing;
    const key = `${personId} ${clusterId}`;
    const known = this.#holdings.get(key);
    if (known && holds(known, now)) return known;
    const bindings = this.bindingsOf(personId, now);
    const pairs = this.#pairs(bindings, clusterId);
    const found: Holding = { pairs, groups: pairs.map(({ group }) => group), namespaces: null, ...spanOf(bindings, now) };
    if (this.#holdings.size >= rememberedMax) this.#holdings.clear();
    this.#holdings.set(key, found);
    return found;
  }

  #pairs(bindings: readonly LiveBinding[], clusterId: string): PairInUse[] {
    const pairs = new Map<string, PairInUse>();
    for (const { scopeId, roleId } of bindings) {
      const group = platformGroup(this.#installationId, scopeId, roleId);
      const scope = this.#facts.scopes.get(scopeId);
      const role = this.#facts.roles.get(roleId);
      if (pairs.has(group) || !scope || !role) continue;
      const reach = this.reach(scope, clusterId);
      if (reach !== null) pairs.set(group, { group, scope, role, reach });
    }
    return [...pairs.values()].sort((a, b) => (a.group < b.group ? -1 : 1));
  }

  #lives({ until, roleId, scopeId }: WorldBinding, now: Date): boolean {
    return (until === null || until > now.getTime()) && this.#facts.roles.has(roleId) && this.#facts.scopes.has(scopeId);
  }

  #listsNamespaces(role: WorldRole): boolean {
    return this.effectiveRules(role.id).some((rule) => permits(rule, { verb: 'list', apiGroup: '', resource: 'namespaces' }));
  }
}

/** What rests on these bindings holds from now until the first of them ends. A clock that was set back asks anew. */
function spanOf(bindings: readonly LiveBinding[], now: Date): Span {
  const until = bindings.reduce((first, { until: end }) => (end === null ? first : Math.min(first, end)), Number.POSITIVE_INFINITY);
  return { from: now.getTime(), until };
}

function holds({ from, until }: Span, now: Date): boolean {
  const at = now.getTime();
  return from <= at && at < until;
}
