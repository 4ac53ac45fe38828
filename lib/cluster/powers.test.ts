import { describe, expect, test } from 'vitest';
import type { KubeObject, PolicyRule } from './kube-object.ts';
import { compileOwnObjects } from './own-objects.ts';
import { doorPowers, groupsIn, wireNamesIn } from './powers.ts';

const person = (index: number) => ({
  wireName: `gatehouse:p${index}@corp.example`,
  objectGuid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
});
const powers = (people: ReturnType<typeof person>[], strict = true) =>
  doorPowers({ installationId: 'i-test', strict, groups: ['gatehouse:i-test:s-1:r-1'], people });
const rulesOf = (objects: readonly KubeObject[]) => objects.flatMap(({ rules }) => (rules as PolicyRule[] | undefined) ?? []);

describe('the door’s powers', () => {
  test('are names, each by itself, and no rule is without them', () => {
    const rules = rulesOf(powers([person(1), person(2)]));
    for (const { verbs, resourceNames } of rules) {
      expect(verbs).toEqual(['impersonate']);
      expect(resourceNames?.length).toBeGreaterThan(0);
    }
    expect(rules.find(({ resources }) => resources?.includes('groups'))?.resourceNames).toEqual([
      'gatehouse:i-test:namespace-list',
      'gatehouse:i-test:probe',
      'gatehouse:i-test:s-1:r-1',
      'system:authenticated',
    ]);
  });

  test('without any person there is no rule about people that RBAC would read as all of them', () => {
    const users = rulesOf(powers([])).filter(({ resources }) => resources?.includes('users'));
    expect(users.map(({ resourceNames }) => resourceNames)).toEqual([['gatehouse:i-test:probe']]);
    expect(rulesOf(powers([])).some(({ resources }) => resources?.includes('uids'))).toBe(false);
  });

  test('never hold a name of Kubernetes itself, whatever a directory calls somebody', () => {
    const names = wireNamesIn(powers([{ ...person(1), wireName: 'system:kube-controller-manager' }, person(2)]));
    expect([...names].sort()).toEqual(['gatehouse:i-test:probe', 'gatehouse:p2@corp.example']);
    const groups = rulesOf(doorPowers({ installationId: 'i-test', strict: true, groups: ['system:masters'], people: [] }));
    expect(JSON.stringify(groups)).not.toContain('system:masters');
  });

  test('of 12,000 people lie in objects that etcd takes, each person in exactly one, and one more person changes one of them', () => {
    const people = Array.from({ length: 12_000 }, (_, index) => person(index));
    const before = powers(people);
    for (const object of before) expect(JSON.stringify(object).length).toBeLessThan(1_000_000);
    expect(wireNamesIn(before).size).toBe(12_001);
    const after = powers([...people, person(12_000)]);
    const changed = after.filter((object, index) => JSON.stringify(object) !== JSON.stringify(before[index]));
    expect(changed).toHaveLength(1);
  });

  test('not strict: any person, but still only our groups', () => {
    const rules = rulesOf(powers([person(1)], false));
    expect(rules.find(({ resources }) => resources?.includes('users'))?.resourceNames).toBeUndefined();
    expect(rules.find(({ resources }) => resources?.includes('groups'))?.resourceNames).not.toContain('system:masters');
  });
});

test('groups are read from the bindings that name them', () => {
  const bindings = [
    {
      kind: 'ClusterRoleBinding',
      subjects: [
        { kind: 'Group', name: 'b' },
        { kind: 'User', name: 'x' },
        { kind: 'Group', name: 'a' },
      ],
    },
  ];
  expect(groupsIn(bindings as unknown as KubeObject[])).toEqual(['a', 'b']);
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
