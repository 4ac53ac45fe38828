// Where each kind lives in the API. Only the kinds named here are ever read or written by us: an object of another kind has no path.
export interface Kind {
  readonly kind: string;
  readonly apiVersion: string;
  /** Below the server's address, without namespace: /api/v1 or /apis/<group>/<version>. */
  readonly base: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', base: '/apis/rbac.authorization.k8s.io/v1' };
const core = { apiVersion: 'v1', base: '/api/v1' };
const admission = { apiVersion: 'admissionregistration.k8s.io/v1', base: '/apis/admissionregistration.k8s.io/v1' };

const table: readonly Kind[] = [
  { kind: 'Namespace', ...core, plural: 'namespaces', namespaced: false },
  { kind: 'ServiceAccount', ...core, plural: 'serviceaccounts', namespaced: true },
  { kind: 'ResourceQuota', ...core, plural: 'resourcequotas', namespaced: true },
  { kind: 'LimitRange', ...core, plural: 'limitranges', namespaced: true },
  {
    kind: 'NetworkPolicy',
    apiVersion: 'networking.k8s.io/v1',
    base: '/apis/networking.k8s.io/v1',
    plural: 'networkpolicies',
    namespaced: true,
  },
  { kind: 'ValidatingAdmissionPolicy', ...admission, plural: 'validatingadmissionpolicies', namespaced: false },
  { kind: 'ValidatingAdmissionPolicyBinding', ...admission, plural: 'validatingadmissionpolicybindings', namespaced: false },
  { kind: 'ClusterRole', ...rbac, plural: 'clusterroles', namespaced: false },
  { kind: 'ClusterRoleBinding', ...rbac, plural: 'clusterrolebindings', namespaced: false },
  { kind: 'Role', ...rbac, plural: 'roles', namespaced: true },
  { kind: 'RoleBinding', ...rbac, plural: 'rolebindings', namespaced: true },
  { kind: 'Secret', ...core, plural: 'secrets', namespaced: true },
  { kind: 'ConfigMap', ...core, plural: 'configmaps', namespaced: true },
  { kind: 'Job', apiVersion: 'batch/v1', base: '/apis/batch/v1', plural: 'jobs', namespaced: true },
];

const byName = new Map(table.map((kind) => [kind.kind, kind]));

export function kindOf(name: string): Kind {
  const kind = byName.get(name);
  if (!kind) throw new Error(`objects of kind ${name} are not ours to read or write`);
  return kind;
}

/** The path of one object. Every part is percent-encoded: a name from elsewhere cannot reach into the path. */
export function objectPath(kind: string, name: string, namespace: string | undefined): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

/** The path of a collection: of one namespace, or of all when none is given. */
export function collectionPath(kind: string, namespace?: string): string {
  const { base, plural, namespaced } = kindOf(kind);
  if (!namespaced && namespace) throw new Error(`${kind} has no namespace`);
  return namespace ? `${base}/namespaces/${encodeURIComponent(namespace)}/${plural}` : `${base}/${plural}`;
}
