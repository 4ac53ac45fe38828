import { projectOwnerId } from './builtin-roles.ts';
import type { World } from './types.ts';

/** The role itself and all that inherit it, directly or not: what changes in it changes in them. */
export function rolesThatInclude(world: World, roleId: string): ReadonlySet<string> {
  const included = new Set([roleId]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const role of world.roles()) {
      if (included.has(role.id) || !role.inherits.some((parent) => included.has(parent))) continue;
      included.add(role.id);
      grew = true;
    }
  }
  return included;
}

/** Who holds such a role on a project sees that project's page. */
export function ownsProjects(world: World, roleId: string): boolean {
  return rolesThatInclude(world, projectOwnerId).has(roleId);
}
