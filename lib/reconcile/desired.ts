// All that one cluster must hold: our own accounts' roles, the door's list of names, roles and bindings, projects' namespaces and fences.
import type { KubeObject } from '#lib/cluster/kube-object.ts';
import { systemNamespace } from '#lib/cluster/names.ts';
import { compileOwnObjects, systemNamespaceObject } from '#lib/cluster/own-objects.ts';
import { compileDoorPowers, type DoorCircumstances } from '#lib/cluster/powers.ts';
import { compileRoles } from '#lib/entitlement/compile.ts';
import type { World } from '#lib/entitlement/world.ts';
import { compileProjects } from '#lib/project/compile.ts';
import { type DiffInput, keyOf } from './diff.ts';

export interface Desired {
  readonly objects: readonly KubeObject[];
  /** The part that lets people in: once it is applied, their names are acknowledged. */
  readonly doorPowers: readonly KubeObject[];
}

export function compileDesired(
  world: World,
  clusterId: string,
  now: Date,
  existing: DiffInput['existing'],
  door: DoorCircumstances,
): Desired {
  const { id } = world.installation;
  const system = existing.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === systemNamespace);
  const doorPowers = compileDoorPowers(world, clusterId, now, door);
  const objects = [
    systemNamespaceObject(id),
    ...compileOwnObjects(id, system?.metadata.uid),
    ...doorPowers,
    ...compileRoles(world, clusterId, now),
    ...compileProjects(world, clusterId),
  ];
  return { objects: [...new Map(objects.map((object) => [keyOf(object), object])).values()], doorPowers };
}
