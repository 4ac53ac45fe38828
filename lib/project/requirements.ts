import type { ContainerLimits, World, WorldProject } from '#lib/entitlement/types.ts';
import { fault } from '#lib/errors/fault.ts';
import { amountOf } from './quantity.ts';
import type { NamespaceInput } from './schema.ts';

// What must be true before a project is written; each fault says what and what to do.

const ofTheClusterItself = /^(kube-.*|gatehouse-system)$/;

export function requireProject(world: World, id: string): WorldProject {
  const project = world.project(id);
  if (!project) throw fault('not-found', 'project.not-found', 'There is no such project.');
  return project;
}

/** The namespace is free to join; who else might take it at this very moment is settled by the table's key. */
export function requireJoinable(world: World, { clusterId, name, origin }: NamespaceInput): void {
  const cluster = world.cluster(clusterId);
  if (!cluster) throw fault('not-found', 'project.no-such-cluster', 'There is no such cluster.');
  if (ofTheClusterItself.test(name))
    throw fault('bad-input', 'project.inner-namespace', `${name} runs the cluster itself and can be in no project. Choose another.`);
  const owner = world.projectNamespaces(clusterId).find((row) => row.name === name);
  if (owner) {
    throw fault(
      'conflict',
      'project.namespace-taken',
      `${name} on ${cluster.name} is in the project ${world.project(owner.projectId)?.name ?? ''} already. Take it out there first.`,
    );
  }
  const standing = world.namespaces(cluster.id).get(name);
  if (origin === 'adopted' && !standing)
    throw fault('bad-input', 'project.nothing-to-adopt', `There is no namespace ${name} on ${cluster.name}. Have it created instead.`);
  if (origin === 'created' && standing)
    throw fault('conflict', 'project.namespace-exists', `${name} stands on ${cluster.name} already. Adopt it instead.`);
}

/** A request above its default, or a default above the maximum, is a LimitRange that no server takes: better said here than there. */
export function requireOrderedLimits(limits: ContainerLimits | null | undefined): void {
  if (!limits) return;
  const pairs = [
    ['requestCpu', 'defaultCpu'],
    ['defaultCpu', 'maxCpu'],
    ['requestCpu', 'maxCpu'],
    ['requestMemory', 'defaultMemory'],
    ['defaultMemory', 'maxMemory'],
    ['requestMemory', 'maxMemory'],
  ] as const;
  for (const [less, more] of pairs) {
    const [low, high] = [limits[less], limits[more]];
    if (low !== undefined && high !== undefined && amountOf(low) > amountOf(high)) {
      throw fault(
        'bad-input',
        'project.limits-crossed',
        `The ${words[less]} (${low}) is above the ${words[more]} (${high}). Lower the one or raise the other.`,
        {
          fields: { [`limits.${less}`]: `Is above the ${words[more]}.` },
        },
      );
    }
  }
}

const words: Readonly<Record<keyof ContainerLimits, string>> = {
  requestCpu: 'CPU request',
  requestMemory: 'memory request',
  defaultCpu: 'default CPU limit',
  defaultMemory: 'default memory limit',
  maxCpu: 'CPU maximum',
  maxMemory: 'memory maximum',
};
