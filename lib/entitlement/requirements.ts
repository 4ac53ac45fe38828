import { fault } from '#lib/errors/fault.ts';
import { requireSoundRules } from './check-rules.ts';
import { rolesThatInclude } from './inheritance.ts';
import type { ScopeInput } from './schema.ts';
import { list, type Place, placeOf } from './scope.ts';
import type { GrantPlace, PolicyRule, ScopeKind, World, WorldRole } from './types.ts';

// What must be true of an input before anything is written or previewed. Each fault says what and what to do.

export function requireRole(world: World, id: string): WorldRole {
  const role = world.role(id);
  if (!role) throw fault('not-found', 'role.not-found', 'There is no such role.');
  return role;
}

export function requireSubject(world: World, { kind, id }: { readonly kind: 'group' | 'person'; readonly id: string }): string {
  if (kind === 'person') {
    const person = world.person(id);
    if (!person || person.deleted) throw fault('not-found', 'grant.no-such-person', 'There is no such person in the directory.');
    return person.displayName;
  }
  const group = world.group(id);
  if (!group || group.deleted) throw fault('not-found', 'grant.no-such-group', 'There is no such group in the directory.');
  if (!group.security)
    throw fault(
      'bad-input',
      'grant.distribution-group',
      `${group.name} is a distribution group and carries no rights. Choose a security group.`,
    );
  return group.name;
}

const placeOfKind: Readonly<Record<ScopeKind, GrantPlace>> = {
  all: 'all',
  labels: 'cluster',
  cluster: 'cluster',
  project: 'project',
  namespaces: 'namespaces',
};

const placeInWords: Readonly<Record<GrantPlace, string>> = {
  all: 'all clusters',
  cluster: 'a cluster',
  project: 'a project',
  namespaces: 'namespaces',
};

/** The place an input means, if it is there and (given a role) if that role may be granted there. */
export function requirePlace(world: World, input: ScopeInput, role: WorldRole | null): Place {
  const place = placeOf(input);
  if (place.clusterId && !world.cluster(place.clusterId)) throw fault('not-found', 'scope.no-such-cluster', 'There is no such cluster.');
  if (place.projectId && !world.project(place.projectId)) throw fault('not-found', 'scope.no-such-project', 'There is no such project.');
  if (input.kind === 'namespaces' && input.clusterId && input.selector)
    throw fault('bad-input', 'scope.said-twice', 'Say either one cluster or labels of clusters, not both.');
  const kind = placeOfKind[place.kind];
  if (role && !role.grantableOn.includes(kind)) {
    const may = list(role.grantableOn.map((where) => placeInWords[where]));
    throw fault('bad-input', 'grant.not-there', `${role.title} cannot be granted on ${placeInWords[kind]}, only on ${may}.`);
  }
  return place;
}

export function requireInheritable(world: World, id: string | undefined, inherits: readonly string[]): void {
  const below = id === undefined ? new Set<string>() : rolesThatInclude(world, id);
  for (const parentId of inherits) {
    const parent = world.role(parentId);
    if (!parent) throw fault('bad-input', 'role.no-such-parent', 'It inherits a role that does not exist. Take it out.');
    if (below.has(parentId))
      throw fault('bad-input', 'role.inherits-itself', `${parent.title} inherits this role already: that would be a circle.`);
    if (parent.portal)
      throw fault('bad-input', 'role.inherits-portal', `${parent.title} also means something in this portal and cannot be inherited.`);
  }
}

export function requireGrantable(rules: readonly PolicyRule[], grantableOn: readonly GrantPlace[]): void {
  requireSoundRules(rules, grantableOn);
}

export function requireFuture(until: string | null | undefined, now: Date): Date | null {
  if (!until) return null;
  const end = new Date(until);
  if (end <= now)
    throw fault('bad-input', 'grant.ends-before-it-begins', 'The end lies in the past. Choose a later one, or none.', {
      fields: { until: 'Lies in the past.' },
    });
  return end;
}
