import { describe, expect, it } from 'vitest';
import { developerId, viewerId } from './builtin-roles.ts';
import { explain } from './explain.ts';
import { testNow as now, testBinding, testCluster, testGroup, testNamespaces, testPerson, testScope, testWorld } from './testing.ts';
import type { WorldPerson } from './types.ts';

function shopWorld(alice: WorldPerson = testPerson('alice')) {
  return testWorld({
    people: [alice, testPerson('frank')],
    groups: [testGroup('devs'), testGroup('engineering')],
    memberships: [
      ['g-devs', ['p-alice']],
      ['g-engineering', ['g-devs']],
    ],
    clusters: [testCluster('east'), testCluster('west')],
    namespaces: [...testNamespaces('east', 'shop', 'payments'), ...testNamespaces('west', 'shop')],
    scopes: [testScope('shop', { kind: 'namespaces', namespaces: ['shop'] }), testScope('east', { kind: 'cluster', clusterId: 'c-east' })],
    bindings: [testBinding(developerId, 'shop', 'g-engineering'), testBinding(viewerId, 'east', 'p-alice')],
  });
}

const deletePods = { verb: 'delete', resource: 'pods', apiGroup: '' };

describe('why somebody may', () => {
  it('names every step from the person to the objects in the cluster', () => {
    const explanation = explain(shopWorld(), { personId: 'p-alice', clusterId: 'c-east', question: deletePods, namespace: 'shop' }, now);
    expect(explanation).toMatchObject({ allowed: true, standing: 'live', answer: 'alice may delete pods in shop on east.' });
    expect(explanation?.chains).toHaveLength(1);
    expect(explanation?.chains[0]?.links.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'person alice',
      'group devs',
      'group engineering',
      'grant namespace shop on all clusters',
      'role Developer',
      'rule create, update, patch, delete and deletecollection configmaps, persistentvolumeclaims, pods, replicationcontrollers, secrets and services',
      'cluster east',
    ]);
    expect(explanation?.chains[0]?.objects).toEqual([
      { kind: 'ClusterRole', namespace: null, name: 'gatehouse:i-test:r-developer' },
      { kind: 'RoleBinding', namespace: 'shop', name: 'gatehouse:i-test:s-shop:r-developer' },
    ]);
  });

  it('without a question, lists every grant on every cluster', () => {
    const explanation = explain(shopWorld(), { personId: 'p-alice' }, now);
    expect(explanation?.chains.map(({ cluster, role }) => `${cluster} ${role.name}`).sort()).toEqual([
      'east developer',
      'east viewer',
      'west developer',
    ]);
  });
});

describe('why somebody may not', () => {
  it('no grant gives it in that namespace', () => {
    const explanation = explain(
      shopWorld(),
      { personId: 'p-alice', clusterId: 'c-east', question: deletePods, namespace: 'payments' },
      now,
    );
    expect(explanation).toMatchObject({ allowed: false, chains: [], answer: 'alice may not delete pods in payments: no grant gives it.' });
  });

  it('the account is not live, although a grant would give it', () => {
    const explanation = explain(
      shopWorld(testPerson('alice', { disabled: true })),
      { personId: 'p-alice', clusterId: 'c-east', question: deletePods },
      now,
    );
    expect(explanation?.allowed).toBe(false);
    expect(explanation?.chains).toHaveLength(1);
    expect(explanation?.answer).toContain('disabled in the directory');
  });

  it('nobody gave them anything', () => {
    expect(explain(shopWorld(), { personId: 'p-frank' }, now)).toMatchObject({ allowed: false, chains: [] });
    expect(explain(shopWorld(), { personId: 'p-nobody' }, now)).toBeNull();
  });
});

it('the explanation and the decision agree: chains on a cluster are the platform groups there', () => {
  const world = shopWorld();
  for (const clusterId of ['c-east', 'c-west']) {
    const explained = explain(world, { personId: 'p-alice', clusterId }, now)?.chains.map(({ platformGroup }) => platformGroup);
    expect([...(explained ?? [])].sort()).toEqual(world.platformGroups('p-alice', clusterId, now));
  }
});
