/**
 * Reading projects. Auditors and admins see all of them; whoever owns one sees that one and does not learn that others are there; anybody
 * else finds their projects under their own access.
 */
import type { PortalContext } from '#lib/api/context.ts';
import { operation } from '#lib/api/operation.ts';
import type { WorldProject } from '#lib/entitlement/types.ts';
import { fault } from '#lib/errors/fault.ts';
import type { Viewer } from '#lib/session/viewer.ts';
import { readProjectNamespaces, readProjects } from './data.ts';
import { requireProject } from './requirements.ts';
import {
  type ProjectSummary,
  projectDetailSchema,
  projectIdSchema,
  projectListInputSchema,
  projectListSchema,
  projectMembersSchema,
} from './schema.ts';
import { ownedProjects, viewDetail, viewMembers, viewSummary } from './views.ts';

export const listProjects = operation({
  id: 'projects.list',
  method: 'GET',
  path: '/projects',
  summary: 'Projects: all for auditors and admins, one’s own for owners',
  allow: 'person',
  input: projectListInputSchema,
  output: projectListSchema,
  async run(context, viewer, { search }) {
    const wanted = search?.toLowerCase() ?? '';
    const projects = visibleProjects(context, viewer)
      .filter(({ name, title }) => `${name} ${title}`.toLowerCase().includes(wanted))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return { projects: await summariesOf(context, viewer, projects) };
  },
});

export const getProject = operation({
  id: 'projects.get',
  method: 'GET',
  path: '/projects/{id}',
  summary: 'One project: namespaces with their quota, members, limits, Pod Security, isolation',
  allow: 'person',
  input: projectIdSchema,
  output: projectDetailSchema,
  async run(context, viewer, { id }) {
    const project = requireVisible(context, viewer, id);
    const [summary] = await summariesOf(context, viewer, [project]);
    if (!summary) throw fault('not-found', 'project.not-found', 'There is no such project.');
    return viewDetail(summary, context.world, project, await readProjectNamespaces(context.db, id), context.now);
  },
});

export const listMembers = operation({
  id: 'projects.members',
  method: 'GET',
  path: '/projects/{id}/members',
  summary: 'Who works in a project, and by which role',
  allow: 'person',
  input: projectIdSchema,
  output: projectMembersSchema,
  async run(context, viewer, { id }) {
    requireVisible(context, viewer, id);
    return { members: viewMembers(context.world, id, context.now) };
  },
});

function visibleProjects({ world, now }: PortalContext, { person, powers }: Viewer): WorldProject[] {
  const all = [...world.projects()];
  if (powers.admin || powers.auditor) return all;
  const owned = ownedProjects(world, person.id, now);
  return all.filter(({ id }) => owned.has(id));
}

/** What somebody may not see does not exist for them. */
function requireVisible(context: PortalContext, viewer: Viewer, id: string): WorldProject {
  const project = requireProject(context.world, id);
  if (!visibleProjects(context, viewer).includes(project)) throw fault('not-found', 'project.not-found', 'There is no such project.');
  return project;
}

async function summariesOf(
  { db, world, now }: PortalContext,
  viewer: Viewer,
  projects: readonly WorldProject[],
): Promise<ProjectSummary[]> {
  const rows = await readProjects(
    db,
    projects.map(({ id }) => id),
  );
  return projects.flatMap((project) => {
    const row = rows.get(project.id);
    return row ? [viewSummary(world, project, row, viewer.powers.admin, now)] : [];
  });
}

export const operations = [listProjects, getProject, listMembers];
