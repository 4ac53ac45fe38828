/**
 * Existing against expected, as a list of operations that explains itself. Pure; a preview is this without `apply`.
 *
 * We own what carries our labels and nothing else: an object without them is never touched, save a namespace that an admin put into a
 * project. The order is the safety: what takes away comes first, a fence stands before a role, a role before its binding, and what fences
 * is taken away last. A namespace is never deleted, only let go.
 */
import type { KubeObject } from '#lib/cluster/kube-object.ts';
import { installationLabel, isDoorPower, managedByLabel } from '#lib/cluster/names.ts';
import { factsOf, hashOf, roleRefFact } from './meaning.ts';

export type OperationName = 'create' | 'update' | 'recreate' | 'delete' | 'release' | 'refuse';

export interface Operation {
  readonly operation: OperationName;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly expected: KubeObject | null;
  readonly existing: KubeObject | null;
  /** What the cluster lacks, and what it has too much, as facts (meaning.ts). */
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly reason: string;
  readonly phase: number;
}

/** What the API server made of an object when we applied it last: differences that are its own doing, and stay however often we apply. */
export interface Accepted {
  readonly expected: string;
  readonly existing: string;
}

export interface DiffInput {
  readonly installationId: string;
  readonly expected: readonly KubeObject[];
  /** Ours of every kind, and all namespaces. */
  readonly existing: readonly KubeObject[];
  readonly accepted?: (key: string) => Accepted | undefined;
}

export function keyOf(object: KubeObject | Operation): string {
  const { namespace = '', name } = 'operation' in object ? (object as Operation) : (object as KubeObject).metadata;
  return `${object.kind} ${namespace}/${name}`;
}

export function diff({ installationId, expected, existing, accepted = () => undefined }: DiffInput): Operation[] {
  const existingByKey = new Map(existing.map((object) => [keyOf(object), object]));
  const expectedByKey = new Map(expected.map((object) => [keyOf(object), object]));
  const standing = namespacesStanding(expected, existing);
  const operations: Operation[] = [];
  for (const [key, object] of expectedByKey) {
    // A binding for a namespace that is not there (any more) waits for it without a word.
    if (object.metadata.namespace && !standing.has(object.metadata.namespace)) continue;
    const operation = existingByKey.has(key)
      ? compare(installationId, object, existingByKey.get(key) as KubeObject, accepted(key))
      : creation(object);
    if (operation) operations.push(operation);
  }
  for (const [key, object] of existingByKey) {
    if (expectedByKey.has(key) || !isOurs(object, installationId) || object.metadata.deletionTimestamp) continue;
    operations.push(object.kind === 'Namespace' ? release(object) : deletion(object));
  }
  return operations.sort((a, b) => a.phase - b.phase || compareText(a.kind, b.kind) || compareText(placeOf(a), placeOf(b)));
}

export function differs(expected: KubeObject, existing: KubeObject): boolean {
  const { missing, extra } = difference(expected, existing);
  return missing.length > 0 || extra.length > 0;
}

/** Remembered after an apply that left a difference of the server's own making. */
export function acceptedOf(expected: KubeObject, existing: KubeObject): Accepted {
  return { expected: contentHash(expected), existing: contentHash(existing) };
}

export function contentHash(object: KubeObject): string {
  return hashOf([...factsOf(object)].sort());
}

export function isOurs({ metadata }: KubeObject, installationId: string): boolean {
  return metadata.labels?.[managedByLabel] === 'gatehouse' && metadata.labels[installationLabel] === installationId;
}

