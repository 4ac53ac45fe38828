import { describe, expect, test } from 'vitest';
import type { KubeObject } from '#lib/cluster/kube-object.ts';
import { acceptedOf, diff } from './diff.ts';

const labels = { 'app.kubernetes.io/managed-by': 'gatehouse', 'gatehouse.io/installation': 'i-test' };
const rbac = 'rbac.authorization.k8s.io/v1';

const namespace = (name: string, extra: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...extra } });
const role = (name: string, rules: object[], extra: object = {}): KubeObject => ({
  apiVersion: rbac,
  kind: 'ClusterRole',
  metadata: { name, labels },
  rules,
  ...extra,
});
const binding = (name: string, roleName: string, inNamespace?: string): KubeObject => ({
  apiVersion: rbac,
  kind: inNamespace ? 'RoleBinding' : 'ClusterRoleBinding',
  metadata: { name, labels, ...(inNamespace ? { namespace: inNamespace } : {}) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName },
  subjects: [{ kind: 'Group', name, apiGroup: 'rbac.authorization.k8s.io' }],
});
const rule = (verbs: string[], resources: string[]) => ({ apiGroups: [''], resources, verbs });

const plan = (expected: KubeObject[], existing: KubeObject[]) => diff({ installationId: 'i-test', expected, existing });
const told = (expected: KubeObject[], existing: KubeObject[]) =>
  plan(expected, existing).map(({ operation, kind, name }) => `${operation} ${kind} ${name}`);

describe('nothing is to be done', () => {
  test('when rules say the same in another order, grouping or spelling', () => {
    const one = role('a', [rule(['get', 'list'], ['pods', 'services'])]);
    const two = role('a', [rule(['list'], ['services', 'pods']), rule(['get'], ['services']), rule(['get'], ['pods'])]);
    expect(plan([one], [two])).toEqual([]);
  });

  test('when the API server wrote a quantity its own way or filled in a default', () => {
    const quota = (hard: object) => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q', namespace: 'shop', labels },
      spec: { hard },
    });
    const shop = namespace('shop');
    expect(plan([quota({ cpu: '1000m', memory: '1024Mi' })], [shop, quota({ memory: '1Gi', cpu: '1' })])).toEqual([]);
    const range = (limit: object): KubeObject => ({
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'l', namespace: 'shop', labels },
      spec: { limits: [{ type: 'Container', ...limit }] },
    });
    const filled = { max: { cpu: '2' }, default: { cpu: '2' }, defaultRequest: { cpu: '2' } };
    expect(plan([range({ max: { cpu: '2' } })], [shop, range(filled)])).toEqual([]);
  });

  test('about objects that are not ours, or of another installation', () => {
    const foreign = { ...role('a', []), metadata: { name: 'a', labels: { 'app.kubernetes.io/managed-by': 'helm' } } };
    const other = { ...role('b', []), metadata: { name: 'b', labels: { ...labels, 'gatehouse.io/installation': 'i-other' } } };
    expect(plan([], [foreign, other, namespace('shop')])).toEqual([]);
  });

  test('about a binding whose namespace is not there, or is on its way out', () => {
    const going = namespace('shop', { deletionTimestamp: '2026-11-23T00:00:00Z' });
    expect(plan([binding('b', 'a', 'shop')], [])).toEqual([]);
    expect(plan([binding('b', 'a', 'shop')], [going])).toEqual([]);
  });
});

test('an operation says what is missing and what is too much', () => {
  const [operation] = plan([role('a', [rule(['get'], ['pods'])])], [role('a', [rule(['get', 'delete'], ['pods'])])]);
  expect(operation).toMatchObject({ operation: 'update', missing: [], extra: ['may delete pods'], reason: 'something is too much' });
  const wider = plan([role('a', [rule(['get'], ['pods'])])], [role('a', [rule(['get'], ['pods'])], { aggregationRule: { x: 1 } })]);
  expect(wider[0]?.extra).toEqual(['aggregationRule.x=1']);
});

test('a label that lends our role to others is drift, another label on a namespace is not', () => {
  const aggregated = {
    ...role('a', []),
    metadata: { name: 'a', labels: { ...labels, 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } },
  };
  expect(told([role('a', [])], [aggregated])).toEqual(['update ClusterRole a']);
  const ours = namespace('shop', { labels });
  expect(told([ours], [namespace('shop', { labels: { ...labels, team: 'tills' } })])).toEqual([]);
  expect(told([ours], [namespace('shop', { labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'privileged' } })])).toEqual([
    'update Namespace shop',
  ]);
});

test('an owner that we did not set is drift: with it the object would vanish', () => {
  const owned = {
    ...role('a', []),
    metadata: { name: 'a', labels, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }] },
  };
  expect(plan([role('a', [])], [owned])[0]?.extra).toEqual(['owned by Node n (u)']);
});

test('a binding that should give another role is made anew, for it cannot be changed', () => {
  expect(told([binding('b', 'new')], [binding('b', 'old')])).toEqual(['recreate ClusterRoleBinding b']);
});

test('a namespace is never deleted, only let go', () => {
  expect(told([], [namespace('shop', { labels })])).toEqual(['release Namespace shop']);
});

test('a namespace of another installation is refused, not taken', () => {
  const theirs = namespace('shop', { labels: { ...labels, 'gatehouse.io/installation': 'i-other' } });
  expect(told([namespace('shop', { labels })], [theirs])).toEqual(['refuse Namespace shop']);
});

test('what takes away comes first, a role before its binding, and a fence is the last to go', () => {
  const fence = (name: string): KubeObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'shop', labels },
    spec: { podSelector: {} },
  });
  const existing = [
    namespace('shop', { labels }),
    role('narrowed', [rule(['get', 'delete'], ['pods'])]),
    role('old', []),
    binding('old', 'old'),
    fence('old-fence'),
  ];
  const expected = [
    binding('new', 'new'),
    role('new', [rule(['get'], ['pods'])]),
    fence('new-fence'),
    namespace('made', { labels }),
    namespace('shop', { labels }),
    role('narrowed', [rule(['get'], ['pods'])]),
  ];
  expect(told(expected, existing)).toEqual([
    'delete ClusterRoleBinding old',
    'update ClusterRole narrowed',
    'delete ClusterRole old',
    'create Namespace made',
    'create NetworkPolicy new-fence',
    'create ClusterRole new',
    'create ClusterRoleBinding new',
    'delete NetworkPolicy old-fence',
  ]);
});

test('a difference that the API server makes each time is accepted, until either side changes', () => {
  const expected = role('a', [], { invented: 'by us' });
  const made = role('a', []);
  const accepted = () => acceptedOf(expected, made);
  const again = (existing: KubeObject) => diff({ installationId: 'i-test', expected: [expected], existing: [existing], accepted });
  expect(again(made)).toEqual([]);
  expect(again(role('a', [rule(['get'], ['secrets'])]))).toHaveLength(1);
});
