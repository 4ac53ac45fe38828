import type { Touched } from './data.ts';
import { buildDirectory, type DirectoryFacts } from './directory-facts.ts';
import { each, listed, replace } from './keyed.ts';
import type {
  WorldBinding,
  WorldCluster,
  WorldCredential,
  WorldNamespace,
  WorldProject,
  WorldProjectNamespace,
  WorldRole,
  WorldRows,
  WorldScope,
} from './types.ts';

/**
 * The tables in memory, each with the indexes that decisions ask for. All of it changes in one synchronous step (`put`), so that nobody
 * who decides between two reads ever sees half of a change.
 */
export class Facts {
  /** Replaced as a whole when a directory was read anew. */
  directory: DirectoryFacts;

  readonly roles = new Map<string, WorldRole>();
  readonly scopes = new Map<string, WorldScope>();
  readonly bindings = new Map<string, WorldBinding>();
  readonly bindingsBySubject = new Map<string, Set<WorldBinding>>();

  readonly clusters = new Map<string, WorldCluster>();
  readonly clustersByName = new Map<string, WorldCluster>();
  readonly namespaces = new Map<string, Map<string, WorldNamespace>>();
  readonly entries = new Map<string, Set<string>>();

  readonly projects = new Map<string, WorldProject>();
  readonly namespacesByProject = new Map<string, WorldProjectNamespace[]>();
  readonly projectNamespacesByCluster = new Map<string, WorldProjectNamespace[]>();

  readonly credentials = new Map<string, WorldCredential>();
  readonly credentialsByHash = new Map<string, WorldCredential>();

  constructor(rows: WorldRows) {
    this.directory = buildDirectory(rows);
    for (const role of rows.roles) this.roles.set(role.id, role);
    for (const scope of rows.scopes) this.scopes.set(scope.id, scope);
    for (const binding of rows.bindings) this.#setBinding(binding.id, binding);
    for (const cluster of rows.clusters) this.#setCluster(cluster.id, cluster);
    for (const namespace of rows.namespaces) this.#addNamespace(namespace);
    for (const entry of rows.entries) this.#addEntry(entry.clusterId, entry.wireName);
    for (const project of rows.projects) this.projects.set(project.id, project);
    for (const row of rows.projectNamespaces) listed(this.namespacesByProject, row.projectId).push(row);
    this.#indexProjectNamespaces();
    for (const credential of rows.credentials) this.#setCredential(credential.id, credential);
  }

  put(touched: Touched): void {
    const { keys, rows } = touched;
    this.directory.put(touched);
    replace(keys.get('role'), rows.roles, this.roles);
    replace(keys.get('scope'), rows.scopes, this.scopes);
    each(keys.get('binding'), rows.bindings, (id, binding) => this.#setBinding(id, binding));
    each(keys.get('cluster'), rows.clusters, (id, cluster) => this.#setCluster(id, cluster));
    for (const id of keys.get('cluster-namespace') ?? []) this.namespaces.delete(id);
    for (const namespace of rows.namespaces ?? []) this.#addNamespace(namespace);
    for (const id of keys.get('cluster-entry') ?? []) this.entries.delete(id);
    for (const entry of rows.entries ?? []) this.#addEntry(entry.clusterId, entry.wireName);
    replace(keys.get('project'), rows.projects, this.projects);
    if (keys.has('project')) {
      for (const id of keys.get('project') ?? []) this.namespacesByProject.delete(id);
      for (const row of rows.projectNamespaces ?? []) listed(this.namespacesByProject, row.projectId).push(row);
      this.#indexProjectNamespaces();
    }
    each(keys.get('credential'), rows.credentials, (id, credential) => this.#setCredential(id, credential));
  }

  #setBinding(id: string, binding: WorldBinding | undefined): void {
    const before = this.bindings.get(id);
    if (before) this.bindingsBySubject.get(before.subjectId)?.delete(before);
    if (!binding) {
      this.bindings.delete(id);
      return;
    }
    this.bindings.set(id, binding);
    const ofSubject = this.bindingsBySubject.get(binding.subjectId) ?? new Set();
    this.bindingsBySubject.set(binding.subjectId, ofSubject.add(binding));
  }

  #setCluster(id: string, cluster: WorldCluster | undefined): void {
    const before = this.clusters.get(id);
    if (before) this.clustersByName.delete(before.name);
    if (!cluster) {
      this.clusters.delete(id);
      return;
    }
    this.clusters.set(id, cluster);
    this.clustersByName.set(cluster.name, cluster);
  }

  #addNamespace(namespace: WorldNamespace): void {
    const there = this.namespaces.get(namespace.clusterId) ?? new Map<string, WorldNamespace>();
    this.namespaces.set(namespace.clusterId, there.set(namespace.name, namespace));
  }

  #addEntry(clusterId: string, wireName: string): void {
    const entered = this.entries.get(clusterId) ?? new Set<string>();
    this.entries.set(clusterId, entered.add(wireName));
  }

  #indexProjectNamespaces(): void {
    this.projectNamespacesByCluster.clear();
    for (const [projectId, rows] of this.namespacesByProject) {
      if (!this.projects.has(projectId)) continue;
      for (const row of rows) listed(this.projectNamespacesByCluster, row.clusterId).push(row);
    }
  }

  #setCredential(id: string, credential: WorldCredential | undefined): void {
    const before = this.credentials.get(id);
    if (before) this.credentialsByHash.delete(before.hash);
    if (!credential) {
      this.credentials.delete(id);
      return;
    }
    this.credentials.set(id, credential);
    this.credentialsByHash.set(credential.hash, credential);
  }
}
