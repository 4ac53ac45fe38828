/**
 * What a request asks for, in Kubernetes' own words: a reading of the path and query that agrees with the API server's RequestInfo, on which
 * its audit log and RBAC rest. Pure. Where the API server would find no resource, neither do we.
 */
import type { Routed } from './resolve-cluster.ts';
import type { QueryPair, Target } from './target.ts';

export interface Description {
  readonly isResource: boolean;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The path began with the old `watch/` prefix. */
  readonly legacyWatch: boolean;
}

export interface Described extends Routed {
  readonly description: Description;
}

export function describe(former: Routed): Described {
  return { ...former, description: describeTarget(former.arrival.method, former.target) };
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

const namespaceSubresources = new Set(['status', 'finalize']);
const legacyPrefixes = new Set(['proxy', 'watch']);

export function describeTarget(method: string, { segments, query }: Target): Description {
  const nonResource = nothing(method.toLowerCase());
  const prefix = segments[0];
  if (prefix !== 'api' && prefix !== 'apis') return nonResource;
  const headLength = prefix === 'api' ? 2 : 3;
  if (segments.length <= headLength) return nonResource;
  const group = prefix === 'api' ? '' : (segments[1] ?? '');
  const version = segments[headLength - 1] ?? '';
  let rest = segments.slice(headLength);
  let verb = verbs[method] ?? '';
  let legacyWatch = false;
  if (legacyPrefixes.has(rest[0] ?? '')) {
    if (rest.length < 2) return nonResource;
    verb = rest[0] ?? '';
    legacyWatch = verb === 'watch';
    rest = rest.slice(1);
  }
  let namespace = '';
  if (rest[0] === 'namespaces') {
    namespace = rest[1] ?? '';
    // Behind a namespace stands a resource of it, unless what follows is the namespace's own subresource.
    if (rest.length > 2 && !namespaceSubresources.has(rest[2] ?? '')) rest = rest.slice(2);
  }
  const [resource = '', name = '', subresource = ''] = rest;
  if (name === '' && verb === 'get') {
    const asked = listOptions(query ?? []);
    return {
      isResource: true,
      verb: asked.watch ? 'watch' : 'list',
      group,
      version,
      resource,
      subresource,
      namespace,
      name: asked.name,
      legacyWatch,
    };
  }
  if (name === '' && verb === 'delete') verb = 'deletecollection';
  return { isResource: true, verb, group, version, resource, subresource, namespace, name, legacyWatch };
}

/** As the API server decodes them: the first of several counts, and anything but `false` and `0` is true. */
function listOptions(query: readonly QueryPair[]): { watch: boolean; name: string } {
  const watch = query.find(({ name }) => name === 'watch')?.value.toLowerCase();
  const selector = query.find(({ name }) => name === 'fieldSelector')?.value ?? '';
  const exact = selector
    .split(',')
    .map((term) => /^metadata\.name==?(.+)$/.exec(term.trim())?.[1])
    .find((value) => value !== undefined);
  return { watch: watch !== undefined && watch !== 'false' && watch !== '0', name: exact ?? '' };
}

function nothing(verb: string): Description {
  return { isResource: false, verb, group: '', version: '', resource: '', subresource: '', namespace: '', name: '', legacyWatch: false };
}

export function firstValue(query: readonly QueryPair[], name: string): string | undefined {
  return query.find((pair) => pair.name === name)?.value;
}
