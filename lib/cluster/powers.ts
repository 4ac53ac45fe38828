/**
 * The names that the door's account may impersonate in a cluster, exactly, and in constrained mode what it may do in those names. Pure.
 *
 * RBAC knows no prefixes, so each name stands there by itself: the platform groups of that cluster, the namespace-list and probe groups,
 * system:authenticated and, in strict mode, the people who have a right there now. A stolen door credential is worth what those people may
 * do anyway. `users` without names would make it worth the whole cluster (system:kube-controller-manager is a user like any other), so not
 * strict means: an admin said so, for this cluster, with a warning.
 *
 * Two wordings say it: the classic verb `impersonate`, which every server knows, and `impersonate:user-info`, which comes with a ceiling
 * (ceiling.ts) where the server knows it. A classic rule beside a constrained one voids the ceiling; both stand together only while the
 * reconciler changes from the one to the other, so that nobody loses access meanwhile.
 */
import type { World } from '#lib/entitlement/world.ts';
import { compileCeiling, onBehalf } from './ceiling.ts';
import type { KubeObject, PolicyRule } from './kube-object.ts';
import { doorAccount, doorPowersName, namespaceListGroup, ownerLabels, probeName, trialName } from './names.ts';
import { accountSubject, bindClusterRole, clusterRole } from './own-objects.ts';

export type ImpersonationMode = 'classic' | 'constrained';
export type Wording = ImpersonationMode | 'both';

export interface NamedPerson {
  readonly wireName: string;
  readonly objectGuid: string;
}

export interface DoorNames {
  readonly installationId: string;
  readonly strict: boolean;
  /** The groups that the cluster's bindings name. */
  readonly groups: readonly string[];
  readonly people: readonly NamedPerson[];
  readonly wording?: Wording;
}

/** One ClusterRole holds this many people at most: 40 bytes of name and 36 of uid each, twice in both wordings: below etcd's 1.5 MiB. */
const peoplePerRole = 5_000;

export interface DoorCircumstances {
  readonly wording: Wording;
  /** Names that people had until just now, still allowed while the cluster takes in their new ones. */
  readonly formerNames: readonly NamedPerson[];
}

export function compileDoorPowers(
  world: World,
  clusterId: string,
  now: Date,
  { wording, formerNames }: DoorCircumstances = { wording: 'classic', formerNames: [] },
): KubeObject[] {
  const cluster = world.cluster(clusterId);
  if (!cluster) return [];
  const { id: installationId } = world.installation;
  const pairs = world.pairsInUse(clusterId, now);
  const names = doorPowers({
    installationId,
    strict: cluster.strict,
    groups: pairs.map(({ group }) => group),
    people: [...world.entitledPeople(clusterId, now), ...formerNames],
    wording,
  });
  return wording === 'classic' ? names : [...names, ...compileCeiling(installationId, pairs, (roleId) => world.effectiveRules(roleId))];
}

export function doorPowers({ installationId, strict, groups, people, wording = 'classic' }: DoorNames): KubeObject[] {
  const probe = probeName(installationId);
  const allGroups = sorted([...groups, namespaceListGroup(installationId), probe, 'system:authenticated'].filter(isOurs));
  const name = doorPowersName(installationId);
  const shared = [
    ...rulesFor(wording, 'groups', allGroups),
    ...rulesFor(wording, 'users', strict ? [probe] : null),
    ...(strict ? [] : rulesFor(wording, 'uids', null)),
  ];
  return [
    ...boundToDoor(installationId, name, shared),
    ...(strict
      ? shards(people).flatMap((shard, index) => boundToDoor(installationId, `${name}-people-${index}`, rulesForPeople(wording, shard)))
      : []),
    ...(wording === 'constrained' ? [] : boundToDoor(installationId, `${name}-trial`, trialRules(installationId))),
  ];
}

/** The groups that these objects let the door send, and the people whose names stand in them. */
export function groupNamesIn(objects: readonly KubeObject[]): string[] {
  return sorted(namesIn(objects, 'groups'));
}

/** How many people that is: the one thing that only people have there is a uid. */
export function countPeopleIn(objects: readonly KubeObject[]): number {
  return new Set(namesIn(objects, 'uids')).size;
}

export function wireNamesIn(objects: readonly KubeObject[]): Set<string> {
  return new Set(namesIn(objects, 'users'));
}

/** May the door's account be this user, asked in the words of a mode. */
export function actingAs(mode: ImpersonationMode, resource: 'users' | 'groups', name: string) {
  const { group, verb } = words(mode, resource);
  return { verb, group, resource, name };
}

function words(mode: ImpersonationMode, resource: string): { group: string; verb: string } {
  if (mode === 'constrained') return { group: 'authentication.k8s.io', verb: 'impersonate:user-info' };
  return { group: resource === 'uids' ? 'authentication.k8s.io' : '', verb: 'impersonate' };
}

/** Null: any name. Never an empty list, which RBAC reads as any name too. */
function rulesFor(wording: Wording, resource: string, names: readonly string[] | null): PolicyRule[] {
  const modes: readonly ImpersonationMode[] = wording === 'both' ? ['classic', 'constrained'] : [wording];
  return modes.map((mode) => {
    const { group, verb } = words(mode, resource);
    return { apiGroups: [group], resources: [resource], ...(names === null ? {} : { resourceNames: names }), verbs: [verb] };
  });
}

function rulesForPeople(wording: Wording, people: readonly NamedPerson[]): PolicyRule[] {
  return [
    ...rulesFor(wording, 'users', sorted(people.map(({ wireName }) => wireName))),
    ...rulesFor(wording, 'uids', sorted(people.map(({ objectGuid }) => objectGuid))),
  ];
}

/** Enough to learn whether a server knows constrained impersonation, as a user whom no classic rule names and who may nothing. */
function trialRules(installationId: string): PolicyRule[] {
  return [
    ...rulesFor('constrained', 'users', [trialName(installationId)]),
    { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: [onBehalf('create')] },
  ];
}

function namesIn(objects: readonly KubeObject[], resource: string): string[] {
  const rules = objects.flatMap(({ rules }) => (Array.isArray(rules) ? (rules as PolicyRule[]) : []));
  const impersonating = rules.filter(({ verbs }) => verbs.includes('impersonate') || verbs.includes('impersonate:user-info'));
  return impersonating.filter(({ resources }) => resources?.includes(resource)).flatMap(({ resourceNames }) => resourceNames ?? []);
}

// By a hash of the person, so that one person more changes one role, not all that follow. An empty rule would name nobody in particular,
// which RBAC reads as everybody: a shard without people is no role at all.
function shards(people: readonly NamedPerson[]): NamedPerson[][] {
  const named = people.filter(({ wireName }) => isOurs(wireName));
  const count = Math.ceil(named.length / peoplePerRole);
  const parts: NamedPerson[][] = Array.from({ length: count }, () => []);
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
