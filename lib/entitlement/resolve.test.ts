import { describe, expect, it } from 'vitest';
import { auditorId, developerId, platformAdminId, viewerId } from './builtin-roles.ts';
import {
  testNow as now,
  testBinding,
  testCluster,
  testGroup,
  testNamespaces,
  testPerson,
  testRoles,
  testScope,
  testWorld,
} from './testing.ts';
import type { WorldRows } from './types.ts';

const shopScope = testScope('shop', { kind: 'namespaces', namespaces: ['shop'] });

const rows: Partial<WorldRows> = {
  people: [testPerson('alice'), testPerson('carol'), testPerson('frank')],
  groups: [testGroup('devs'), testGroup('engineering'), testGroup('all'), testGroup('mailing', { security: false })],
  memberships: [
    ['g-devs', ['p-alice']],
    ['g-engineering', ['g-devs']],
    ['g-all', ['g-engineering', 'g-mailing']],
    ['g-mailing', ['p-frank']],
  ],
  clusters: [testCluster('east', { env: 'prod' }), testCluster('west', { env: 'staging' })],
  namespaces: [...testNamespaces('east', 'shop', 'payments'), ...testNamespaces('west', 'monitoring')],
  scopes: [
    shopScope,
    testScope('all', { kind: 'all' }),
    testScope('staging', { kind: 'labels', clusterSelector: { env: 'staging' } }),
    testScope('no-label', { kind: 'labels', clusterSelector: {} }),
  ],
};

const shopGroup = 'gatehouse:i-test:s-shop:r-developer';

describe('who carries a platform group', () => {
  it('a member of a group inside a group inside a group, where the namespace stands', () => {
    const world = testWorld({ ...rows, bindings: [testBinding(developerId, 'shop', 'g-all')] });
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([shopGroup]);
    expect(world.platformGroups('p-alice', 'c-west', now)).toEqual([]);
    expect(world.pathTo('p-alice', 'g-all')).toEqual(['g-devs', 'g-engineering', 'g-all']);
  });

  it('nobody through a distribution group, directly or above it', () => {
    const world = testWorld({
      ...rows,
      bindings: [testBinding(developerId, 'shop', 'g-all'), testBinding(developerId, 'shop', 'g-mailing')],
    });
    expect(world.platformGroups('p-frank', 'c-east', now)).toEqual([]);
    expect(world.groupsOf('p-frank').size).toBe(0);
    expect(world.membersOf('g-all')).toEqual(new Set(['p-alice']));
  });

  it('nobody through a deleted group', () => {
    const groups = [testGroup('devs', { deleted: true }), testGroup('engineering'), testGroup('all')];
    const world = testWorld({ ...rows, groups, bindings: [testBinding(developerId, 'shop', 'g-all')] });
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([]);
  });

  it('everybody in a circle of groups, once', () => {
    const memberships = [
      ['g-devs', ['p-alice', 'g-all']],
      ['g-engineering', ['g-devs']],
      ['g-all', ['g-engineering']],
    ] as const;
    const world = testWorld({ ...rows, memberships, bindings: [testBinding(developerId, 'shop', 'g-engineering')] });
    expect(world.groupsOf('p-alice')).toEqual(new Set(['g-devs', 'g-engineering', 'g-all']));
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([shopGroup]);
  });

  it('nobody once the grant has ended by our clock, without any change having been told', () => {
    const until = new Date(now.getTime() + 1000);
    const world = testWorld({ ...rows, bindings: [testBinding(developerId, 'shop', 'g-devs', until)] });
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([shopGroup]);
    expect(world.nextEnd(now)).toBe(until.getTime());
    expect(world.platformGroups('p-alice', 'c-east', until)).toEqual([]);
    expect(world.nextEnd(until)).toBeNull();
  });

  it.each([
    ['disabled', { disabled: true }],
    ['expired', { accountExpiresAt: now.getTime() }],
    ['locked', { lockoutAt: now.getTime() - 1000 }],
    ['outside-hours', { logonHours: '0'.repeat(42) }],
    ['deleted', { deleted: true }],
    ['out-of-scope', { outOfScope: true }],
    ['cut', { cut: true }],
  ] as const)('nobody whose account is %s, and the world says which', (reason, fields) => {
    const world = testWorld({ ...rows, people: [testPerson('alice', fields)], bindings: [testBinding(developerId, 'shop', 'g-devs')] });
    expect(world.standing('p-alice', now)).toEqual({ reason });
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([]);
    expect(world.portalPowers('p-alice', now)).toEqual({ admin: false, auditor: false });
  });

  it('somebody whose lock ran out by our clock, again', () => {
    const lockedLongAgo = testPerson('alice', { state: 'locked', lockoutAt: now.getTime() - 1800 * 1000 });
    expect(testWorld({ people: [lockedLongAgo] }).standing('p-alice', now)).toBe('live');
    const untilLifted = [{ id: 'd-corp', domain: 'corp.example', lockoutWindowSeconds: 0 }];
    expect(testWorld({ people: [lockedLongAgo], directories: untilLifted }).standing('p-alice', now)).toEqual({ reason: 'locked' });
    const ownPolicy = testPerson('alice', { state: 'locked', lockoutAt: now.getTime() - 1800 * 1000, ownLockoutSeconds: 3600 });
    expect(testWorld({ people: [ownPolicy] }).standing('p-alice', now)).toEqual({ reason: 'locked' });
    const ownUntilLifted = testPerson('alice', { state: 'locked', lockoutAt: now.getTime() - 1800 * 1000, ownLockoutSeconds: 0 });
    expect(testWorld({ people: [ownUntilLifted] }).standing('p-alice', now)).toEqual({ reason: 'locked' });
  });

  it('nobody by a role that was removed, a scope that is unknown, or a cluster that is', () => {
    const bindings = [testBinding(developerId, 'shop', 'g-devs')];
    expect(
      testWorld({ ...rows, bindings, roles: testRoles.filter(({ id }) => id !== developerId) }).platformGroups('p-alice', 'c-east', now),
    ).toEqual([]);
    expect(testWorld({ ...rows, bindings, scopes: [] }).platformGroups('p-alice', 'c-east', now)).toEqual([]);
    expect(testWorld({ ...rows, bindings }).platformGroups('p-alice', 'c-gone', now)).toEqual([]);
  });
});

