import { ownsProjects } from './inheritance.ts';
import type { AccessCluster, MyAccess } from './schema.ts';
import { list } from './scope.ts';
import type { LiveBinding, World, WorldCluster } from './types.ts';
import { isoOrNull, viewRole, viewScope } from './views.ts';
import { mayInWords } from './words.ts';

// "Where may I work?" as one page shows it. Pure.

const endsSoonMs = 14 * 24 * 60 * 60 * 1000;

/** `onlyClusters`: a token that was narrowed to some clusters is told of no other. */
export function accessOf(world: World, personId: string, onlyClusters: readonly string[] | null, now: Date): MyAccess | null {
  const person = world.person(personId);
  if (!person || world.standing(personId, now) !== 'live') return null;
  const bindings = world.bindingsOf(personId, now);
  const clusters = [...world.clusters()]
    .filter(({ id }) => onlyClusters === null || onlyClusters.includes(id))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((cluster) => accessTo(world, person, cluster, bindings, now))
    .filter(({ grants }) => grants.length > 0);
  return {
    person: { id: person.id, displayName: person.displayName, upn: person.upn, wireName: person.wireName },
    powers: world.portalPowers(personId, now),
    clusters,
    projects: projectsOf(world, bindings),
    ending: endingSoon(world, bindings, now),
  };
}

function accessTo(
  world: World,
  person: { id: string; wireName: string },
  cluster: WorldCluster,
  bindings: readonly LiveBinding[],
  now: Date,
): AccessCluster {
  const grants = bindings.map((binding) => grantOn(world, cluster, binding)).filter((grant) => grant !== null);
  return {
    id: cluster.id,
    name: cluster.name,
    title: cluster.title,
    labels: { ...cluster.labels },
    version: cluster.version,
    state: cluster.state,
    entered: !cluster.strict || world.hasEntered(cluster.id, person.wireName),
    namespaces: namespacesShown(world, person.id, cluster.id, now),
    grants,
  };
}

function namespacesShown(world: World, personId: string, clusterId: string, now: Date): 'all' | string[] {
  const names = world.namespacesOf(personId, clusterId, now);
  return names === 'all' ? 'all' : [...names];
}

function grantOn(world: World, cluster: WorldCluster, binding: LiveBinding): AccessCluster['grants'][number] | null {
  const scope = world.scope(binding.scopeId);
  const role = world.role(binding.roleId);
  const reach = scope ? world.reach(scope, cluster.id) : null;
  if (!scope || !role || reach === null) return null;
  const project = scope.projectId ? world.project(scope.projectId) : undefined;
  const group = binding.subjectKind === 'group' ? world.group(binding.subjectId) : undefined;
  return {
    grantId: binding.id,
    role: { ...viewRole(role), may: mayInWords(world.effectiveRules(role.id)) },
    scope: viewScope(world, scope),
    namespaces: reach === 'cluster' ? 'all' : [...reach],
    project: project ? { id: project.id, name: project.name, title: project.title } : null,
    group: group ? { id: group.id, name: group.name } : null,
    until: isoOrNull(binding.until),
  };
}

function projectsOf(world: World, bindings: readonly LiveBinding[]): MyAccess['projects'] {
  const projects = new Map<string, MyAccess['projects'][number]>();
  const roles = new Map<string, Set<string>>();
  for (const { scopeId, roleId } of bindings) {
    const projectId = world.scope(scopeId)?.projectId;
    const project = projectId ? world.project(projectId) : undefined;
    const role = world.role(roleId);
    if (!project || !role) continue;
    const held = (roles.get(project.id) ?? new Set<string>()).add(role.title);
    roles.set(project.id, held);
    projects.set(project.id, {
      id: project.id,
      name: project.name,
      title: project.title,
      owner: projects.get(project.id)?.owner === true || ownsProjects(world, roleId),
      role: list([...held]),
      clusters: clustersOfProject(world, project.id),
    });
  }
  return [...projects.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function clustersOfProject(world: World, projectId: string): string[] {
  return [...new Set(world.namespacesOfProject(projectId).flatMap(({ clusterId }) => world.cluster(clusterId)?.name ?? []))].sort();
}

function endingSoon(world: World, bindings: readonly LiveBinding[], now: Date): MyAccess['ending'] {
  return bindings
    .filter((binding): binding is LiveBinding & { until: number } => binding.until !== null && binding.until - now.getTime() < endsSoonMs)
    .sort((a, b) => a.until - b.until)
    .map((binding) => {
      const scope = world.scope(binding.scopeId);
      return {
        grantId: binding.id,
        role: world.role(binding.roleId)?.title ?? '',
        where: scope ? viewScope(world, scope).words : '',
        until: new Date(binding.until).toISOString(),
      };
    });
}
