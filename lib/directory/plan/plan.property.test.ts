/**
 * What must hold of every plan, whatever is known and whatever is observed. Directories of a handful of people and groups, made by chance, with
 * everything that makes plans hard: names that change hands, the dead who return, circles, primary groups, two domain controllers.
 */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { isDisabled } from '../active-directory/account.ts';
import { onlyCuts, stateOnly } from '../follow/second-place.ts';
import type { GroupFacts, Known, KnownEdge, KnownGroup, KnownPerson, LinkChange, Observation, PersonFacts } from '../types.ts';
import { type Plan, planChanges } from './plan.ts';
import { ordinaryPerson } from './testing.ts';

const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const isLong = process.env.GATEHOUSE_TEST_LONG === '1';
const numRuns = isLong ? 20_000 : 400;
if (isLong) vi.setConfig({ testTimeout: 10 * 60_000 });
console.info(`plans by chance: GATEHOUSE_TEST_SEED=${seed}`);

const now = new Date('2026-11-23T12:00:00Z');
const [disabledControl, enabledControl] = [0x202, 0x200];
const directory = {
  id: 'd-1',
  wirePrefix: 'gatehouse',
  domainSid: 'S-1-5-21-1-2-3',
  lockoutSeconds: 1_800,
  settings: { urls: [], bindDn: 'CN=sync', scopeDns: ['ou=people,dc=corp,dc=example'] },
} as const;
const units = ['ou=people,dc=corp,dc=example', 'ou=leavers,dc=corp,dc=example'];
const peopleGuids = Array.from({ length: 7 }, (_, n) => `person-${n}`);
const groupGuids = Array.from({ length: 5 }, (_, n) => `group-${n}`);
const names = ['ann', 'ben', 'cat', 'dan'];
const sidOf = (guid: string) => `${directory.domainSid}-${guid.split('-')[1]}`;

const moment = fc.constantFrom(null, new Date(now.getTime() - 60_000), new Date(now.getTime() + 60_000));

function facts(objectGuid: string): fc.Arbitrary<PersonFacts> {
  return fc
    .record({
      name: fc.constantFrom(...names),
      unit: fc.constantFrom(...units, ...units.slice(0, 1)),
      userAccountControl: fc.constantFrom(enabledControl, enabledControl, disabledControl),
      primaryGroupRid: fc.constantFrom(null, 0, 1),
      accountExpiresAt: moment,
      lockoutAt: moment,
      passwordSetAt: moment,
      groupGuids: fc.option(fc.subarray(groupGuids)),
    })
    .map(({ name, unit, ...rest }) => ({
      ...rest,
      objectGuid,
      sid: null,
      dn: `CN=${name}-${objectGuid},${unit}`,
      samAccountName: name,
      upn: `${name}@corp.example`,
      displayName: name,
      mail: null,
      title: null,
      department: null,
      logonHours: null,
      mustChangePassword: false,
      stamps: null,
    }));
}

function groupFacts(objectGuid: string): fc.Arbitrary<GroupFacts> {
  return fc
    .record({
      security: fc.boolean(),
      memberGuids: fc.option(fc.subarray([...peopleGuids, ...groupGuids.filter((one) => one !== objectGuid)])),
      groupGuids: fc.option(fc.subarray(groupGuids)),
    })
    .map((rest) => ({
      ...rest,
      objectGuid,
      sid: sidOf(objectGuid),
      dn: `CN=${objectGuid},OU=Groups,DC=corp,DC=example`,
      samAccountName: objectGuid,
      name: objectGuid,
      description: null,
      groupType: 2,
    }));
}

const someFacts = fc.subarray(peopleGuids).chain((guids) => fc.tuple(...guids.map(facts)));
const someGroups = fc.subarray(groupGuids).chain((guids) => fc.tuple(...guids.map(groupFacts)));
const someLinks: fc.Arbitrary<LinkChange[]> = fc.array(
  fc.record({
    groupGuid: fc.constantFrom(...groupGuids),
    memberGuid: fc.constantFrom(...peopleGuids, ...groupGuids),
    present: fc.boolean(),
  }),
  { maxLength: 6 },
);
const someGone = (seen: readonly string[]) =>
  fc
    .subarray([...peopleGuids, ...groupGuids].filter((guid) => !seen.includes(guid)))
    .chain((guids) =>
      fc.tuple(
        ...guids.map((objectGuid) =>
          fc.record({ objectGuid: fc.constant(objectGuid), evidence: fc.constantFrom('tombstone' as const, 'not-found' as const) }),
        ),
      ),
    );

