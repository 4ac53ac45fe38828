import { ownsProjects as isOwnersRole } from '#lib/entitlement/inheritance.ts';
import type { World } from '#lib/entitlement/types.ts';
import { fault } from '#lib/errors/fault.ts';
import type { Viewer } from '#lib/session/viewer.ts';

export function ownsProjects(world: World, personId: string, now: Date): boolean {
  return world
    .bindingsOf(personId, now)
    .some(({ roleId, scopeId }) => world.scope(scopeId)?.kind === 'project' && isOwnersRole(world, roleId));
}

/** Whoever grants has to find people and groups: admins, auditors who read grants, and owners of projects who choose their members. */
export function requireMayPick(world: World, { person, powers }: Viewer, now: Date): void {
  if (powers.admin || powers.auditor || ownsProjects(world, person.id, now)) return;
  throw fault('forbidden', 'directory.may-not-search', 'Only admins, auditors and owners of a project may search the directory.');
}
