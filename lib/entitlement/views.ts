import type { ScopeView, SubjectView } from './schema.ts';
import { type Place, scopeInWords } from './scope.ts';
import type { RefusalReason, World, WorldRole, WorldScope } from './types.ts';

// How the world's rows look to people. Pure; every screen and answer says the same thing the same way.

const refusalInWords: Readonly<Record<RefusalReason, string>> = {
  disabled: 'disabled in the directory',
  expired: 'account expired',
  locked: 'locked out for now',
  'outside-hours': 'outside the hours in which the directory lets them in',
  deleted: 'deleted in the directory',
  'out-of-scope': 'no longer in the part of the directory that is read',
  cut: 'cut off by an administrator',
  unknown: 'not known',
};

export function standingInWords(world: World, personId: string, now: Date): string {
  const standing = world.standing(personId, now);
  return standing === 'live' ? 'live' : refusalInWords[standing.reason];
}

export function viewScope(world: World, scope: WorldScope): ScopeView {
  return {
    id: scope.id,
    kind: scope.kind,
    words: placeInWords(world, scope),
    clusterId: scope.clusterId,
    cluster: (scope.clusterId && world.cluster(scope.clusterId)?.name) || null,
    selector: scope.clusterSelector ? { ...scope.clusterSelector } : null,
    projectId: scope.projectId,
    project: (scope.projectId && world.project(scope.projectId)?.name) || null,
    namespaces: scope.kind === 'namespaces' ? [...(scope.namespaces ?? [])] : null,
  };
}

export function placeInWords(world: World, place: Place): string {
  return scopeInWords(place, { cluster: (id) => world.cluster(id)?.name, project: (id) => world.project(id)?.name });
}

export function viewRole({ id, name, title }: WorldRole): { id: string; name: string; title: string } {
  return { id, name, title };
}

export function viewSubject(world: World, kind: 'group' | 'person', id: string, now: Date): SubjectView {
  if (kind === 'person') {
    const person = world.person(id);
    const standing = world.standing(id, now);
    return {
      kind,
      id,
      name: person?.displayName ?? 'a person no longer known',
      detail: person?.upn ?? person?.samAccountName ?? null,
      people: standing === 'live' ? 1 : 0,
      note: standing === 'live' ? null : refusalInWords[standing.reason],
    };
  }
  const group = world.group(id);
  const people = world.membersOf(id).size;
  return {
    kind,
    id,
    name: group?.name ?? 'a group no longer known',
    detail: group?.samAccountName ?? null,
    people,
    note: noteOfGroup(group, people),
  };
}

function noteOfGroup(group: ReturnType<World['group']>, people: number): string | null {
  if (!group) return 'not known';
  if (group.deleted) return 'deleted in the directory';
  if (!group.security) return 'a distribution group, which carries no rights';
  return people === 0 ? 'nobody is in it' : null;
}

export function personName(world: World, personId: string | null): { id: string; name: string } | null {
  if (!personId) return null;
  const person = world.person(personId);
  return { id: personId, name: person?.displayName ?? personId };
}

export function isoOrNull(moment: number | Date | null): string | null {
  return moment === null ? null : new Date(moment).toISOString();
}
