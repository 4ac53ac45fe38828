import { describe, expect, it } from 'vitest';
import type { GroupFacts, Known, KnownEdge, KnownGroup, KnownPerson, LinkChange, Observation, PersonFacts } from '../types.ts';
import type { Operation } from './operation.ts';
import type { Plan, PlanInput } from './plan.ts';
import { planChanges } from './plan.ts';
import { ordinaryAccount } from './testing.ts';

const now = new Date('2026-11-23T12:00:00Z');
const directory: PlanInput['directory'] = {
  id: 'd-1',
  wirePrefix: 'gatehouse',
  domainSid: 'S-1-5-21-1-2-3',
  lockoutSeconds: 1_800,
  settings: { urls: [], bindDn: 'CN=sync', scopeDns: [] },
};

function guid(name: string): string {
  return `guid-of-${name}`;
}

function person(login: string, facts: Partial<PersonFacts> = {}): PersonFacts {
  return {
    objectGuid: guid(login),
    ...ordinaryAccount,
    dn: `CN=${login},OU=People,DC=corp,DC=example`,
    samAccountName: login,
    upn: `${login}@corp.example`,
    displayName: login,
    groupGuids: null,
    ...facts,
  };
}

function group(name: string, members: string[] | null = [], facts: Partial<GroupFacts> = {}): GroupFacts {
  return {
    objectGuid: guid(name),
    sid: null,
    dn: `CN=${name},OU=Groups,DC=corp,DC=example`,
    samAccountName: name,
    name,
    description: null,
    groupType: -0x7ffffffe,
    security: true,
    memberGuids: members?.map(guid) ?? null,
    groupGuids: null,
    ...facts,
  };
}

function knownPerson(login: string, row: Partial<KnownPerson> = {}): KnownPerson {
  const { groupGuids: _, ...facts } = person(login);
  return {
    ...facts,
    id: `p-${login}`,
    directoryId: 'd-1',
    wireName: `gatehouse:${login}@corp.example`,
    deletedAt: null,
    outOfScope: false,
    cutAt: null,
    state: 'enabled',
    ...row,
  };
}

function knownGroup(name: string, row: Partial<KnownGroup> = {}): KnownGroup {
  const { groupGuids: _, memberGuids: __, ...facts } = group(name);
  return { ...facts, id: `g-${name}`, directoryId: 'd-1', deletedAt: null, ...row };
}

function edge(groupName: string, member: string, isPrimary = false): KnownEdge {
  return { groupId: `g-${groupName}`, memberId: member, isPrimary };
}

function known(people: KnownPerson[], groups: KnownGroup[] = [], edges: KnownEdge[] = []): Known {
  const living = people.filter(({ deletedAt }) => deletedAt === null);
  return {
    people,
    groups,
    edges,
    wireNames: new Map(living.map((one) => [one.wireName, one.id])),
    protectedGroups: new Set(),
    formerHolders: people.filter(({ deletedAt }) => deletedAt !== null),
    livePeople: living.length,
    liveGroups: groups.length,
  };
}

const nothingKnown = known([]);

function observed(kind: Observation['kind'], parts: Partial<Observation> = {}): Observation {
  return { kind, people: [], groups: [], links: [], gone: [], ...parts };
}

function plan(rows: Known, observation: Observation, more: Partial<PlanInput> = {}): Plan {
  let n = 0;
  const newId = (prefix: string) => `${prefix}-new${++n}`;
  return planChanges({ directory, known: rows, observation, now, alone: true, removalsApproved: false, newId, ...more });
}

