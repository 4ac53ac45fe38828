import { describe, expect, test } from 'vitest';
import { builtinRoles, developerId, platformAdminId, viewerId } from '#lib/entitlement/builtin-roles.ts';
import type { PairInUse, PolicyRule as RoleRule } from '#lib/entitlement/types.ts';
import { compileCeiling } from './ceiling.ts';
import type { KubeObject, PolicyRule } from './kube-object.ts';
import { compileOwnObjects } from './own-objects.ts';
import { countPeopleIn, doorPowers, groupNamesIn, type NamedPerson, type Wording, wireNamesIn } from './powers.ts';

const person = (index: number) => ({
  wireName: `gatehouse:p${index}@corp.example`,
  objectGuid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
});
const powers = (people: readonly NamedPerson[], { strict = true, wording = 'classic' as Wording } = {}) =>
  doorPowers({ installationId: 'i-test', strict, groups: ['gatehouse:i-test:s-1:r-1'], people, wording });
const rulesOf = (objects: readonly KubeObject[]) => objects.flatMap(({ rules }) => (rules as PolicyRule[] | undefined) ?? []);
const withoutTrial = (objects: readonly KubeObject[]) => objects.filter(({ metadata }) => !metadata.name.endsWith('-trial'));
const wordings = ['classic', 'both', 'constrained'] as const;

describe('the door’s powers', () => {
  test.each(wordings)('are names, each by itself, and no rule is without them (SECURITY 5), %s', (wording) => {
    const rules = rulesOf(withoutTrial(powers([person(1), person(2)], { wording })));
    for (const { verbs, resourceNames } of rules) {
      expect(['impersonate', 'impersonate:user-info']).toContain(verbs[0]);
      expect(verbs).toHaveLength(1);
      expect(resourceNames?.length).toBeGreaterThan(0);
    }
    expect(groupNamesIn(powers([], { wording }))).toEqual([
      'gatehouse:i-test:namespace-list',
      'gatehouse:i-test:probe',
      'gatehouse:i-test:s-1:r-1',
      'system:authenticated',
    ]);
    expect(countPeopleIn(powers([person(1), person(2)], { wording }))).toBe(2);
  });

  test('constrained, hold no classic rule, which would void the ceiling; classic, no constrained one but for the trial', () => {
    const verbs = (wording: Wording) => new Set(rulesOf(withoutTrial(powers([person(1)], { wording }))).flatMap((rule) => rule.verbs));
    expect([...verbs('constrained')]).toEqual(['impersonate:user-info']);
    expect([...verbs('classic')]).toEqual(['impersonate']);
    expect(powers([person(1)], { wording: 'constrained' }).some(({ metadata }) => metadata.name.endsWith('-trial'))).toBe(false);
  });

  test('both wordings together name exactly what each names, so that nobody loses access on the way', () => {
    const facts = (wording: Wording) =>
      rulesOf(powers([person(1), person(2)], { wording })).flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
        (resourceNames ?? ['*']).map((name) => `${verbs} ${apiGroups} ${resources} ${name}`),
      );
    expect(new Set(facts('both'))).toEqual(new Set([...facts('classic'), ...facts('constrained')]));
  });

  test('without any person there is no rule about people that RBAC would read as all of them', () => {
    const users = rulesOf(withoutTrial(powers([]))).filter(({ resources }) => resources?.includes('users'));
    expect(users.map(({ resourceNames }) => resourceNames)).toEqual([['gatehouse:i-test:probe']]);
    expect(rulesOf(powers([])).some(({ resources }) => resources?.includes('uids'))).toBe(false);
  });

  test('never hold a name of Kubernetes itself, whatever a directory calls somebody', () => {
    const names = wireNamesIn(withoutTrial(powers([{ ...person(1), wireName: 'system:kube-controller-manager' }, person(2)])));
    expect([...names].sort()).toEqual(['gatehouse:i-test:probe', 'gatehouse:p2@corp.example']);
    const groups = rulesOf(doorPowers({ installationId: 'i-test', strict: true, groups: ['system:masters'], people: [] }));
    expect(JSON.stringify(groups)).not.toContain('system:masters');
  });

  test.each(wordings)('of 12,000 people lie in objects that etcd takes, each person in one, and one more changes one, %s', (wording) => {
    const people = Array.from({ length: 12_000 }, (_, index) => person(index));
    const before = powers(people, { wording });
    for (const object of before) expect(JSON.stringify(object).length).toBeLessThan(1_000_000);
    expect(wireNamesIn(withoutTrial(before)).size).toBe(12_001);
    const after = powers([...people, person(12_000)], { wording });
    const changed = after.filter((object, index) => JSON.stringify(object) !== JSON.stringify(before[index]));
    expect(changed).toHaveLength(1);
  });

  test.each(wordings)('not strict: any person, but still only our groups, %s', (wording) => {
    const rules = rulesOf(withoutTrial(powers([person(1)], { strict: false, wording })));
    for (const rule of rules.filter(({ resources }) => resources?.includes('users'))) expect(rule.resourceNames).toBeUndefined();
    for (const rule of rules.filter(({ resources }) => resources?.includes('groups'))) {
      expect(rule.resourceNames?.length).toBeGreaterThan(0);
      expect(rule.resourceNames).not.toContain('system:masters');
    }
  });
});

