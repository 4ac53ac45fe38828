import { createHash } from 'node:crypto';
import type { ScopeInput } from './schema.ts';
import type { Labels, Reach, WorldCluster, WorldNamespace, WorldProjectNamespace, WorldScope } from './types.ts';

// Where a grant holds. The same place, however it was said, is the same scope: its canonical text is unique.

export type Place = Omit<WorldScope, 'id'>;

export function placeOf(input: ScopeInput): Place {
  const nowhere: Place = { kind: input.kind, clusterId: null, clusterSelector: null, projectId: null, namespaces: null };
  switch (input.kind) {
    case 'all':
      return nowhere;
    case 'labels':
      return { ...nowhere, clusterSelector: sortedLabels(input.selector) };
    case 'cluster':
      return { ...nowhere, clusterId: input.clusterId };
    case 'project':
      return { ...nowhere, projectId: input.projectId };
    case 'namespaces':
      return {
        ...nowhere,
        clusterId: input.clusterId ?? null,
        clusterSelector: input.clusterId || !input.selector ? null : sortedLabels(input.selector),
        namespaces: [...new Set(input.namespaces)].sort(),
      };
  }
}

/** Postgres' indexes take no text beyond some 2,700 bytes: a long place goes by its digest. */
const readableMax = 1_000;

export function canonicalText({ kind, clusterId, clusterSelector, projectId, namespaces }: Place): string {
  const where = clusterId ?? (clusterSelector ? JSON.stringify(sortedLabels(clusterSelector)) : null) ?? projectId ?? 'everywhere';
  const text = kind === 'namespaces' ? `${kind} ${where} ${[...(namespaces ?? [])].sort().join(',')}` : `${kind} ${where}`;
  return text.length <= readableMax ? text : `${kind} sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

export interface Ground {
  namespacesOn(clusterId: string): ReadonlyMap<string, WorldNamespace>;
  projectNamespacesOn(clusterId: string): readonly WorldProjectNamespace[];
  projectIsThere(projectId: string): boolean;
}

/**
 * Where a scope bites on one cluster. Namespaces that do not stand there yet are left out: a binding in a namespace that is not there
 * cannot be written, and a right that cannot be exercised is not shown. What a project makes counts at once, since it is made before it is bound.
 */
export function reachOf(place: Place, cluster: WorldCluster, ground: Ground): Reach | null {
  switch (place.kind) {
    case 'all':
      return 'cluster';
    case 'labels':
      return place.clusterSelector && matches(place.clusterSelector, cluster.labels) ? 'cluster' : null;
    case 'cluster':
      return place.clusterId === cluster.id ? 'cluster' : null;
    case 'project':
      return place.projectId && ground.projectIsThere(place.projectId) ? someOf(projectReach(place.projectId, cluster, ground)) : null;
    case 'namespaces':
      return coversCluster(place, cluster) ? someOf(standing(place.namespaces ?? [], cluster, ground)) : null;
  }
}

function projectReach(projectId: string, cluster: WorldCluster, ground: Ground): string[] {
  const standingThere = ground.namespacesOn(cluster.id);
  return ground
    .projectNamespacesOn(cluster.id)
    .filter((row) => row.projectId === projectId && (row.origin === 'created' || isUsable(standingThere.get(row.name))))
    .map((row) => row.name)
    .sort();
}

function standing(names: readonly string[], cluster: WorldCluster, ground: Ground): string[] {
  const there = ground.namespacesOn(cluster.id);
  const made = new Set(
    ground
      .projectNamespacesOn(cluster.id)
      .filter((row) => row.origin === 'created' && ground.projectIsThere(row.projectId))
      .map((row) => row.name),
  );
  return names.filter((name) => isUsable(there.get(name)) || made.has(name)).sort();
}

/** A namespace on its way out takes no new binding and is no place to work in. */
function isUsable(namespace: WorldNamespace | undefined): boolean {
  return namespace !== undefined && namespace.phase !== 'Terminating';
}

function coversCluster({ clusterId, clusterSelector }: Place, cluster: WorldCluster): boolean {
  if (clusterId) return clusterId === cluster.id;
  return !clusterSelector || matches(clusterSelector, cluster.labels);
}

/** An empty selector matches nothing: "all clusters" is said by its own word, never by a forgotten label. */
function matches(selector: Labels, labels: Labels): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

function someOf(names: readonly string[]): readonly string[] | null {
  return names.length > 0 ? names : null;
}

function sortedLabels(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface Names {
  cluster(id: string): string | undefined;
  project(id: string): string | undefined;
}

export function scopeInWords(place: Place, names: Names): string {
  const where = place.clusterId
    ? (names.cluster(place.clusterId) ?? 'a removed cluster')
    : place.clusterSelector
      ? `clusters with ${labelsInWords(place.clusterSelector)}`
      : 'all clusters';
  switch (place.kind) {
    case 'all':
    case 'labels':
      return where;
    case 'cluster':
      return `cluster ${where}`;
    case 'project':
      return `project ${(place.projectId && names.project(place.projectId)) || 'that was removed'}`;
    case 'namespaces':
      return `${(place.namespaces ?? []).length === 1 ? 'namespace' : 'namespaces'} ${list(place.namespaces ?? [])} on ${where}`;
  }
}

function labelsInWords(labels: Labels): string {
  return list(Object.entries(labels).map(([key, value]) => `${key}=${value}`));
}

export function list(words: readonly string[]): string {
  if (words.length <= 1) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