function compare(installationId: string, expected: KubeObject, existing: KubeObject, accepted: Accepted | undefined): Operation | null {
  if (existing.metadata.deletionTimestamp) return null;
  const owner = existing.metadata.labels?.[installationLabel];
  if (owner !== undefined && owner !== installationId) {
    return operation('refuse', expected, existing, [], [], `it belongs to another Gatehouse installation (${owner})`);
  }
  const { missing, extra } = difference(expected, existing);
  if (missing.length === 0 && extra.length === 0) return null;
  if (accepted && accepted.expected === contentHash(expected) && accepted.existing === contentHash(existing)) return null;
  if (expected.roleRef && roleRefFact(expected) !== roleRefFact(existing)) {
    return operation('recreate', expected, existing, missing, extra, 'what a binding gives cannot be changed, so it is made anew');
  }
  return operation('update', expected, existing, missing, extra, reasonFor(missing, extra));
}

function difference(expected: KubeObject, existing: KubeObject): { missing: string[]; extra: string[] } {
  const wanted = factsOf(expected);
  const present = factsOf(existing);
  return { missing: [...wanted].filter((fact) => !present.has(fact)), extra: [...present].filter((fact) => !wanted.has(fact)) };
}

function creation(object: KubeObject): Operation {
  return operation('create', object, null, [...factsOf(object)], [], 'it is not there');
}

function deletion(object: KubeObject): Operation {
  return operation('delete', null, object, [], [...factsOf(object)], 'nothing asks for it any more');
}

function release(object: KubeObject): Operation {
  const ours = [...factsOf(object)];
  return operation('release', null, object, [], ours, 'it is in no project any more; the namespace and what runs in it stay');
}

function reasonFor(missing: readonly string[], extra: readonly string[]): string {
  const lacks = missing.length === 1 ? 'something is missing' : `${missing.length} things are missing`;
  const has = extra.length === 1 ? 'something is too much' : `${extra.length} things are too much`;
  if (extra.length === 0) return lacks;
  return missing.length === 0 ? has : `${lacks}, ${has}`;
}

function operation(
  name: OperationName,
  expected: KubeObject | null,
  existing: KubeObject | null,
  missing: readonly string[],
  extra: readonly string[],
  reason: string,
): Operation {
  const object = expected ?? existing;
  if (!object) throw new Error('an operation is about an object');
  return {
    operation: name,
    kind: object.kind,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    expected,
    existing,
    missing,
    extra,
    reason,
    phase: phaseOf(name, object.kind, extra) + aheadOrBehind(name, object, extra),
  };
}

const bindingKinds = new Set(['RoleBinding', 'ClusterRoleBinding']);
const roleKinds = new Set(['Role', 'ClusterRole']);

/** Reductions, then namespaces, fences, roles, bindings; fences are taken away last. */
function phaseOf(name: OperationName, kind: string, extra: readonly string[]): number {
  const isBinding = bindingKinds.has(kind);
  const isRole = roleKinds.has(kind);
  if (name === 'delete') return isBinding ? 0 : isRole ? 2 : 8;
  if (name === 'release') return 9;
  if (name === 'update' && (isBinding || isRole) && extra.length > 0) return 1;
  if (kind === 'Namespace') return 3;
  if (isRole) return 5;
  if (isBinding) return name === 'recreate' ? 6 : 7;
  return 4;
}

/** What lets the door act as people is widened before anybody can use it, and narrowed only after. */
function aheadOrBehind(name: OperationName, { metadata }: KubeObject, extra: readonly string[]): number {
  if (!isDoorPower(metadata.name)) return 0;
  return name === 'delete' || (name === 'update' && extra.length > 0) ? 1.5 : -0.5;
}

function namespacesStanding(expected: readonly KubeObject[], existing: readonly KubeObject[]): Set<string> {
  const alive = [...existing, ...expected].filter(({ kind, metadata }) => kind === 'Namespace' && !metadata.deletionTimestamp);
  const going = existing.filter(({ kind, metadata }) => kind === 'Namespace' && metadata.deletionTimestamp);
  const names = new Set(alive.map(({ metadata }) => metadata.name));
  for (const { metadata } of going) names.delete(metadata.name);
  return names;
}

function placeOf({ namespace, name }: Operation): string {
  return `${namespace}/${name}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