describe('the ceiling', () => {
  const everyRule = new Map<string, readonly RoleRule[]>([
    ...builtinRoles.map(({ id, rules }) => [id, rules] as const),
    ['r-all-verbs', [{ apiGroups: ['example.com'], resources: ['widgets'], verbs: ['*'] }]],
    ['r-named', [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['one'], verbs: ['get'] }]],
  ]);
  const pair = (roleId: string, reach: 'cluster' | string[], scope = 's-1') =>
    ({ group: `gatehouse:i-test:${scope}:${roleId}`, role: { id: roleId }, scope: { id: scope }, reach }) as unknown as PairInUse;
  const ceiling = (...pairs: PairInUse[]) => compileCeiling('i-test', pairs, (id) => everyRule.get(id) ?? []);

  test.each([...everyRule.keys()])('of %s holds literal verbs behind the prefix and nothing that our account could do itself', (id) => {
    for (const { verbs } of rulesOf(ceiling(pair(id, 'cluster')))) {
      for (const verb of verbs) expect(verb).toMatch(/^impersonate-on:user-info:[a-z]+$/);
    }
  });

  test('is exactly what roles grant: each right of a role, at its place, and nothing of roles that nobody holds there', () => {
    const objects = ceiling(pair(developerId, ['shop']), pair(viewerId, ['pay']), pair(viewerId, ['shop'], 's-2'));
    const bindings = objects.filter(({ kind }) => kind === 'RoleBinding').map(({ metadata }) => `${metadata.namespace} ${metadata.name}`);
    expect(bindings).toEqual([
      `shop gatehouse:i-test:door-on-${developerId}`,
      `pay gatehouse:i-test:door-on-${viewerId}`,
      `shop gatehouse:i-test:door-on-${viewerId}`,
    ]);
    const everywhere = objects.filter(({ kind }) => kind === 'ClusterRoleBinding').map(({ metadata }) => metadata.name);
    expect(everywhere).toEqual(['gatehouse:i-test:door-on']);
    const facts = (rules: readonly PolicyRule[], prefix: string) =>
      rules.flatMap(({ apiGroups, resources, verbs }) =>
        (apiGroups ?? []).flatMap((group) =>
          (resources ?? []).flatMap((resource) => verbs.map((verb) => `${verb.replace(prefix, '')} ${group} ${resource}`)),
        ),
      );
    const role = objects.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name.endsWith(developerId));
    expect(new Set(facts(role?.rules as PolicyRule[], 'impersonate-on:user-info:'))).toEqual(
      new Set(facts((everyRule.get(developerId) ?? []) as PolicyRule[], '')),
    );
  });

  test('names every verb of a role that holds them all, and keeps the names of one that has names', () => {
    const all = rulesOf(ceiling(pair('r-all-verbs', 'cluster'))).find(({ apiGroups }) => apiGroups?.includes('example.com'));
    for (const verb of ['get', 'deletecollection', 'bind', 'escalate', 'approve', 'sign', 'use'])
      expect(all?.verbs).toContain(`impersonate-on:user-info:${verb}`);
    const named = rulesOf(ceiling(pair('r-named', ['shop']))).find(({ resources }) => resources?.includes('configmaps'));
    expect(named?.resourceNames).toEqual(['one']);
  });

  test('of a platform admin has its wildcards in groups and resources alone', () => {
    const rules = rulesOf(ceiling(pair(platformAdminId, 'cluster')));
    expect(rules.some(({ resources, apiGroups }) => resources?.includes('*') && apiGroups?.includes('*'))).toBe(true);
    expect(rules.flatMap(({ verbs }) => verbs).filter((verb) => verb.includes('*'))).toEqual([]);
  });

  test('without any grant is discovery, questions about oneself, one’s namespaces and the probe', () => {
    const rules = rulesOf(ceiling());
    expect(rules.flatMap(({ resources }) => resources ?? []).sort()).toEqual([
      'namespaces',
      'namespaces',
      'selfsubjectaccessreviews',
      'selfsubjectreviews',
      'selfsubjectrulesreviews',
    ]);
    expect(JSON.stringify(rules)).not.toContain('"*"');
  });
});

test('the reconciler may delete no namespace but ours and mint tokens of no account but our two', () => {
  const rules = rulesOf(compileOwnObjects('i-test'));
  const deletes = rules.filter(({ resources, verbs }) => resources?.includes('namespaces') && verbs.includes('delete'));
  expect(deletes.map(({ resourceNames }) => resourceNames)).toEqual([['gatehouse-system']]);
  const tokens = rules.filter(({ resources }) => resources?.includes('serviceaccounts/token'));
  expect(tokens.map(({ resourceNames }) => resourceNames)).toEqual([['gatehouse-door', 'gatehouse-reconciler']]);
  expect(rules.flatMap(({ verbs, resources }) => [...verbs, ...(resources ?? [])])).not.toContain('*');
  expect(rules.flatMap(({ verbs }) => verbs)).not.toContain('impersonate');
});
