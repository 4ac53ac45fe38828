import { type Actor, record } from '#lib/audit/record.ts';
import type { Tx } from '#lib/db/database.ts';
import { Prisma } from '#lib/db/generated/client.ts';
import { newId } from '#lib/db/ids.ts';
import type { Touch } from '#lib/db/topics.ts';
import { nameTaken, revokeBinding } from '#lib/entitlement/mutations.ts';
import type { ContainerLimits, Labels, PodSecurity } from '#lib/entitlement/types.ts';
import { fault } from '#lib/errors/fault.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import type { NamespaceInput } from './schema.ts';

export interface ProjectFields {
  readonly title: string;
  readonly description: string | null;
  readonly quota: Labels | null;
  readonly limits: ContainerLimits | null;
  readonly podSecurity: PodSecurity;
  readonly isolated: boolean;
}

export interface NewProject extends ProjectFields {
  readonly name: string;
  readonly namespaces: readonly NamespaceInput[];
}

const nullable = (value: object | null) => (value === null ? Prisma.DbNull : (value as Prisma.InputJsonObject));

export async function createProject(tx: Tx, touch: Touch, { namespaces, ...project }: NewProject, actor: Actor): Promise<string> {
  const taken = await tx.project.findUnique({ where: { name: project.name }, select: { id: true } });
  if (taken) throw nameTaken('project', project.name);
  const id = newId('j');
  await tx.project.create({
    data: {
      id,
      ...project,
      quota: nullable(project.quota),
      limits: nullable(project.limits),
      createdBy: actor.kind === 'person' ? actor.id : null,
    },
  });
  touch('project', id);
  await record(tx, {
    event: 'project.created',
    actor,
    subject: { kind: 'project', id, name: project.name },
    projectId: id,
    detail: detailOf(project),
  });
  for (const namespace of namespaces) await addNamespace(tx, touch, { id, name: project.name }, namespace, actor);
  return id;
}

export async function updateProject(
  tx: Tx,
  touch: Touch,
  id: string,
  change: { readonly [Field in keyof ProjectFields]?: ProjectFields[Field] | undefined },
  actor: Actor,
): Promise<void> {
  const { quota, limits, ...rest } = change;
  const project = await tx.project.update({
    where: { id, removedAt: null },
    data: {
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
      ...(quota === undefined ? {} : { quota: nullable(quota) }),
      ...(limits === undefined ? {} : { limits: nullable(limits) }),
    },
  });
  touch('project', id);
  await record(tx, {
    event: 'project.changed',
    actor,
    subject: { kind: 'project', id, name: project.name },
    projectId: id,
    detail: detailOf(change),
  });
}

/** What ran in its namespaces stays; its grants end, its fence goes, and its name is free again. */
export async function removeProject(tx: Tx, touch: Touch, id: string, actor: Actor): Promise<void> {
  const project = await tx.project.findUnique({ where: { id } });
  if (!project || project.removedAt) throw fault('not-found', 'project.not-found', 'There is no such project.');
  const now = new Date();
  const scopes = await tx.scope.findMany({ where: { projectId: id }, select: { id: true } });
  const grants = await tx.binding.findMany({ where: { scopeId: { in: scopes.map((scope) => scope.id) }, revokedAt: null } });
  for (const grant of grants) {
    await tx.binding.update({ where: { id: grant.id }, data: { revokedAt: now, revokedBy: actor.kind === 'person' ? actor.id : null } });
    touch('binding', grant.id);
    await revokeBinding(tx, touch, grant, `the project ${project.name} was removed`);
  }
  const { count } = await tx.projectNamespace.deleteMany({ where: { projectId: id } });
  await tx.project.update({ where: { id }, data: { removedAt: now, name: id } });
  touch('project', id);
  await record(tx, {
    event: 'project.removed',
    actor,
    subject: { kind: 'project', id, name: project.name },
    projectId: id,
    detail: { namespaces: count, grants: grants.length },
  });
}

export async function addNamespace(
  tx: Tx,
  touch: Touch,
  project: { readonly id: string; readonly name: string },
  { clusterId, name, origin }: NamespaceInput,
  actor: Actor,
): Promise<void> {
  const { count } = await tx.projectNamespace.createMany({
    data: { projectId: project.id, clusterId, name, origin },
    skipDuplicates: true,
  });
  if (count === 0) throw fault('conflict', 'project.namespace-taken', `${name} is in a project already. Take it out there first.`);
  touch('project', project.id);
  await record(tx, {
    event: 'project.namespace-added',
    actor,
    subject: { kind: 'project', id: project.id, name: project.name },
    clusterId,
    projectId: project.id,
    detail: { namespace: name, origin },
  });
}

export async function removeNamespace(
  tx: Tx,
  touch: Touch,
  project: { readonly id: string; readonly name: string },
  { clusterId, name }: { readonly clusterId: string; readonly name: string },
  actor: Actor,
): Promise<void> {
  const { count } = await tx.projectNamespace.deleteMany({ where: { projectId: project.id, clusterId, name } });
  if (count === 0) throw fault('not-found', 'project.no-such-namespace', `${name} is not in this project.`);
  touch('project', project.id);
  await record(tx, {
    event: 'project.namespace-removed',
    actor,
    subject: { kind: 'project', id: project.id, name: project.name },
    clusterId,
    projectId: project.id,
    detail: { namespace: name },
  });
  // Members lose it, and with it the ground under their open streams there.
  await revoke(tx, touch, {
    kind: 'binding',
    clusterId,
    reason: `${name} left the project ${project.name}`,
    evidenceAt: new Date(),
    detail: { projectId: project.id, namespace: name },
  });
}

function detailOf(fields: object): Prisma.InputJsonObject {
  return JSON.parse(JSON.stringify(fields)) as Prisma.InputJsonObject;
}
