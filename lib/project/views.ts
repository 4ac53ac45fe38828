import { clustersOfProject } from '#lib/entitlement/access.ts';
import { ownsProjects } from '#lib/entitlement/inheritance.ts';
import type { LiveBinding, World, WorldProject } from '#lib/entitlement/types.ts';
import { isoOrNull, viewRole, viewSubject } from '#lib/entitlement/views.ts';
import type { NamespaceRow, ProjectRow } from './data.ts';
import type { ProjectDetail, ProjectMember, ProjectNamespaceView, ProjectSummary } from './schema.ts';

// How projects look to people. Pure.

/** Those that a person looks after; an owner of one sees nothing of another. */
export function ownedProjects(world: World, personId: string, now: Date): ReadonlySet<string> {
  const owned = new Set<string>();
  for (const { roleId, scopeId } of world.bindingsOf(personId, now)) {
    const projectId = world.scope(scopeId)?.projectId;
    if (projectId && ownsProjects(world, roleId)) owned.add(projectId);
  }
  return owned;
}

export function grantsOn(world: World, projectId: string, now: Date): LiveBinding[] {
  return world.liveBindings(now).filter(({ scopeId }) => world.scope(scopeId)?.projectId === projectId);
}

export function viewMembers(world: World, projectId: string, now: Date): ProjectMember[] {
  return grantsOn(world, projectId, now)
    .flatMap((binding) => {
      const role = world.role(binding.roleId);
      if (!role) return [];
      const subject = viewSubject(world, binding.subjectKind, binding.subjectId, now);
      return [{ grantId: binding.id, subject, role: viewRole(role), until: isoOrNull(binding.until) }];
    })
    .sort((a, b) => a.subject.name.localeCompare(b.subject.name));
}

export function viewSummary(world: World, project: WorldProject, row: ProjectRow, mayChange: boolean, now: Date): ProjectSummary {
  const grants = grantsOn(world, project.id, now);
  const people = new Set<string>();
  for (const { subjectKind, subjectId } of grants) {
    if (subjectKind === 'person') people.add(subjectId);
    else for (const personId of world.membersOf(subjectId)) people.add(personId);
  }
  return {
    id: project.id,
    name: project.name,
    title: project.title,
    description: row.description,
    podSecurity: project.podSecurity,
    isolated: project.isolated,
    namespaces: world.namespacesOfProject(project.id).length,
    clusters: clustersOfProject(world, project.id),
    members: grants.length,
    people: people.size,
    createdAt: row.createdAt.toISOString(),
    mayChange,
  };
}

export function viewDetail(
  summary: ProjectSummary,
  world: World,
  project: WorldProject,
  namespaces: readonly NamespaceRow[],
  now: Date,
): ProjectDetail {
  return {
    ...summary,
    quota: project.quota ? { ...project.quota } : null,
    limits: project.limits,
    namespaceList: namespaces.flatMap((row) => viewNamespace(world, project.id, row)),
    memberList: viewMembers(world, project.id, now),
    isolationVerified: false,
  };
}

function viewNamespace(world: World, projectId: string, { clusterId, name, addedAt, seen }: NamespaceRow): ProjectNamespaceView[] {
  const cluster = world.cluster(clusterId);
  const origin = world.namespacesOfProject(projectId).find((row) => row.clusterId === clusterId && row.name === name)?.origin;
  if (!cluster) return [];
  return [
    {
      clusterId,
      cluster: cluster.name,
      clusterState: cluster.state,
      name,
      origin: origin ?? 'created',
      exists: seen !== null,
      quota: seen?.quota ? { hard: { ...seen.quota.hard }, used: { ...seen.quota.used } } : null,
      addedAt: addedAt.toISOString(),
    },
  ];
}
