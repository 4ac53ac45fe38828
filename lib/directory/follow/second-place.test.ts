import { expect, it } from 'vitest';
import type { Operation } from '../plan/operation.ts';
import { planChanges } from '../plan/plan.ts';
import { ordinaryPerson } from '../plan/testing.ts';
import type { Known, KnownGroup, KnownPerson, Observation, PersonFacts } from '../types.ts';
import { onlyCuts, stateOnly } from './second-place.ts';

const stamp = (version: number) => ({ userAccountControl: { version, time: 1, server: 'a' } });

const row: KnownPerson = {
  id: 'p-ann',
  directoryId: 'd-1',
  objectGuid: 'guid-ann',
  ...ordinaryPerson,
  dn: 'CN=Ann,DC=corp,DC=example',
  samAccountName: 'ann',
  upn: 'ann@corp.example',
  wireName: 'gatehouse:ann@corp.example',
  displayName: 'Ann',
  stamps: stamp(3),
};

const nobody: Known = {
  people: [],
  groups: [],
  edges: [],
  wireNames: new Map(),
  formerHolders: [],
  protectedGroups: new Set(),
  livePeople: 1,
  liveGroups: 0,
};

function whatItMayDo(person: KnownPerson, seen: Partial<PersonFacts>, more: Partial<Observation> = {}) {
  const known: Known = { ...nobody, people: [person], wireNames: new Map([[person.wireName, person.id]]) };
  const facts: PersonFacts = { ...person, groupGuids: null, ...seen };
  const observation: Observation = { kind: 'delta', people: [facts], groups: [], links: [], gone: [], ...more };
  const directory = {
    id: 'd-1',
    wirePrefix: 'gatehouse',
    domainSid: null,
    lockoutSeconds: 60,
    settings: { urls: [], bindDn: '', scopeDns: [] },
  };
  const plan = planChanges({
    directory,
    known,
    observation: stateOnly(observation, known),
    now: new Date(),
    alone: false,
    removalsApproved: false,
    newId: (prefix) => `${prefix}-new`,
  });
  return onlyCuts(plan).operations;
}

it('a domain controller in second place disables by a newer stamp, and leaves every name as the leader told it (F8)', () => {
  const [operation] = whatItMayDo(row, { userAccountControl: 0x202, displayName: 'Ann of old', upn: 'old@corp.example', stamps: stamp(4) });
  expect(operation).toMatchObject({
    cut: 'disabled',
    person: { displayName: 'Ann', upn: 'ann@corp.example', wireName: 'gatehouse:ann@corp.example' },
  });
});

it('it disables nobody by an older stamp, enables nobody by a newer one, and makes nobody known (F8)', () => {
  expect(whatItMayDo(row, { userAccountControl: 0x202, stamps: stamp(2) })).toEqual([]);
  expect(whatItMayDo({ ...row, userAccountControl: 0x202, state: 'disabled' }, { userAccountControl: 0x200, stamps: stamp(9) })).toEqual(
    [],
  );
  expect(whatItMayDo(row, { objectGuid: 'guid-new', samAccountName: 'new' })).toEqual([]);
});

it('a tombstone counts from any of them, a failed search from the leader alone', () => {
  const gone = (evidence: 'tombstone' | 'not-found') =>
    whatItMayDo(row, { objectGuid: 'other' }, { gone: [{ objectGuid: 'guid-ann', evidence }] });
  expect(gone('tombstone')).toMatchObject([{ cut: 'deleted' }]);
  expect(gone('not-found')).toEqual([]);
});

it('of links it tells those that ended, by the last word on each, and of groups those that were deleted (F8)', () => {
  const link = (present: boolean, memberGuid = 'guid-ann') => ({ groupGuid: 'guid-web', memberGuid, present });
  const links = [link(false), link(true), link(true, 'guid-ben'), link(false, 'guid-ben'), link(true, 'guid-cat')];
  const observation: Observation = { kind: 'delta', people: [], groups: [], links, gone: [] };
  const known: Known = { ...nobody, people: [row] };
  expect(stateOnly(observation, known).links).toEqual([link(false, 'guid-ben')]);
  const group = { id: 'g-web' } as KnownGroup;
  const operations = [
    { kind: 'remove-member', groupId: 'g-web', memberId: 'p-ann', isPrimary: false },
    { kind: 'remove-member', groupId: 'g-web', memberId: 'p-ben', isPrimary: true },
    { kind: 'add-members', groupId: 'g-web', memberIds: ['p-cat'], isPrimary: false },
    { kind: 'delete-group', group, why: 'tombstone' },
    { kind: 'delete-group', group, why: 'not-found' },
    { kind: 'update-group', group, changes: [] },
  ] as const satisfies readonly Operation[];
  expect(onlyCuts({ operations, held: [] }).operations).toEqual([operations[0], operations[3]]);
});