/** What a reader would want to know, one line an operation. */
function told({ operations }: Plan): string[] {
  return operations.flatMap((operation: Operation) => {
    switch (operation.kind) {
      case 'create-person':
        return `create ${operation.person.samAccountName} ${operation.person.state} as ${operation.person.wireName}`;
      case 'update-person':
        return `update ${operation.person.id} ${operation.changes.map(({ field }) => field).join(',')}${operation.cut ? ` cut ${operation.cut}` : ''}`;
      case 'create-group':
        return `create group ${operation.group.name}`;
      case 'update-group':
        return `update group ${operation.group.id} ${operation.changes.map(({ field }) => field).join(',')}`;
      case 'delete-group':
        return `delete group ${operation.group.id} ${operation.why}`;
      case 'add-members':
        return operation.memberIds.map((id) => `add-member ${operation.groupId} ${id}${operation.isPrimary ? ' primary' : ''}`);
      default:
        return `${operation.kind} ${operation.groupId} ${operation.memberId}${operation.isPrimary ? ' primary' : ''}`;
    }
  });
}

describe('a person', () => {
  it('comes in with the state that attributes and clock give', () => {
    const people = [
      person('ann'),
      person('ben', { userAccountControl: 0x202 }),
      person('cat', { accountExpiresAt: new Date(now.getTime() - 1) }),
      person('dan', { lockoutAt: new Date(now.getTime() - 60_000) }),
      person('eve', { lockoutAt: new Date(now.getTime() - 1_801_000) }),
    ];
    expect(told(plan(nothingKnown, observed('complete', { people })))).toEqual([
      'create ann enabled as gatehouse:ann@corp.example',
      'create ben disabled as gatehouse:ben@corp.example',
      'create cat expired as gatehouse:cat@corp.example',
      'create dan locked as gatehouse:dan@corp.example',
      'create eve enabled as gatehouse:eve@corp.example',
    ]);
  });

  it('who did not change is no operation', () => {
    expect(plan(known([knownPerson('ann')]), observed('complete', { people: [person('ann')] })).operations).toEqual([]);
  });

  it('who was renamed and moved stays the same one (SECURITY 33, F10)', () => {
    const moved = person('ann', {
      samAccountName: 'ann.lee',
      upn: 'ann.lee@corp.example',
      dn: 'CN=Ann Lee,OU=Elsewhere,DC=corp,DC=example',
    });
    expect(told(plan(known([knownPerson('ann')]), observed('delta', { people: [moved] })))).toEqual([
      'update p-ann dn,samAccountName,upn,wireName',
    ]);
  });

  it('is cut when disabled, and again when a lock becomes something harder', () => {
    const disabled = observed('delta', { people: [person('ann', { userAccountControl: 0x202 })] });
    expect(told(plan(known([knownPerson('ann')]), disabled))).toEqual(['update p-ann userAccountControl,state cut disabled']);
    const locked = knownPerson('ann', { state: 'locked', lockoutAt: now });
    expect(
      told(plan(known([locked]), observed('delta', { people: [person('ann', { userAccountControl: 0x202, lockoutAt: now })] }))),
    ).toEqual(['update p-ann userAccountControl,state cut disabled']);
  });

  it('who is cut by an admin stays cut, whatever the directory says', () => {
    const cut = knownPerson('ann', { cutAt: now, state: 'cut' });
    const { operations } = plan(known([cut]), observed('delta', { people: [person('ann', { displayName: 'Ann' })] }));
    expect(operations).toMatchObject([{ person: { state: 'cut' }, cut: null }]);
  });

  it('outside the scope is not taken in, and leaves when moved out', () => {
    const scoped = { directory: { ...directory, settings: { ...directory.settings, scopeDns: ['ou=staff,dc=corp,dc=example'] } } };
    const outside = person('ann');
    expect(plan(nothingKnown, observed('complete', { people: [outside] }), scoped).operations).toEqual([]);
    expect(told(plan(known([knownPerson('ann')]), observed('delta', { people: [outside] }), scoped))).toEqual([
      'update p-ann outOfScope,state cut out-of-scope',
    ]);
  });

  it('whom the admin’s own filter leaves out is outside: neither gone nor taken in, and disabled all the same when they are', () => {
    const rows = known([knownPerson('ann'), knownPerson('ben')], [knownGroup('web')]);
    const unseen = plan(rows, observed('complete', { outside: [guid('ann'), guid('ben'), guid('eve'), guid('web')] }));
    expect(told(unseen)).toEqual([
      'update p-ann outOfScope,state cut out-of-scope',
      'update p-ben outOfScope,state cut out-of-scope',
      'delete group g-web out-of-scope',
    ]);
    const people = Array.from({ length: 20 }, (_, n) => `p${n}`);
    const crowd = known(people.map((login) => knownPerson(login)));
    const disabled = people.map((login) => person(login, { userAccountControl: 0x202 }));
    const held = plan(crowd, observed('delta', { people: disabled, outside: people.map(guid) }));
    expect(held.held).toMatchObject([{ what: 'people', removals: 20 }]);
    expect(told(held)[0]).toBe('update p-p0 userAccountControl,state cut disabled');
  });

  it('who leaves with many others by an admin’s approval may come back with what they hold; who leaves by a tombstone may not', () => {
    const people = Array.from({ length: 20 }, (_, n) => `p${n}`);
    const crowd = known(people.map((login) => knownPerson(login)));
    const reversible = (observation: Observation, over: Partial<PlanInput>) =>
      plan(crowd, observation, over).operations.map((operation) => operation.kind === 'update-person' && operation.reversible === true);
    const gone = [{ objectGuid: guid('p0'), evidence: 'tombstone' as const }];
    expect(new Set(reversible(observed('complete', { gone }), { removalsApproved: true }).slice(1))).toEqual(new Set([true]));
    expect(reversible(observed('complete', { gone }), { approvedUpTo: { people: 19, groups: 0, memberships: 0 } })[0]).toBe(false);
    expect(reversible(observed('complete', { people: people.slice(1).map((login) => person(login)) }), {})).toEqual([false]);
  });

  it('is deleted by a tombstone, and by absence only in a complete read', () => {
    const rows = known([knownPerson('ann')]);
    expect(told(plan(rows, observed('delta', { gone: [{ objectGuid: guid('ann'), evidence: 'tombstone' }] })))).toEqual([
      'update p-ann deletedAt,state cut deleted',
    ]);
    expect(told(plan(rows, observed('complete')))).toEqual(['update p-ann deletedAt,state cut deleted']);
    expect(plan(rows, observed('delta')).operations).toEqual([]);
  });

  it('of another domain of the forest is not missed by a complete read of this one', () => {
    expect(plan(known([knownPerson('ann', { directoryId: 'd-2' })]), observed('complete')).operations).toEqual([]);
  });

  it('who is new under a deleted one’s names is somebody else (SECURITY 33, F10)', () => {
    const gone = knownPerson('ann', { deletedAt: now, state: 'deleted' });
    const again = person('ann', { objectGuid: 'another-guid' });
    const made = plan(known([gone]), observed('delta', { people: [again] }));
    expect(told(made)).toEqual(['create ann enabled as gatehouse:ann@corp.example']);
    expect(made.operations[0]).toMatchObject({ namesake: { id: 'p-ann' } });
  });

  it('whose password changed says since when; the first one we see is no change', () => {
    const [monday, tuesday] = [new Date('2026-11-23T08:00:00Z'), new Date('2026-11-24T08:00:00Z')];
    const seen = (before: Date | null, passwordSetAt: Date | null) =>
      plan(known([knownPerson('ann', { passwordSetAt: before })]), observed('delta', { people: [person('ann', { passwordSetAt })] }));
    expect(seen(monday, tuesday).operations[0]).toMatchObject({ newPasswordAt: tuesday });
    expect(seen(null, tuesday).operations[0]).toMatchObject({ newPasswordAt: null });
    expect(seen(tuesday, monday).operations[0]).toMatchObject({ newPasswordAt: null });
  });

  it('who is restored from the recycle bin is the same one, with the memberships that AD still has', () => {
    const gone = knownPerson('ann', { deletedAt: now, state: 'deleted' });
    const back = observed('delta', { people: [person('ann', { groupGuids: [guid('web')] })] });
    expect(told(plan(known([gone], [knownGroup('web')]), back))).toEqual(['update p-ann deletedAt,state', 'add-member g-web p-ann']);
  });
});

