import type { RoleSummary, ScopeInput } from '#lib/entitlement/schema.ts';

export type RoleChoice = Pick<RoleSummary, 'id' | 'name' | 'title' | 'description' | 'may' | 'grantableOn'>;
export type ClusterChoice = { readonly id: string; readonly name: string; readonly labels: Readonly<Record<string, string>> };
export type ProjectChoice = { readonly id: string; readonly name: string; readonly title: string };

/** What a form holds of a place while somebody chooses it. */
export interface PlaceDraft {
  readonly kind: ScopeInput['kind'];
  readonly clusterId: string;
  readonly projectId: string;
  /** As typed: "shop, payments". */
  readonly namespaces: string;
  /** "key=value" of a cluster label. */
  readonly label: string;
}

export const placeKinds: readonly {
  readonly kind: ScopeInput['kind'];
  readonly words: string;
  readonly needs: RoleChoice['grantableOn'][number];
}[] = [
  { kind: 'project', words: 'A project', needs: 'project' },
  { kind: 'namespaces', words: 'Namespaces by name', needs: 'namespaces' },
  { kind: 'cluster', words: 'One cluster', needs: 'cluster' },
  { kind: 'labels', words: 'Clusters with a label', needs: 'cluster' },
  { kind: 'all', words: 'All clusters', needs: 'all' },
];

/** Null until enough is chosen. */
export function scopeOf({ kind, clusterId, projectId, namespaces, label }: PlaceDraft): ScopeInput | null {
  const selector = selectorOf(label);
  switch (kind) {
    case 'all':
      return { kind };
    case 'labels':
      return selector ? { kind, selector } : null;
    case 'cluster':
      return clusterId ? { kind, clusterId } : null;
    case 'project':
      return projectId ? { kind, projectId } : null;
    case 'namespaces': {
      const names = namespaces.split(/[\s,]+/).filter(Boolean);
      if (names.length === 0) return null;
      return { kind, namespaces: names, ...(clusterId ? { clusterId } : selector ? { selector } : {}) };
    }
  }
}

function selectorOf(label: string): Record<string, string> | null {
  const at = label.indexOf('=');
  return at > 0 ? { [label.slice(0, at)]: label.slice(at + 1) } : null;
}

/** Every label that some cluster has, once. */
export function labelsOf(clusters: readonly ClusterChoice[]): string[] {
  return [...new Set(clusters.flatMap(({ labels }) => Object.entries(labels).map(([key, value]) => `${key}=${value}`)))].sort();
}
