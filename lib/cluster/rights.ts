// What a pasted credential must be allowed to do, asked before anything is written, so that a refusal names the right that is missing.
import { fault } from '#lib/errors/fault.ts';
import type { Access, ClusterClient } from './client.ts';
import { doorAccount, systemNamespace } from './names.ts';

const rbac = 'rbac.authorization.k8s.io';

const needed: readonly Access[] = [
  { verb: 'get', resource: 'namespaces', name: 'kube-system' },
  { verb: 'create', resource: 'namespaces' },
  { verb: 'patch', resource: 'namespaces' },
  { verb: 'create', resource: 'serviceaccounts', namespace: systemNamespace },
  { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace: systemNamespace, name: doorAccount },
  { verb: 'create', group: rbac, resource: 'clusterroles' },
  { verb: 'escalate', group: rbac, resource: 'clusterroles' },
  { verb: 'bind', group: rbac, resource: 'clusterroles' },
  { verb: 'create', group: rbac, resource: 'clusterrolebindings' },
  { verb: 'create', group: rbac, resource: 'roles', namespace: systemNamespace },
  { verb: 'create', group: rbac, resource: 'rolebindings', namespace: systemNamespace },
];

export async function requireRights(client: ClusterClient): Promise<void> {
  const { username } = await client.whoAmI();
  const answers = await Promise.all(needed.map(async (access) => ({ access, allowed: await client.mayI(access) })));
  const missing = answers.filter(({ allowed }) => !allowed).map(({ access }) => inWords(access));
  if (missing.length === 0) return;
  throw fault(
    'bad-input',
    'cluster.rights-missing',
    `The kubeconfig’s user (${username.slice(0, 80)}) may not do this in the cluster: ${missing.join('; ')}. Paste one of a cluster administrator; it is used once and not kept.`,
  );
}

export function inWords({ verb, resource, subresource, namespace, name, path }: Access): string {
  if (path !== undefined) return `${verb} ${path}`;
  if (verb === '*' && resource === '*') return 'do anything at all';
  const what = subresource ? `${resource}/${subresource}` : resource;
  return `${verb} ${what}${name ? ` ${name}` : ''}${namespace ? ` in ${namespace}` : ''}`;
}
