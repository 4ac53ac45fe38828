import { describe, expect, it } from 'vitest';
import type { DirectorySettings, Observation } from '../types.ts';
import { describeHeld, guardOf } from './shrink-guard.ts';

const settings: DirectorySettings = { urls: [], bindDn: '', scopeDns: [] };
const complete: Observation = { kind: 'complete', people: [], groups: [], links: [], gone: [] };
const ann = { objectGuid: 'guid-ann', name: 'ann@corp.example' };
const whom = () => [{ id: 'p-1', name: 'one' }];

const guard = (over: Partial<Parameters<typeof guardOf>[0]> = {}) =>
  guardOf({ settings, observation: complete, removalsApproved: false, ...over });

describe('the shrink guard', () => {
  it('lets ten go, or a twentieth, and no more (F7)', () => {
    const { hold } = guard();
    expect([hold('people', 10, 20, whom), hold('people', 11, 20, whom)?.removals]).toEqual([null, 11]);
    expect([hold('people', 50, 1_000, whom), hold('people', 51, 1_000, whom)?.of]).toEqual([null, 1_000]);
    expect(hold('groups', 1, 1_000, whom, 1)).toMatchObject({ removals: 1 });
  });

  it('lets as many go as an admin has seen beforehand, and holds one more', () => {
    const { hold, isMass } = guard({ approvedUpTo: { people: 312, groups: 0, memberships: 0 } });
    expect([hold('people', 312, 1_000, whom), hold('people', 313, 1_000, whom)?.removals]).toEqual([null, 313]);
    expect(hold('groups', 11, 20, whom)).not.toBeNull();
    expect([isMass('people', 312, 1_000), isMass('people', 50, 1_000)]).toEqual([true, false]);
  });

  it('believes nothing that is missing from a complete read without its sentinel, whoever approved it (F7)', () => {
    const { hold, unseen } = guard({ settings: { ...settings, sentinelPerson: ann }, removalsApproved: true });
    expect(unseen).toMatchObject({ what: 'sentinels', whom: [{ name: 'ann@corp.example' }] });
    expect(hold('people', 1, 1_000, whom)).toMatchObject({ removals: 1 });
    expect(hold('people', 0, 1_000, whom)).toBeNull();
    expect(describeHeld(unseen ? [unseen] : [])).toMatch(/^ann@corp.example must be seen .* nothing was removed/);
  });

  it('asks nothing of a delta, and takes a sentinel for seen that a filter leaves out', () => {
    const watched = { ...settings, sentinelPerson: ann, sentinelGroup: { objectGuid: 'guid-all', name: 'all' } };
    expect(guard({ settings: watched, observation: { ...complete, kind: 'delta' } }).unseen).toBeNull();
    const outside = { ...complete, outside: ['guid-ann', 'guid-all'] };
    expect(guard({ settings: watched, observation: outside }).unseen).toBeNull();
  });
});
