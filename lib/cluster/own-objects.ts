/**
 * What we ourselves need in a cluster, as Kubernetes objects. Pure.
 *
 * Two accounts. The *door* may impersonate by name and has no right of its own, so that a request which lost its impersonation headers is
 * refused rather than served with our power. The *reconciler* writes RBAC, namespaces and fences; whoever may write any role is an
 * administrator in effect, so its token never leaves the worker. It renews both tokens, by name, and no other account's.
 */
import type { KubeObject, OwnerReference, PolicyRule } from './kube-object.ts';
import {
  accountName,
  doorAccount,
  joinAccount,
  namespaceListGroup,
  ownerLabels,
  probeName,
  reconcilerAccount,
  systemNamespace,
} from './names.ts';

const rbacVersion = 'rbac.authorization.k8s.io/v1';
const rbacGroup = 'rbac.authorization.k8s.io';
const all = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

/** The reconciler's rights, each with the words in which a page says it. */
export const reconcilerRights: readonly { readonly words: string; readonly rule: PolicyRule }[] = [
  {
    words: 'read and write roles and role bindings, also with rights that it does not have itself (escalate, bind)',
    rule: { apiGroups: [rbacGroup], resources: ['clusterroles', 'roles'], verbs: [...all, 'escalate', 'bind'] },
  },
  { words: '', rule: { apiGroups: [rbacGroup], resources: ['clusterrolebindings', 'rolebindings'], verbs: all } },
  {
    words: 'read, create and label namespaces, but delete none except its own',
    rule: { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch', 'create', 'update', 'patch'] },
  },
  { words: '', rule: { apiGroups: [''], resources: ['namespaces'], resourceNames: [systemNamespace], verbs: ['delete'] } },
  {
    words: 'read and write resource quotas, limit ranges and network policies',
    rule: { apiGroups: [''], resources: ['resourcequotas', 'limitranges'], verbs: all },
  },
  { words: '', rule: { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: all } },
  {
    words: 'read and write validating admission policies',
    rule: {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
      verbs: all,
    },
  },
];

export const systemRights: readonly { readonly words: string; readonly rule: PolicyRule }[] = [
  {
    words: `renew the tokens of ${doorAccount} and ${reconcilerAccount}, and of no other account`,
    rule: { apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: [doorAccount, reconcilerAccount], verbs: ['create'] },
  },
  {
    words: 'clear away what joining the cluster left behind',
    rule: {
      apiGroups: [''],
      resources: ['serviceaccounts', 'secrets'],
      resourceNames: [joinAccount],
      verbs: ['delete'],
    },
  },
];

/** What stands before any person does: applied at registration in this order, kept as it is by the reconciler ever after. */
export function compileOwnObjects(installationId: string, namespaceUid?: string): KubeObject[] {
  const meta = (name: string) => ({
    name,
    labels: ownerLabels(installationId),
    // Owned by our namespace: when that goes, the cluster itself clears the rest away, though we can no longer.
    ...(namespaceUid ? { ownerReferences: [ownedByNamespace(namespaceUid)] } : {}),
  });
  const inSystem = (name: string) => ({ name, namespace: systemNamespace, labels: ownerLabels(installationId) });
  const reconcilerName = `gatehouse:${installationId}:reconciler`;
  const probe = probeName(installationId);
  const listing = namespaceListGroup(installationId);
  return [
    clusterRole(
      meta(reconcilerName),
      reconcilerRights.map(({ rule }) => rule),
    ),
    bindClusterRole(meta(reconcilerName), reconcilerName, accountSubject(reconcilerAccount)),
    {
      apiVersion: rbacVersion,
      kind: 'Role',
      metadata: inSystem('gatehouse-reconciler'),
      rules: systemRights.map(({ rule }) => rule),
    },
    {
      apiVersion: rbacVersion,
      kind: 'RoleBinding',
      metadata: inSystem('gatehouse-reconciler'),
      roleRef: { apiGroup: rbacGroup, kind: 'Role', name: 'gatehouse-reconciler' },
      subjects: [accountSubject(reconcilerAccount)],
    },
    clusterRole(meta(probe), [{ apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] }]),
    bindClusterRole(meta(probe), probe, groupSubject(probe)),
    clusterRole(meta(listing), [{ apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] }]),
    bindClusterRole(meta(listing), listing, groupSubject(listing)),
  ];
}

export function systemNamespaceObject(installationId: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace, labels: ownerLabels(installationId) } };
}

export function accountObject(installationId: string, name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: systemNamespace, labels: ownerLabels(installationId) },
    automountServiceAccountToken: false,
  };
}

export function clusterRole(metadata: KubeObject['metadata'], rules: readonly PolicyRule[]): KubeObject {
  return { apiVersion: rbacVersion, kind: 'ClusterRole', metadata, rules };
}

export function bindClusterRole(metadata: KubeObject['metadata'], role: string, subject: object): KubeObject {
  return {
    apiVersion: rbacVersion,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
    subjects: [subject],
  };
}

/** The same in one namespace, which the metadata names. */
export function bindClusterRoleIn(metadata: KubeObject['metadata'], role: string, subject: object): KubeObject {
  return { ...bindClusterRole(metadata, role, subject), kind: 'RoleBinding' };
}

export function accountSubject(name: string): object {
  return { kind: 'ServiceAccount', name, namespace: systemNamespace };
}

export function groupSubject(name: string): object {
  return { kind: 'Group', name, apiGroup: rbacGroup };
}

function ownedByNamespace(uid: string): OwnerReference {
  return { apiVersion: 'v1', kind: 'Namespace', name: systemNamespace, uid };
}

export const doorUser = accountName(doorAccount);
export const reconcilerUser = accountName(reconcilerAccount);
