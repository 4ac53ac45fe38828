/**
 * What an object means, as a set of short facts ("may get pods", "bound to group x"), so that two objects are compared by what they do and
 * not by how they are written: the order of rules, "1000m" for "1" or a default that the API server fills in are no difference. Pure.
 */

import { createHash } from 'node:crypto';
import type { KubeObject, PolicyRule, RbacSubject } from '#lib/cluster/kube-object.ts';
import { installationLabel, managedByLabel } from '#lib/cluster/names.ts';
import { amountOf } from '#lib/project/quantity.ts';

/** Fields that say who and where, or that others write. Everything else in an object counts. */
const notContent = new Set(['apiVersion', 'kind', 'metadata', 'status', 'rules', 'subjects', 'roleRef']);

export function factsOf(object: KubeObject): Set<string> {
  const facts = new Set<string>();
  for (const label of labelsOf(object)) facts.add(label);
  for (const [key, value] of Object.entries(object.metadata.annotations ?? {})) {
    if (key.startsWith('gatehouse.io/')) facts.add(`annotation ${key}=${value}`);
  }
  // An owner counts: with a foreign one, the cluster's collector would take the object away when that owner goes.
  for (const { kind, name, uid } of object.metadata.ownerReferences ?? []) facts.add(`owned by ${kind} ${name} (${uid})`);
  for (const rule of listOf<PolicyRule>(object.rules)) for (const right of rightsOf(rule)) facts.add(right);
  for (const subject of listOf<RbacSubject>(object.subjects)) facts.add(subjectFact(subject));
  if (object.roleRef) facts.add(roleRefFact(object));
  // A namespace's own spec (its finalizers) is the cluster's business.
  if (object.kind !== 'Namespace') {
    for (const [field, value] of Object.entries(object)) {
      if (!notContent.has(field)) flatten(field, withDefaults(object.kind, field, value), facts);
    }
  }
  return facts;
}

export function roleRefFact({ roleRef }: KubeObject): string {
  const { kind, name } = (roleRef ?? {}) as { kind?: string; name?: string };
  return `gives ${kind} ${name}`;
}

export function hashOf(value: unknown): string {
  return createHash('sha256').update(stableText(value)).digest('base64url').slice(0, 22);
}

export function stableText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, inner]) => `${JSON.stringify(key)}:${stableText(inner)}`).join(',')}}`;
}

/** On objects that are wholly ours each label counts; a namespace has other people's labels too, there only those that fence or own it. */
function labelsOf({ kind, metadata }: KubeObject): string[] {
  const counts = (key: string) =>
    kind !== 'Namespace' ||
    key === managedByLabel ||
    key === installationLabel ||
    key.startsWith('gatehouse.io/') ||
    key.startsWith('pod-security.kubernetes.io/');
  return Object.entries(metadata.labels ?? {})
    .filter(([key]) => counts(key))
    .map(([key, value]) => `label ${key}=${value}`);
}

function* rightsOf({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: PolicyRule): Generator<string> {
  for (const verb of verbs) {
    for (const url of nonResourceURLs ?? []) yield `may ${verb} ${url}`;
    for (const group of apiGroups ?? []) {
      for (const resource of resources ?? []) {
        const what = group === '' ? resource : `${resource}.${group}`;
        if (!resourceNames || resourceNames.length === 0) yield `may ${verb} ${what}`;
        else for (const name of resourceNames) yield `may ${verb} ${what} “${name}”`;
      }
    }
  }
}

function subjectFact({ kind, name, namespace }: RbacSubject): string {
  return `bound to ${kind} ${namespace ? `${namespace}/` : ''}${name}`;
}

function flatten(path: string, value: unknown, facts: Set<string>): void {
  if (Array.isArray(value) && value.length > 0) {
    value.forEach((inner, index) => {
      flatten(`${path}[${index}]`, inner, facts);
    });
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    for (const [key, inner] of Object.entries(value)) flatten(`${path}.${key}`, inner, facts);
  } else if (value !== null && value !== undefined) {
    facts.add(`${path}=${JSON.stringify(value)}`);
  }
}

type Fields = Record<string, unknown>;

/** The API server's own defaults and spellings, put on both sides. */
function withDefaults(kind: string, field: string, value: unknown): unknown {
  if (field !== 'spec' || typeof value !== 'object' || value === null) return value;
  const spec = value as Fields;
  if (kind === 'ResourceQuota') return { ...spec, hard: quantities(spec.hard) };
  if (kind === 'LimitRange') return { limits: listOf<Fields>(spec.limits).map(limitWithDefaults) };
  if (kind === 'NetworkPolicy') return networkPolicyWithDefaults(spec);
  if (kind === 'ValidatingAdmissionPolicy') return admissionPolicyWithDefaults(spec);
  return spec;
}

/** What a limit leaves open the API server fills in: the default from the maximum, the request from the default. */
function limitWithDefaults(limit: Fields): Fields {
  const max = quantities(limit.max);
  const byDefault = limit.type === 'Container' ? { ...max, ...quantities(limit.default) } : quantities(limit.default);
  const request = limit.type === 'Container' ? { ...byDefault, ...quantities(limit.min), ...quantities(limit.defaultRequest) } : {};
  return { ...limit, max, min: quantities(limit.min), default: byDefault, defaultRequest: request };
}

function networkPolicyWithDefaults(spec: Fields): Fields {
  const withPorts = (rules: unknown) =>
    listOf<Fields>(rules).map((rule) => ({ ...rule, ports: listOf<Fields>(rule.ports).map((port) => ({ protocol: 'TCP', ...port })) }));
  const types = listOf<string>(spec.policyTypes);
  return {
    ...spec,
    policyTypes: types.length > 0 ? [...types].sort() : listOf(spec.egress).length > 0 ? ['Egress', 'Ingress'] : ['Ingress'],
    ...(spec.ingress === undefined ? {} : { ingress: withPorts(spec.ingress) }),
    ...(spec.egress === undefined ? {} : { egress: withPorts(spec.egress) }),
  };
}

function admissionPolicyWithDefaults(spec: Fields): Fields {
  const constraints = (spec.matchConstraints ?? {}) as Fields;
  const resourceRules = listOf<Fields>(constraints.resourceRules).map((rule) => ({ scope: '*', ...rule }));
  const matchConstraints = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, ...constraints, resourceRules };
  return { failurePolicy: 'Fail', ...spec, matchConstraints };
}

function quantities(amounts: unknown): Record<string, number | string> {
  const entries = Object.entries((amounts ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, amount]) => [name, quantityOf(String(amount))]));
}

/** "1000m" is 1, "1Gi" is 1024Mi. What is no quantity stays text. */
function quantityOf(text: string): number | string {
  const amount = amountOf(text);
  return Number.isNaN(amount) ? text : amount;
}

function listOf<T>(value: unknown): T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}
