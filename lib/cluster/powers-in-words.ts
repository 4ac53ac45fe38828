// What our accounts may do in a cluster, as sentences for people. Pure.
import type { World } from '#lib/entitlement/types.ts';
import { namespaceListGroup, probeName } from './names.ts';
import type { ImpersonationMode } from './powers.ts';

export interface DoorFacts {
  readonly mode: ImpersonationMode;
  readonly strict: boolean;
  readonly people: number;
  readonly groups: readonly string[];
}

export function doorSentences(world: World, clusterId: string, now: Date, { mode, strict, people, groups }: DoorFacts): string[] {
  const special = [namespaceListGroup(world.installation.id), probeName(world.installation.id), 'system:authenticated'];
  const platform = groups.filter((group) => !special.includes(group)).length;
  return [
    strict
      ? `act as ${counted(people, 'person', 'people')}, by name: those who have a right here now`
      : 'act as any user name: strict is off for this cluster',
    `give them ${counted(platform, 'platform group', 'platform groups')} of ours, by name, and system:authenticated`,
    ...(mode === 'constrained'
      ? [`in their names do only what these roles allow, where they are granted: ${rolesInUse(world, clusterId, now)}`]
      : []),
    'nothing else: it may not read, write or list anything by itself',
  ];
}

/** What a thief of the door's credential would have, in this mode. */
export function modeInWords(mode: ImpersonationMode, strict: boolean, constrainedKnown: boolean | null): string {
  if (mode === 'constrained')
    return strict
      ? 'The server limits our account twice: to names, and to what our roles here grant. Stolen, it is worth what somebody here may do, and no more.'
      : 'The server limits our account to what our roles here grant, but to no names. Stolen, it could be a controller of Kubernetes itself, within those roles.';
  const why =
    constrainedKnown === null
      ? 'Whether the server can limit it further is not tested yet.'
      : constrainedKnown
        ? 'The server can limit it further; the change to that is on its way, at the latest a day after it failed.'
        : 'The server does not know constrained impersonation (Kubernetes 1.36 and later), which would limit it further.';
  const worth = strict
    ? 'The server limits our account to names. Stolen, it is worth all that these people and groups may do here.'
    : 'Nothing limits the names: stolen, our account could be system:kube-controller-manager, and read every secret.';
  return `${worth} ${why}`;
}

function rolesInUse(world: World, clusterId: string, now: Date): string {
  const names = [...new Set(world.pairsInUse(clusterId, now).map(({ role }) => role.name))].sort();
  return names.length === 0 ? 'none yet' : names.join(', ');
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
