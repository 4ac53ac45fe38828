/**
 * Changing projects: platform admins only, for a project is a fence and whoever may move a fence is not held by it. Each act is one
 * transaction with its audit event; the clusters follow by the change feed.
 */
import { z } from 'zod';
import { operation } from '#lib/api/operation.ts';
import { changing } from '#lib/db/database.ts';
import { createGrant } from '#lib/entitlement/mutations.ts';
import { requireFuture, requirePlace, requireRole, requireSubject } from '#lib/entitlement/requirements.ts';
import { placeInWords } from '#lib/entitlement/views.ts';
import { fault } from '#lib/errors/fault.ts';
import { actorOf } from '#lib/session/viewer.ts';
import { addNamespace, createProject, removeNamespace, removeProject, updateProject } from './mutations.ts';
import { requireJoinable, requireOrderedLimits, requireProject } from './requirements.ts';
import {
  addMemberInputSchema,
  addNamespaceInputSchema,
  type NamespaceInput,
  projectIdSchema,
  projectInputSchema,
  projectUpdateSchema,
  removeNamespaceInputSchema,
} from './schema.ts';

const written = z.object({ id: z.string() });

export const create = operation({
  id: 'projects.create',
  method: 'POST',
  path: '/projects',
  summary: 'Make a project of namespaces, created or adopted, on one cluster or several',
  allow: 'admin',
  onFreshFacts: true,
  input: projectInputSchema,
  output: written,
  status: 201,
  async run({ db, world }, viewer, { description, quota, limits, ...project }) {
    requireOrderedLimits(limits);
    requireNoneTwice(project.namespaces);
    for (const namespace of project.namespaces) requireJoinable(world, namespace);
    const fields = { ...project, description: description ?? null, quota: quota ?? null, limits: limits ?? null };
    return { id: await changing(db, (tx, touch) => createProject(tx, touch, fields, actorOf(viewer))) };
  },
});

function requireNoneTwice(namespaces: readonly NamespaceInput[]): void {
  const seen = new Set<string>();
  for (const { clusterId, name } of namespaces) {
    if (seen.has(`${clusterId} ${name}`)) throw fault('bad-input', 'project.namespace-twice', `${name} is named twice. Name it once.`);
    seen.add(`${clusterId} ${name}`);
  }
}

export const update = operation({
  id: 'projects.update',
  method: 'PATCH',
  path: '/projects/{id}',
  summary: 'Change a project’s quota, limits, Pod Security level or isolation; null takes a quota or limits away',
  allow: 'admin',
  input: projectUpdateSchema,
  output: written,
  async run({ db, world }, viewer, { id, ...change }) {
    requireProject(world, id);
    requireOrderedLimits(change.limits);
    await changing(db, (tx, touch) => updateProject(tx, touch, id, change, actorOf(viewer)));
    return { id };
  },
});

export const remove = operation({
  id: 'projects.remove',
  method: 'DELETE',
  path: '/projects/{id}',
  summary: 'Remove a project: its grants end and its fence goes; the namespaces and what runs in them stay',
  allow: 'admin',
  input: projectIdSchema,
  output: written,
  async run({ db }, viewer, { id }) {
    await changing(db, (tx, touch) => removeProject(tx, touch, id, actorOf(viewer)));
    return { id };
  },
});

export const addNamespaceToProject = operation({
  id: 'projects.addNamespace',
  method: 'POST',
  path: '/projects/{id}/namespaces',
  summary: 'Create a namespace in a project, or adopt one that stands',
  allow: 'admin',
  onFreshFacts: true,
  input: addNamespaceInputSchema,
  output: written,
  status: 201,
  async run({ db, world }, viewer, { id, ...namespace }) {
    const project = requireProject(world, id);
    requireJoinable(world, namespace);
    await changing(db, (tx, touch) => addNamespace(tx, touch, project, namespace, actorOf(viewer)));
    return { id };
  },
});

export const removeNamespaceFromProject = operation({
  id: 'projects.removeNamespace',
  method: 'DELETE',
  path: '/projects/{id}/namespaces/{clusterId}/{name}',
  summary: 'Take a namespace out of a project; it stays, and what runs in it, without the project’s fence and members',
  allow: 'admin',
  input: removeNamespaceInputSchema,
  output: written,
  async run({ db, world }, viewer, { id, ...namespace }) {
    const project = requireProject(world, id);
    await changing(db, (tx, touch) => removeNamespace(tx, touch, project, namespace, actorOf(viewer)));
    return { id };
  },
});

export const addMember = operation({
  id: 'projects.addMember',
  method: 'POST',
  path: '/projects/{id}/members',
  summary: 'Grant a role in all of a project’s namespaces to a group or person; it ends by grants.end',
  allow: 'admin',
  onFreshFacts: true,
  input: addMemberInputSchema,
  output: z.object({ grantId: z.string() }),
  status: 201,
  async run({ db, world, now }, viewer, { id, subject, roleId, until, reason }) {
    requireProject(world, id);
    const role = requireRole(world, roleId);
    const name = requireSubject(world, subject);
    const place = requirePlace(world, { kind: 'project', projectId: id }, role);
    const grant = {
      roleId,
      place,
      subject: { ...subject, name },
      until: requireFuture(until, now),
      reason,
      where: placeInWords(world, place),
    };
    return { grantId: await changing(db, (tx, touch) => createGrant(tx, touch, grant, actorOf(viewer))) };
  },
});

export const operations = [create, update, remove, addNamespaceToProject, removeNamespaceFromProject, addMember];
