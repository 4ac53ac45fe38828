import { isNonResource } from './rules.ts';
import { list } from './scope.ts';
import type { PolicyRule } from './types.ts';

// A role in plain words, for people who do not read rules: "read pods, services and 12 more", "open a shell in pods".

const namedAtMost = 4;

const read = ['get', 'list', 'watch'];
const change = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** What is worth a phrase of its own, in the order in which it is said. */
const phrases: readonly { readonly resource: string; readonly verbs: readonly string[]; readonly words: string }[] = [
  { resource: 'pods/exec', verbs: ['create', 'get'], words: 'open a shell in pods' },
  { resource: 'pods/attach', verbs: ['create', 'get'], words: 'attach to pods' },
  { resource: 'pods/portforward', verbs: ['create', 'get'], words: 'forward ports to pods' },
  { resource: 'pods/log', verbs: ['get'], words: 'read the logs of pods' },
  { resource: 'secrets', verbs: read, words: 'read secrets' },
  { resource: 'serviceaccounts/token', verbs: ['create'], words: "make service accounts' tokens" },
  { resource: 'pods/eviction', verbs: ['create'], words: 'evict pods' },
];

// Read before the rest; people look for these first.
const wellKnown = ['pods', 'deployments', 'statefulsets', 'services', 'configmaps', 'secrets', 'jobs', 'ingresses', 'nodes', 'namespaces'];

export function mayInWords(rules: readonly PolicyRule[]): string[] {
  const verbsOf = new Map<string, Set<string>>();
  for (const rule of rules) {
    if (isNonResource(rule)) continue;
    for (const resource of rule.resources) {
      const verbs = verbsOf.get(resource) ?? new Set<string>();
      for (const verb of rule.verbs) verbs.add(verb);
      verbsOf.set(resource, verbs);
    }
  }
  const everywhere = verbsOf.get('*');
  if (everywhere && [...read, ...change].every((verb) => everywhere.has(verb) || everywhere.has('*'))) return ['do everything'];

  const words: string[] = [];
  const holding = (wanted: readonly string[], leftOut: readonly string[] = []) =>
    [...verbsOf]
      .filter(([resource, verbs]) => !leftOut.includes(resource) && wanted.some((verb) => verbs.has(verb) || verbs.has('*')))
      .map(([resource]) => resource)
      .filter((resource) => resource === '*' || !resource.includes('/'));
  const changed = holding(change);
  const deletedOnly = changed.filter((resource) => {
    const verbs = verbsOf.get(resource);
    return verbs && !verbs.has('*') && !['create', 'update', 'patch'].some((verb) => verbs.has(verb));
  });
  const written = changed.filter((resource) => !deletedOnly.includes(resource));
  if (written.length > 0) words.push(`change ${some(written)}`);
  if (deletedOnly.length > 0) words.push(`delete ${some(deletedOnly)}`);
  const readOnes = holding(read, ['secrets']);
  if (readOnes.length > 0) words.push(`read ${some(readOnes)}`);
  for (const { resource, verbs, words: phrase } of phrases) {
    const held = verbsOf.get(resource);
    if (held && (held.has('*') || verbs.some((verb) => held.has(verb)))) words.push(phrase);
  }
  const scaled = [...verbsOf]
    .filter(([resource, verbs]) => resource.endsWith('/scale') && (verbs.has('update') || verbs.has('patch')))
    .map(([resource]) => resource.split('/')[0] ?? resource);
  if (scaled.length > 0) words.push(`scale ${some(scaled)}`);
  return words;
}

function some(resources: readonly string[]): string {
  if (resources.includes('*')) return 'everything';
  const rank = (name: string) => (wellKnown.includes(name) ? wellKnown.indexOf(name) : wellKnown.length);
  const sorted = [...new Set(resources)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const named = sorted.slice(0, namedAtMost);
  const left = sorted.length - named.length;
  return list(left > 0 ? [...named, `${left} more`] : named);
}
