/**
 * The names that the door's account may impersonate in a cluster, exactly. Pure.
 *
 * RBAC knows no prefixes, so each name stands there by itself: the platform groups of that cluster, the namespace-list and probe groups,
 * system:authenticated and, in strict mode, the people who have a right there now. A stolen door credential is worth what those people may
 * do anyway. `users` without names would make it worth the whole cluster (system:kube-controller-manager is a user like any other), so not
 * strict means: an admin said so, for this cluster, with a warning.
 */
import { compileRoles } from '#lib/entitlement/compile.ts';
import type { World } from '#lib/entitlement/world.ts';
import type { KubeObject, PolicyRule, RbacSubject } from './kube-object.ts';
import { doorAccount, namespaceListGroup, ownerLabels, probeName } from './names.ts';
import { accountSubject, bindClusterRole, clusterRole } from './own-objects.ts';

export interface DoorNames {
  readonly installationId: string;
  readonly strict: boolean;
  /** The groups that the cluster's bindings name. */
  readonly groups: readonly string[];
  readonly people: readonly { readonly wireName: string; readonly objectGuid: string }[];
}

/** One ClusterRole holds this many people at most: 40 bytes of name and 36 of uid each, well below etcd's 1.5 MiB. */
const peoplePerRole = 5_000;

export function compileDoorPowers(world: World, clusterId: string, now: Date): KubeObject[] {
  const cluster = world.cluster(clusterId);
  if (!cluster) return [];
  return doorPowers({
    installationId: world.installation.id,
    strict: cluster.strict,
    groups: groupsIn(compileRoles(world, clusterId, now)),
    people: world.entitledPeople(clusterId, now),
  });
}

export function doorPowers({ installationId, strict, groups, people }: DoorNames): KubeObject[] {
  const probe = probeName(installationId);
  const allGroups = sorted([...groups, namespaceListGroup(installationId), probe, 'system:authenticated'].filter(isOurs));
  const shared: PolicyRule[] = [
    { apiGroups: [''], resources: ['groups'], resourceNames: allGroups, verbs: ['impersonate'] },
    { apiGroups: [''], resources: ['users'], ...(strict ? { resourceNames: [probe] } : {}), verbs: ['impersonate'] },
    ...(strict ? [] : [{ apiGroups: ['authentication.k8s.io'], resources: ['uids'], verbs: ['impersonate'] }]),
  ];
  const name = `gatehouse:${installationId}:door`;
  return [
    ...boundToDoor(installationId, name, shared),
    ...(strict ? shards(people).flatMap((shard, index) => boundToDoor(installationId, `${name}-people-${index}`, rulesFor(shard))) : []),
  ];
}

/** The platform groups that a cluster's compiled bindings name. */
export function groupsIn(objects: readonly KubeObject[]): string[] {
  const subjects = objects.flatMap((object) => (Array.isArray(object.subjects) ? (object.subjects as RbacSubject[]) : []));
  return sorted(subjects.filter(({ kind }) => kind === 'Group').map(({ name }) => name));
}

/** The people whose names stand in these objects, read back from what was really applied. */
export function wireNamesIn(objects: readonly KubeObject[]): Set<string> {
  const rules = objects.flatMap((object) => (Array.isArray(object.rules) ? (object.rules as PolicyRule[]) : []));
  return new Set(rules.filter(({ resources }) => resources?.includes('users')).flatMap(({ resourceNames }) => resourceNames ?? []));
}

function rulesFor(people: DoorNames['people']): PolicyRule[] {
  return [
    { apiGroups: [''], resources: ['users'], resourceNames: sorted(people.map(({ wireName }) => wireName)), verbs: ['impersonate'] },
    {
      apiGroups: ['authentication.k8s.io'],
      resources: ['uids'],
      resourceNames: sorted(people.map(({ objectGuid }) => objectGuid)),
      verbs: ['impersonate'],
    },
  ];
}

// By a hash of the person, so that one person more changes one role, not all that follow. An empty rule would name nobody in particular,
// which RBAC reads as everybody: a shard without people is no role at all.
function shards(people: DoorNames['people']): DoorNames['people'][] {
  const named = people.filter(({ wireName }) => isOurs(wireName));
  const count = Math.ceil(named.length / peoplePerRole);
  const parts: { wireName: string; objectGuid: string }[][] = Array.from({ length: count }, () => []);
  for (const person of named) parts[hashOf(person.objectGuid) % count]?.push(person);
  return parts.filter((part) => part.length > 0);
}

function boundToDoor(installationId: string, name: string, rules: readonly PolicyRule[]): KubeObject[] {
  const metadata = { name, labels: ownerLabels(installationId) };
  return [clusterRole(metadata, rules), bindClusterRole(metadata, name, accountSubject(doorAccount))];
}

/** Names of Kubernetes itself are never among ours, whatever a directory may call a person. */
function isOurs(name: string): boolean {
  return name !== '' && (name === 'system:authenticated' || !name.startsWith('system:'));
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function hashOf(text: string): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619) >>> 0;
  return hash;
}