describe('where a scope bites', () => {
  it('labels match clusters, and no label matches none', () => {
    const world = testWorld(rows);
    const [staging, nothing] = [world.scope('s-staging'), world.scope('s-no-label')];
    if (!staging || !nothing) throw new Error('the scopes are there');
    expect(world.reach(staging, 'c-west')).toBe('cluster');
    expect(world.reach(staging, 'c-east')).toBeNull();
    expect(world.reach(nothing, 'c-east')).toBeNull();
  });

  it('a namespace on its way out is no place to work in', () => {
    const terminating = testNamespaces('east', 'shop').map((row) => ({ ...row, phase: 'Terminating' }));
    const world = testWorld({ ...rows, namespaces: terminating });
    expect(world.reach(shopScope, 'c-east')).toBeNull();
  });
});

describe('which namespaces a listing shows', () => {
  it('only one’s own, and all of them only to whoever may list them by their own role', () => {
    const bindings = [
      testBinding(developerId, 'shop', 'g-devs'),
      testBinding(viewerId, 'staging', 'p-alice'),
      testBinding(auditorId, 'all', 'p-carol'),
    ];
    const world = testWorld({ ...rows, bindings });
    expect(world.namespacesOf('p-alice', 'c-east', now)).toEqual(['shop']);
    expect(world.namespacesOf('p-alice', 'c-west', now)).toBe('all');
    expect(world.namespacesOf('p-carol', 'c-east', now)).toBe('all');
    expect(world.namespacesOf('p-frank', 'c-east', now)).toEqual([]);
  });
});

describe('what a grant means in the portal', () => {
  it('platform-admin on all clusters administers; on one cluster it does not', () => {
    const scopes = [testScope('all', { kind: 'all' }), testScope('east', { kind: 'cluster', clusterId: 'c-east' })];
    const world = testWorld({
      ...rows,
      scopes,
      bindings: [testBinding(platformAdminId, 'all', 'p-carol'), testBinding(platformAdminId, 'east', 'p-alice')],
    });
    expect(world.portalPowers('p-carol', now)).toEqual({ admin: true, auditor: false });
    expect(world.portalPowers('p-alice', now)).toEqual({ admin: false, auditor: false });
  });
});

describe('who is entitled on a cluster', () => {
  it('holders that are live or only locked, each once, by name', () => {
    const people = [testPerson('alice'), testPerson('bob', { lockoutAt: now.getTime() }), testPerson('eve', { disabled: true })];
    const world = testWorld({
      ...rows,
      people,
      memberships: [['g-devs', ['p-bob', 'p-eve', 'p-alice']]],
      bindings: [testBinding(developerId, 'shop', 'g-devs'), testBinding(viewerId, 'shop', 'p-alice')],
    });
    expect(world.entitledPeople('c-east', now).map(({ personId }) => personId)).toEqual(['p-alice', 'p-bob']);
    expect(world.entitledPeople('c-west', now)).toEqual([]);
  });
});