describe('wire names', () => {
  it('stay with whoever carries them: a second account with somebody’s UPN takes nothing away (SECURITY 33, 34)', () => {
    const thief = person('eve', { upn: 'Ann@corp.example' });
    expect(told(plan(known([knownPerson('ann')]), observed('delta', { people: [thief] })))).toEqual([
      'create eve enabled as gatehouse:guid-of-eve',
    ]);
  });

  it('go to neither of two who come with the same UPN at once', () => {
    const people = [person('ann', { upn: 'x@corp.example' }), person('ben', { upn: 'X@corp.example' })];
    expect(told(plan(nothingKnown, observed('complete', { people })))).toEqual([
      'create ann enabled as gatehouse:guid-of-ann',
      'create ben enabled as gatehouse:guid-of-ben',
    ]);
  });

  it('can be swapped', () => {
    const people = [person('ann', { upn: 'ben@corp.example' }), person('ben', { upn: 'ann@corp.example' })];
    const { operations } = plan(known([knownPerson('ann'), knownPerson('ben')]), observed('delta', { people }));
    expect(operations).toMatchObject([
      { person: { id: 'p-ann', wireName: 'gatehouse:ben@corp.example' } },
      { person: { id: 'p-ben', wireName: 'gatehouse:ann@corp.example' } },
    ]);
  });

  it.each(['zoë@corp.example', 'two words@corp.example', 'no-at-sign', 'a\u0000@corp.example', ''])('are never made of %j', (upn) => {
    expect(told(plan(nothingKnown, observed('delta', { people: [person('ann', { upn })] })))).toEqual([
      'create ann enabled as gatehouse:guid-of-ann',
    ]);
  });
});