/** One that does not contradict itself: who comes in names no group whose own list, read with it, lacks them. */
function observations(kind: Observation['kind']): fc.Arbitrary<Observation> {
  return fc.tuple(someFacts, someGroups, someLinks).chain(([people, groups, links]) => {
    const listed = new Map(groups.map(({ objectGuid, memberGuids }) => [objectGuid, memberGuids]));
    const agreeing = <T extends PersonFacts | GroupFacts>(one: T): T => ({
      ...one,
      groupGuids:
        one.groupGuids?.filter((group) => group !== one.objectGuid && (listed.get(group)?.includes(one.objectGuid) ?? true)) ?? null,
    });
    return someGone([...people, ...groups].map(({ objectGuid }) => objectGuid)).map((gone) => ({
      kind,
      people: people.map(agreeing),
      groups: groups.map(agreeing),
      links: kind === 'complete' ? [] : links,
      gone: kind === 'complete' ? [] : gone,
    }));
  });
}

/** Whatever can be known: what a walk of some plans makes of nothing. */
const someKnown: fc.Arbitrary<Known> = fc
  .array(fc.oneof(observations('delta'), observations('complete')), { maxLength: 4 })
  .map((walk) => walk.reduce((known, observation) => applied(known, planOf(known, observation, { removalsApproved: true })), nothing));

const nothing: Known = knownFrom([], [], []);
let made = 0;

function planOf(known: Known, observation: Observation, more: { removalsApproved?: boolean; alone?: boolean } = {}): Plan {
  return planChanges({
    directory,
    known,
    observation,
    now,
    alone: true,
    removalsApproved: false,
    newId: (prefix) => `${prefix}-${++made}`,
    ...more,
  });
}

function knownFrom(people: readonly KnownPerson[], groups: readonly KnownGroup[], edges: readonly KnownEdge[]): Known {
  const living = people.filter(({ deletedAt }) => deletedAt === null);
  return {
    people,
    groups,
    edges,
    wireNames: new Map(living.map(({ wireName, id }) => [wireName, id])),
    formerHolders: people.filter(({ deletedAt }) => deletedAt !== null),
    protectedGroups: new Set(),
    livePeople: living.length,
    liveGroups: groups.filter(({ deletedAt }) => deletedAt === null).length,
  };
}

/** What the tables would hold then. */
function applied(known: Known, { operations }: Plan): Known {
  const people = new Map(known.people.map((row) => [row.id, row]));
  const groups = new Map(known.groups.map((row) => [row.id, row]));
  const edges = new Map([...known.edges].map((edge) => [`${edge.groupId} ${edge.memberId}`, edge]));
  for (const operation of operations) {
    if (operation.kind === 'remove-member') edges.delete(`${operation.groupId} ${operation.memberId}`);
    else if ('person' in operation) people.set(operation.person.id, operation.person);
    else if ('group' in operation) groups.set(operation.group.id, operation.group);
  }
  for (const operation of operations) {
    if (operation.kind !== 'add-members') continue;
    const { groupId, memberIds, isPrimary } = operation;
    for (const memberId of memberIds) edges.set(`${groupId} ${memberId}`, { groupId, memberId, isPrimary });
  }
  return knownFrom([...people.values()], [...groups.values()], [...edges.values()]);
}

const check = <T>(from: fc.Arbitrary<T>, holds: (value: T) => void) => fc.assert(fc.property(from, holds), { seed, numRuns });

