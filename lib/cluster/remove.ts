/**
 * Takes us out of a cluster: first every binding (so that nobody has a right without our door), then roles and fences, last our own
 * namespace with both accounts; what bound those is owned by the namespace and goes with it. Namespaces of projects stay, with what
 * runs in them; only our labels leave. Best effort by nature: the cluster may be gone. What is left is said, with the command for it.
 */
import type { Log } from '#lib/log/log.ts';
import type { ClusterClient } from './client.ts';
import type { KubeObject } from './kube-object.ts';
import { installationLabel, ownerSelector, systemNamespace } from './names.ts';

/** Bindings before roles, fences after both. */
const inOrder = [
  'RoleBinding',
  'ClusterRoleBinding',
  'Role',
  'ClusterRole',
  'NetworkPolicy',
  'LimitRange',
  'ResourceQuota',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingAdmissionPolicy',
] as const;

export interface Removal {
  readonly removed: number;
  readonly left: readonly string[];
}

export async function removeOurObjects(client: ClusterClient, installationId: string, log: Log): Promise<Removal> {
  const labelSelector = ownerSelector(installationId);
  const left: string[] = [];
  let removed = 0;
  const attempt = async (words: string, work: () => Promise<unknown>) => {
    try {
      await work();
      removed += 1;
    } catch (error) {
      log.warn({ err: error, object: words }, 'an object of a removed cluster could not be taken away');
      left.push(words);
    }
  };
  for (const kind of inOrder) {
    const { items } = await client.list(kind, { labelSelector });
    for (const object of items.filter((item) => !isOwn(item, installationId))) {
      await attempt(wordsFor(object), () => client.remove(kind, object.metadata.name, exactly(object)));
    }
  }
  const { items: namespaces } = await client.list('Namespace', { labelSelector });
  for (const namespace of namespaces.filter(({ metadata }) => metadata.name !== systemNamespace)) {
    await attempt(`labels of ${wordsFor(namespace)}`, () => client.apply(bareNamespace(namespace.metadata.name)));
  }
  const system = namespaces.find(({ metadata }) => metadata.name === systemNamespace);
  if (system) await attempt(wordsFor(system), () => client.remove('Namespace', systemNamespace, exactly(system)));
  return { removed, left };
}

/** Applied without labels, server-side apply takes back those that we had set, and only those. */
export function bareNamespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function adviceFor(installationId: string): string {
  const selector = `${installationLabel}=${installationId}`;
  return `kubectl delete clusterrolebindings,clusterroles -l ${selector}; kubectl delete rolebindings,roles,networkpolicies,limitranges,resourcequotas -A -l ${selector}; kubectl delete namespace ${systemNamespace}`;
}

/** The reconciler's own power, which it needs until the last call; it is owned by the namespace and goes with it. */
function isOwn({ metadata }: KubeObject, installationId: string): boolean {
  return metadata.name === `gatehouse:${installationId}:reconciler` || metadata.namespace === systemNamespace;
}

function exactly({ metadata: { namespace, uid } }: KubeObject) {
  return { ...(namespace ? { namespace } : {}), ...(uid ? { uid } : {}) };
}

function wordsFor({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;
}