describe('memberships', () => {
  const rows = known(
    [knownPerson('ann'), knownPerson('ben')],
    [knownGroup('web'), knownGroup('all'), knownGroup('users', { sid: 'S-1-5-21-1-2-3-513' })],
    [edge('web', 'p-ann'), edge('all', 'g-web'), edge('users', 'p-ben', true)],
  );
  const link = (groupName: string, member: string, present: boolean): LinkChange => ({
    groupGuid: guid(groupName),
    memberGuid: guid(member),
    present,
  });

  it('come and go with their links, the last word of several holding', () => {
    const links = [link('web', 'ben', true), link('web', 'ann', false), link('all', 'ann', true), link('all', 'ann', false)];
    expect(told(plan(rows, observed('delta', { links })))).toEqual(['remove-member g-web p-ann', 'add-member g-web p-ben']);
  });

  it('of groups in groups are edges like any other, also in a circle (SECURITY 35)', () => {
    expect(told(plan(rows, observed('delta', { links: [link('web', 'all', true)] })))).toEqual(['add-member g-web g-all']);
  });

  it('of strangers (computers, other forests) are no edges (SECURITY 35)', () => {
    expect(plan(rows, observed('delta', { links: [link('web', 'some-computer', true)] })).operations).toEqual([]);
  });

  it('of a group that could not be read completely stay as they are (SECURITY 36, F5)', () => {
    const complete = observed('complete', {
      people: [person('ann'), person('ben')],
      groups: [group('web', null), group('all', ['web']), group('users', [], { sid: 'S-1-5-21-1-2-3-513' })],
    });
    expect(plan(rows, complete).operations).toEqual([]);
  });

  it('of the primary group are not in its member list, and are not missed there', () => {
    const complete = observed('delta', { groups: [group('users', [], { sid: 'S-1-5-21-1-2-3-513' })] });
    expect(plan(rows, complete).operations).toEqual([]);
  });

  it('follow a person whose primary group changes', () => {
    const changed = observed('delta', {
      people: [person('ben', { primaryGroupRid: 777 })],
      links: [link('web', 'ben', false), link('users', 'ben', true)],
    });
    const withOther = { ...rows, groups: [...rows.groups, knownGroup('ops', { sid: 'S-1-5-21-1-2-3-777' })] };
    expect(told(plan(withOther, changed))).toEqual([
      'update p-ben primaryGroupRid',
      'add-member g-users p-ben',
      'add-member g-ops p-ben primary',
    ]);
  });

  it('end with the member, for a deletion changes no group', () => {
    const gone = observed('delta', { gone: [{ objectGuid: guid('ann'), evidence: 'tombstone' }] });
    expect(told(plan(rows, gone))).toEqual(['update p-ann deletedAt,state cut deleted', 'remove-member g-web p-ann']);
  });

  it('end with the group', () => {
    const gone = observed('delta', { gone: [{ objectGuid: guid('web'), evidence: 'tombstone' }] });
    expect(told(plan(rows, gone))).toEqual(['delete group g-web tombstone', 'remove-member g-web p-ann', 'remove-member g-all g-web']);
  });
});