describe('whatever is known and observed', () => {
  test('a delta removes nobody, no group and no membership that it does not name (SECURITY 37, F4)', () => {
    check(fc.tuple(someKnown, observations('delta')), ([known, observation]) => {
      const idOf = new Map([...known.people, ...known.groups].map(({ objectGuid, id }) => [id, objectGuid]));
      const gone = new Set(observation.gone.map(({ objectGuid }) => objectGuid));
      const shown = new Set(observation.people.map(({ objectGuid }) => objectGuid));
      const listed = new Set(observation.groups.filter(({ memberGuids }) => memberGuids).map(({ objectGuid }) => objectGuid));
      const ended = new Set(
        observation.links.filter(({ present }) => !present).map(({ groupGuid, memberGuid }) => `${groupGuid} ${memberGuid}`),
      );
      for (const operation of planOf(known, observation).operations) {
        if (operation.kind === 'update-person' && operation.cut) {
          const { objectGuid, deletedAt } = operation.person;
          expect(gone.has(objectGuid) || (deletedAt === null && shown.has(objectGuid))).toBe(true);
        }
        if (operation.kind === 'delete-group') expect(gone).toContain(operation.group.objectGuid);
        if (operation.kind !== 'remove-member') continue;
        const [group = '', member = ''] = [idOf.get(operation.groupId), idOf.get(operation.memberId)];
        const isNamed = gone.has(group) || gone.has(member) || listed.has(group) || ended.has(`${group} ${member}`);
        expect(isNamed || (operation.isPrimary && shown.has(member))).toBe(true);
      }
    });
  });

  test('who is there and disabled, or is proved to be gone, has no access afterwards, however much is held back (F7)', () => {
    check(
      fc.tuple(someKnown, fc.oneof(observations('delta'), observations('complete')), fc.integer({ min: 0, max: 400 })),
      ([small, observation, crowd]) => {
        const known = withCrowd(small, crowd);
        const plan = planOf(known, observation);
        const after = applied(known, plan);
        const rowOf = (guid: string) => after.people.find(({ objectGuid }) => objectGuid === guid);
        for (const { objectGuid, userAccountControl } of observation.people)
          if (isDisabled(userAccountControl)) expect(rowOf(objectGuid)?.state ?? 'none').not.toBe('enabled');
        for (const { objectGuid, evidence } of observation.gone)
          if (evidence === 'tombstone') expect(rowOf(objectGuid)?.state ?? 'deleted').toBe('deleted');
        if (observation.kind === 'complete' && crowd > 40) {
          expect(plan.held.length).toBeGreaterThan(0);
          expect(after.livePeople).toBeGreaterThanOrEqual(crowd);
        }
      },
    );
  });

  test('planned once more, nothing is left to do', () => {
    check(
      fc.tuple(someKnown, fc.oneof(observations('delta'), observations('complete')), fc.boolean()),
      ([known, observation, removalsApproved]) => {
        const after = applied(known, planOf(known, observation, { removalsApproved }));
        expect(planOf(after, observation, { removalsApproved }).operations).toEqual([]);
      },
    );
  });

  test('each wire name is one living person’s, and no living one is without (SECURITY 33, 34)', () => {
    check(fc.tuple(someKnown, fc.oneof(observations('delta'), observations('complete'))), ([known, observation]) => {
      const carried = applied(known, planOf(known, observation)).people.flatMap(({ deletedAt, wireName }) =>
        deletedAt === null ? wireName : [],
      );
      expect(new Set(carried).size).toBe(carried.length);
      expect(carried).not.toContain('');
    });
  });

  test('a new GUID is a new person, who begins without the memberships of any namesake (SECURITY 33)', () => {
    check(fc.tuple(someKnown, facts('person-new')), ([known, newcomer]) => {
      const alone = { ...newcomer, groupGuids: null, primaryGroupRid: null };
      const after = applied(known, planOf(known, { kind: 'delta', people: [alone], groups: [], links: [], gone: [] }));
      const row = after.people.find(({ objectGuid }) => objectGuid === 'person-new');
      if (!row) return;
      expect(known.people.map(({ id }) => id)).not.toContain(row.id);
      expect([...after.edges].filter(({ memberId }) => memberId === row.id)).toEqual([]);
    });
  });

  test('what stands beside the leader only takes away (F8)', () => {
    check(fc.tuple(someKnown, observations('delta')), ([known, observation]) => {
      const { operations } = onlyCuts(planOf(known, stateOnly(observation, known), { alone: false }));
      for (const operation of operations) {
        if (operation.kind === 'update-person') expect(operation.person.state).not.toBe('enabled');
        else expect(['remove-member', 'delete-group']).toContain(operation.kind);
      }
    });
  });
});

