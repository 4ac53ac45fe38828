import { describe, expect, it } from 'vitest';
import { developerId, viewerId } from './builtin-roles.ts';
import { compileRoles } from './compile.ts';
import {
  testNow as now,
  testBinding,
  testCluster,
  testNamespaces,
  testProject,
  testProjectNamespace,
  testRoles,
  testScope,
  testWorld,
} from './testing.ts';
import type { KubeObject, WorldRole, WorldRows } from './types.ts';

const rows: Partial<WorldRows> = {
  clusters: [testCluster('east'), testCluster('west')],
  namespaces: [...testNamespaces('east', 'shop', 'payments'), ...testNamespaces('west', 'shop')],
  scopes: [
    testScope('all', { kind: 'all' }),
    testScope('shop', { kind: 'namespaces', namespaces: ['payments', 'shop'] }),
    testScope('project', { kind: 'project', projectId: 'j-web' }),
  ],
};

const brief = (objects: readonly KubeObject[]) =>
  objects
    .filter(({ apiVersion }) => apiVersion.startsWith('rbac'))
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`);

describe('what a cluster must hold', () => {
  it('nothing at all while nobody holds anything there', () => {
    expect(compileRoles(testWorld(rows), 'c-east', now)).toEqual([]);
    expect(compileRoles(testWorld({ ...rows, bindings: [testBinding(viewerId, 'all', 'g-x')] }), 'c-gone', now)).toEqual([]);
  });

  it('one role and one binding to the one group of the pair, never a person', () => {
    const [role, binding] = compileRoles(testWorld({ ...rows, bindings: [testBinding(viewerId, 'all', 'p-alice')] }), 'c-east', now).filter(
      ({ apiVersion }) => apiVersion.startsWith('rbac'),
    );
    expect(role?.metadata).toEqual({
      name: 'gatehouse:i-test:r-viewer',
      labels: { 'app.kubernetes.io/managed-by': 'gatehouse', 'gatehouse.io/installation': 'i-test' },
      annotations: { 'gatehouse.io/role': 'viewer' },
    });
    expect(binding).toMatchObject({
      kind: 'ClusterRoleBinding',
      metadata: {
        name: 'gatehouse:i-test:s-all:r-viewer',
        annotations: { 'gatehouse.io/role': 'viewer', 'gatehouse.io/scope': 'all clusters' },
      },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'gatehouse:i-test:r-viewer' },
      subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'gatehouse:i-test:s-all:r-viewer' }],
    });
  });

  it('one binding in each namespace that stands there, and none where it does not', () => {
    const world = testWorld({
      ...rows,
      bindings: [testBinding(developerId, 'shop', 'g-devs'), testBinding(developerId, 'shop', 'g-others')],
    });
    const name = 'gatehouse:i-test:s-shop:r-developer';
    expect(brief(compileRoles(world, 'c-east', now))).toEqual([
      'ClusterRole gatehouse:i-test:r-developer',
      `RoleBinding payments/${name}`,
      `RoleBinding shop/${name}`,
    ]);
    expect(brief(compileRoles(world, 'c-west', now))).toEqual(['ClusterRole gatehouse:i-test:r-developer', `RoleBinding shop/${name}`]);
  });

  it('a project’s bindings in what it makes and in what it adopted and still stands', () => {
    const world = testWorld({
      ...rows,
      projects: [testProject('web')],
      projectNamespaces: [
        testProjectNamespace('web', 'east', 'web-new'),
        testProjectNamespace('web', 'east', 'shop', 'adopted'),
        testProjectNamespace('web', 'east', 'gone', 'adopted'),
      ],
      bindings: [testBinding(developerId, 'project', 'g-devs')],
    });
    const name = 'gatehouse:i-test:s-project:r-developer';
    expect(brief(compileRoles(world, 'c-east', now)).slice(1)).toEqual([`RoleBinding shop/${name}`, `RoleBinding web-new/${name}`]);
    expect(compileRoles(world, 'c-west', now)).toEqual([]);
  });

  it('nothing of a grant that has ended', () => {
    const world = testWorld({ ...rows, bindings: [testBinding(viewerId, 'all', 'g-devs', now)] });
    expect(compileRoles(world, 'c-east', now)).toEqual([]);
  });

  it('rules exactly as they were written, inherited ones behind, an API group never shortened', () => {
    const own: WorldRole = {
      id: 'r-own',
      name: 'own',
      title: 'Own',
      description: '',
      builtin: false,
      grantableOn: ['all'],
      rules: [
        { apiGroups: ['apps.example'], resources: ['widgets'], resourceNames: ['one'], verbs: ['get'] },
        { nonResourceURLs: ['/metrics'], verbs: ['get'] },
      ],
      inherits: ['r-base'],
      portal: null,
      version: 3,
    };
    const base: WorldRole = {
      ...own,
      id: 'r-base',
      name: 'base',
      inherits: ['r-own'],
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    };
    const world = testWorld({ ...rows, roles: [...testRoles, own, base], bindings: [testBinding('r-own', 'all', 'g-devs')] });
    const role = compileRoles(world, 'c-east', now).find(({ kind }) => kind === 'ClusterRole');
    expect(role?.rules).toEqual([...own.rules, ...base.rules]);
  });

  it('the same objects in the same order, whatever order the rows came in', () => {
    const bindings = [testBinding(viewerId, 'all', 'g-b'), testBinding(developerId, 'shop', 'g-a'), testBinding(viewerId, 'shop', 'g-c')];
    const one = compileRoles(testWorld({ ...rows, bindings }), 'c-east', now);
    const other = compileRoles(testWorld({ ...rows, bindings: [...bindings].reverse() }), 'c-east', now);
    expect(other).toEqual(one);
  });
});