describe('the shrink guard', () => {
  const logins = Array.from({ length: 300 }, (_, n) => `user${n}`);
  const rows = known(logins.map((login) => knownPerson(login)));

  it('lets as many go as a company loses in a day', () => {
    const result = plan(rows, observed('complete', { people: logins.slice(15).map((login) => person(login)) }));
    expect(result.held).toEqual([]);
    expect(result.operations).toHaveLength(15);
  });

  it('holds back more than a twentieth missing at once, and removes none of them (SECURITY 37, F7)', () => {
    const result = plan(rows, observed('complete', { people: logins.slice(16).map((login) => person(login)) }));
    expect(result.held).toMatchObject([{ what: 'people', removals: 16, of: 300 }]);
    expect(result.held[0]?.whom.slice(0, 2)).toEqual([
      { id: 'p-user0', name: 'user0' },
      { id: 'p-user1', name: 'user1' },
    ]);
    expect(result.operations).toEqual([]);
  });

  it('never holds back explicit evidence: accounts that are there and disabled, and tombstones (F7)', () => {
    const seen = logins.slice(100, 200).map((login) => person(login, { userAccountControl: 0x202 }));
    const gone = logins.slice(200).map((login) => ({ objectGuid: guid(login), evidence: 'tombstone' as const }));
    const result = plan(rows, observed('complete', { people: seen, gone }));
    expect(result.held).toMatchObject([{ what: 'people', removals: 100, of: 300 }]);
    expect(result.operations.filter((operation) => operation.kind === 'update-person' && operation.cut)).toHaveLength(200);
  });

  it('takes what is merely not found any more for what a lost right looks like', () => {
    const gone = logins.slice(0, 40).map((login) => ({ objectGuid: guid(login), evidence: 'not-found' as const }));
    expect(plan(rows, observed('delta', { gone }))).toMatchObject({ operations: [], held: [{ what: 'people', removals: 40, of: 300 }] });
  });

  it('counts those who fall out of scope, for a renamed OU looks like that', () => {
    const scoped = { directory: { ...directory, settings: { ...directory.settings, scopeDns: ['OU=Gone,DC=corp,DC=example'] } } };
    const result = plan(rows, observed('complete', { people: logins.map((login) => person(login)) }), scoped);
    expect(result.held).toMatchObject([{ what: 'people', removals: 300, of: 300 }]);
    expect(result.operations).toEqual([]);
  });

  it('holds back groups and memberships by themselves', () => {
    const groups = Array.from({ length: 30 }, (_, n) => `group${n}`);
    const edges = groups.flatMap((name) => logins.slice(0, 10).map((login) => edge(name, `p-${login}`)));
    const withGroups = { ...rows, groups: groups.map((name) => knownGroup(name)), edges, liveGroups: 30 };
    const people = logins.map((login) => person(login));
    expect(
      plan(withGroups, observed('complete', { people, groups: groups.slice(15).map((name) => group(name, logins.slice(0, 10))) })).held,
    ).toMatchObject([{ what: 'groups', removals: 15, of: 30 }]);
    expect(plan(withGroups, observed('complete', { people, groups: groups.map((name) => group(name, [])) }))).toMatchObject({
      operations: [],
      held: [{ what: 'memberships', removals: 300, of: 300, whom: groups.map((name) => ({ id: `g-${name}`, name, members: 10 })) }],
    });
  });

  it('holds back a single group by which the platform is administered, unless its tombstone says so (F7)', () => {
    const withAdmins = { ...known([], [knownGroup('admins'), knownGroup('web')]), protectedGroups: new Set(['g-admins']) };
    expect(plan(withAdmins, observed('complete', { groups: [group('web')] })).held).toMatchObject([{ what: 'groups', removals: 1, of: 2 }]);
    expect(plan(withAdmins, observed('complete', { groups: [group('admins')] })).held).toEqual([]);
    const tombstone = { objectGuid: guid('admins'), evidence: 'tombstone' as const };
    expect(told(plan(withAdmins, observed('delta', { gone: [tombstone] })))).toEqual(['delete group g-admins tombstone']);
  });

  it('gives way to an admin who says that it is meant', () => {
    const result = plan(rows, observed('complete', { people: [] }), { removalsApproved: true });
    expect(result.held).toEqual([]);
    expect(result.operations).toHaveLength(300);
  });
});