describe('two domain controllers that tell of one account', () => {
  interface Word {
    readonly version: number;
    readonly value: boolean;
  }
  const attributes = ['userAccountControl', 'accountExpires', 'lockoutTime'] as const;
  /** What each version of an attribute says is the same wherever it is read; who lags tells an older one, or none yet. */
  const words = fc.tuple(...attributes.map(() => fc.array(fc.boolean(), { minLength: 1, maxLength: 5 })));
  const telling = words.chain((said) => {
    const one = fc.tuple(
      ...said.map((values) => fc.nat({ max: values.length - 1 }).map((n): Word => ({ version: n + 1, value: values[n] ?? false }))),
    );
    return fc.array(one, { minLength: 1, maxLength: 8 });
  });

  function told([control, expires, lockout]: readonly Word[]): PersonFacts {
    const stampOf = (word: Word | undefined) => ({
      version: word?.version ?? 0,
      time: word?.version ?? 0,
      server: `dc-${(word?.version ?? 0) % 2}`,
    });
    return {
      objectGuid: 'person-0',
      sid: null,
      dn: `CN=ann,${units[0]}`,
      samAccountName: 'ann',
      upn: 'ann@corp.example',
      displayName: 'ann',
      mail: null,
      title: null,
      department: null,
      userAccountControl: control?.value ? disabledControl : enabledControl,
      primaryGroupRid: null,
      accountExpiresAt: expires?.value ? new Date(now.getTime() - 1_000) : null,
      lockoutAt: lockout?.value ? new Date(now.getTime() - 1_000) : null,
      logonHours: null,
      passwordSetAt: null,
      mustChangePassword: false,
      stamps: { userAccountControl: stampOf(control), accountExpires: stampOf(expires), lockoutTime: stampOf(lockout) },
      groupGuids: null,
    };
  }

  const heard = (all: readonly (readonly Word[])[]) => {
    const known = all.reduce<Known>(
      (before, one) =>
        applied(before, planOf(before, { kind: 'delta', people: [told(one)], groups: [], links: [], gone: [] }, { alone: false })),
      nothing,
    );
    const { userAccountControl, accountExpiresAt, lockoutAt, stamps, state } = known.people[0] ?? {};
    return { userAccountControl, accountExpiresAt, lockoutAt, stamps, state };
  };

  test('in whatever order they are heard, the account ends in the same state: that of the newest stamps (F8, DECISIONS 17)', () => {
    check(
      telling.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([all, shuffled]) => {
        const newest = attributes.map((_, n) =>
          all.map((one) => one[n]).reduce((best, word) => ((word?.version ?? 0) > (best?.version ?? 0) ? word : best)),
        );
        const end = heard(all);
        expect(heard(shuffled)).toEqual(end);
        expect(isDisabled(end.userAccountControl ?? 0)).toBe(newest[0]?.value);
        expect(end.accountExpiresAt !== null).toBe(newest[1]?.value);
        expect(end.lockoutAt !== null).toBe(newest[2]?.value);
      },
    );
  });

  test('without stamps a disabled account stays disabled, whoever tells otherwise (DECISIONS 17)', () => {
    check(fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), (all) => {
      const unstamped = all.map((disabled) => ({ ...told([{ version: 1, value: disabled }]), stamps: null }));
      let known = nothing;
      for (const [n, person] of unstamped.entries()) {
        known = applied(known, planOf(known, { kind: 'delta', people: [person], groups: [], links: [], gone: [] }, { alone: false }));
        expect(known.people[0]?.state).toBe(all.slice(0, n + 1).includes(true) ? 'disabled' : 'enabled');
      }
    });
  });
});

/** So many more that a complete read which does not show them is not believed. */
function withCrowd(known: Known, size: number): Known {
  const crowd = Array.from({ length: size }, (_, n): KnownPerson => {
    const wireName = `gatehouse:crowd${n}@corp.example`;
    const samAccountName = `crowd${n}`;
    const upn = `${samAccountName}@corp.example`;
    return {
      objectGuid: `crowd-${n}`,
      id: `p-crowd${n}`,
      directoryId: directory.id,
      wireName,
      samAccountName,
      upn,
      ...ordinaryPerson,
      dn: `CN=${samAccountName},${units[0]}`,
      displayName: samAccountName,
    };
  });
  return knownFrom([...known.people, ...crowd], known.groups, [...known.edges]);
}
