/**
 * What a credential may at all, whatever its person may: one that only reads, one that is for some namespaces. The cluster cannot know of it
 * (RBAC judges the person), so it is decided here, before the cluster hears anything, and what is not recognised lies outside. Pure.
 *
 * A credential for some namespaces reaches: resources inside these namespaces, the namespaces themselves by `get`, the list of namespaces
 * (which then shows these only), discovery, and questions about oneself. Nothing else that is in no namespace, nothing across all of them, and no
 * writing of a namespace itself. Answers to questions about oneself (`kubectl auth can-i`) are about the person, not about the credential.
 */
import type { Description } from './describe.ts';

const readVerbs = new Set(['get', 'list', 'watch', 'head', 'options']);
/** Reached by `get`, and doing far more than reading. */
const neverMerelyRead = new Set(['exec', 'attach', 'portforward', 'proxy']);
const selfReviews = new Set([
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authentication.k8s.io/selfsubjectreviews',
]);
/** What a client reads before it knows what there is; `/metrics`, `/logs` and `/debug` tell of the whole cluster and are not among it. */
const discoveryRoots = new Set(['version', 'openapi', 'healthz', 'livez', 'readyz']);

export function merelyReads(description: Description, isUpgrade: boolean): boolean {
  const { isResource, verb, subresource } = description;
  if (isResource && neverMerelyRead.has(subresource)) return false;
  if (isSelfReview(description)) return true;
  if (isUpgrade && verb !== 'watch' && subresource !== 'log') return false;
  return readVerbs.has(verb);
}

export function liesWithin(
  namespaces: readonly string[],
  method: string,
  segments: readonly string[],
  description: Description,
  isUpgrade: boolean,
): boolean {
  const { isResource, resource, namespace, verb } = description;
  if (!isResource) return !isUpgrade && isRead(method) && isDiscovery(segments);
  if (isSelfReview(description)) return !isUpgrade;
  if (resource === 'namespaces') return readsNamespaces(namespaces, method, description);
  // The API server left the prefix `proxy/` behind; `…/pods/x/proxy` is a resource like any other.
  if (verb === 'proxy') return false;
  return namespaces.includes(namespace);
}

/** GET or HEAD of the list or a watch of namespaces, in all spellings of that address. */
export function listsNamespaces(method: string, { isResource, group, version, resource, subresource, verb }: Description): boolean {
  return (
    isRead(method) &&
    isResource &&
    group === '' &&
    version === 'v1' &&
    resource === 'namespaces' &&
    subresource === '' &&
    (verb === 'list' || verb === 'watch')
  );
}

/** Of the namespaces that a person may see, those that this credential may show; null = all there are. */
export function shownNamespaces(own: 'all' | readonly string[], narrowedTo: readonly string[] | null): readonly string[] | null {
  if (narrowedTo === null) return own === 'all' ? null : own;
  return own === 'all' ? narrowedTo : own.filter((name) => narrowedTo.includes(name));
}

function readsNamespaces(namespaces: readonly string[], method: string, description: Description): boolean {
  const { group, subresource, namespace, name, verb, legacyWatch } = description;
  if (listsNamespaces(method, description)) return namespace === '' || (legacyWatch && namespace === name);
  return isRead(method) && group === '' && subresource === '' && verb === 'get' && namespace === name && namespaces.includes(name);
}

/** Questions about oneself, asked by POST. */
function isSelfReview({ isResource, verb, group, resource, subresource, namespace, name }: Description): boolean {
  return (
    isResource && verb === 'create' && namespace === '' && name === '' && subresource === '' && selfReviews.has(`${group}/${resource}`)
  );
}

function isDiscovery([root, ...rest]: readonly string[]): boolean {
  if (root === undefined || discoveryRoots.has(root)) return true;
  return (root === 'api' && rest.length <= 1) || (root === 'apis' && rest.length <= 2);
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