describe('two domain controllers that disagree', () => {
  const stamp = (version: number, server = 'a') => ({ version, time: 1_000 + version, server });
  const disabledHere = knownPerson('ann', { userAccountControl: 0x202, state: 'disabled', stamps: { userAccountControl: stamp(5) } });

  it('are settled by the replication stamp: the one that lags gives nothing back (F8)', () => {
    const lagging = person('ann', { userAccountControl: 0x200, stamps: { userAccountControl: stamp(4) } });
    expect(plan(known([disabledHere]), observed('delta', { people: [lagging] }), { alone: false }).operations).toEqual([]);
    const ahead = person('ann', { userAccountControl: 0x200, stamps: { userAccountControl: stamp(6) } });
    expect(told(plan(known([disabledHere]), observed('delta', { people: [ahead] }), { alone: false }))).toEqual([
      'update p-ann userAccountControl,state,stamps',
    ]);
  });

  it('control bits written twice beyond their difference were off meanwhile, and that ends what a disable ends', () => {
    const annAt = (version: number, row: Partial<KnownPerson> = {}) =>
      known([knownPerson('ann', { userAccountControl: 0x200, stamps: { userAccountControl: stamp(version) }, ...row })]);
    const cutsOf = (from: Known, userAccountControl: number, version: number) =>
      plan(
        from,
        observed('delta', { people: [person('ann', { userAccountControl, stamps: { userAccountControl: stamp(version) } })] }),
      ).operations.map((one) => one.kind === 'update-person' && [one.person.state, one.cut]);
    expect(cutsOf(annAt(4), 0x200, 6)).toEqual([['enabled', 'disabled']]);
    expect(cutsOf(annAt(4), 0x202, 5)).toEqual([['disabled', 'disabled']]);
    expect(cutsOf(annAt(4), 0x10200, 7)).toEqual([['enabled', 'disabled']]);
    expect(cutsOf(annAt(4, { state: 'locked' }), 0x200, 6)).toEqual([['enabled', 'disabled']]);
    // One write, two writes of two bits, one who holds nothing, and a restore of the whole domain.
    expect(cutsOf(annAt(4), 0x200, 5)).toEqual([['enabled', null]]);
    expect(cutsOf(annAt(4), 0x10220, 6)).toEqual([['enabled', null]]);
    expect(cutsOf(annAt(4, { userAccountControl: 0x202, state: 'disabled' }), 0x200, 7)).toEqual([['enabled', null]]);
    expect(cutsOf(annAt(4), 0x200, 100_005)).toEqual([['enabled', null]]);
  });

  it('without stamps: disabled holds, unless only one is followed (F8)', () => {
    const enabled = person('ann', { userAccountControl: 0x200 });
    const unstamped = knownPerson('ann', { userAccountControl: 0x202, state: 'disabled' });
    expect(plan(known([unstamped]), observed('delta', { people: [enabled] }), { alone: false }).operations).toEqual([]);
    expect(told(plan(known([unstamped]), observed('delta', { people: [enabled] }), { alone: true }))).toEqual([
      'update p-ann userAccountControl,state',
    ]);
  });
});
