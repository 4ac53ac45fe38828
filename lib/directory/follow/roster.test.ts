import { describe, expect, it } from 'vitest';
import { readUpToDateVector } from '../active-directory/up-to-dateness.ts';
import type { GroupFacts } from '../types.ts';
import { createBreaker } from './breaker.ts';
import { inOrderOfHealth, noteNotReached, noteReached } from './health.ts';
import { favouriteOf, whoIsFollowed } from './roster.ts';
import { createUnknownGroups } from './unknown-groups.ts';

describe('of many domain controllers', () => {
  const all = ['a', 'b', 'c', 'd', 'e'];
  const followed = (...down: string[]) => whoIsFollowed(all, (id) => down.includes(id));

  it('the three most preferred are followed, and whoever is out of reach is stood in for while it is tried again (F3)', () => {
    expect(followed()).toEqual(['a', 'b', 'c']);
    expect(followed('a')).toEqual(['a', 'b', 'c', 'd']);
    expect(followed('b', 'c', 'd')).toEqual(all);
    expect(followed(...all)).toEqual(all);
  });

  it('whoever led last leads on, since it need not read everything; else the most preferred does', () => {
    const row = (id: string, hoursAgo: number | null) => {
      const at = hoursAgo === null ? null : new Date(Date.now() - hoursAgo * 3_600_000);
      return { id, fullReadAt: at, freshAt: at };
    };
    expect(favouriteOf([row('a', null), row('b', 2), row('c', 5)], Date.now())).toBe('b');
    expect(favouriteOf([row('a', null), row('b', 25)], Date.now())).toBe('a');
    expect(favouriteOf([], Date.now())).toBeNull();
  });

  it('a sign-in asks those that are followed first, and one that failed lately last, until its time is up (F3)', () => {
    const [one, two, three] = ['dc-1', 'dc-2', 'dc-3'].map((id) => ({ id: `${id}-${Math.random()}`, state: 'following' }));
    if (!one || !two || !three) throw new Error('three are needed');
    const order = () => inOrderOfHealth([one, { ...two, state: 'unreachable' }, three]).map(({ id }) => id);
    expect(order()).toEqual([one.id, three.id, two.id]);
    noteNotReached(one);
    expect(order()).toEqual([three.id, two.id, one.id]);
    noteReached(one);
    expect(order()).toEqual([one.id, three.id, two.id]);
  });
});

it('one that fails is left alone longer each time, up to a bound, and for no round time (F2, F3)', () => {
  let now = 0;
  const breaker = createBreaker({ firstMs: 500, maxMs: 60_000, now: () => now });
  const waits = Array.from({ length: 12 }, () => breaker.failed());
  for (const [n, wait] of waits.entries()) {
    const full = Math.min(60_000, 500 * 2 ** n);
    expect(wait).toBeGreaterThanOrEqual(full * 0.75);
    expect(wait).toBeLessThanOrEqual(full);
  }
  expect(breaker.isOpen).toBe(true);
  now = 60_000;
  expect(breaker.isOpen).toBe(false);
  const spread = new Set(Array.from({ length: 50 }, () => createBreaker({ firstMs: 10_000, maxMs: 60_000 }).failed()));
  expect(spread.size).toBeGreaterThan(40);
  breaker.succeeded();
  expect(breaker.failed({ maxMs: 100 })).toBeLessThanOrEqual(100);
});

it('a group whose members broke off is asked for again, first soon, then more rarely, until it answers whole (F5)', () => {
  let now = 0;
  const groups = createUnknownGroups(() => now);
  const answer = (objectGuid: string, memberGuids: string[] | null) => ({ objectGuid, memberGuids }) as GroupFacts;
  groups.are(['g-1', 'g-2']);
  expect(groups.due()).toEqual([]);
  now = 5_000;
  expect(groups.due()).toEqual(['g-1', 'g-2']);
  groups.answered(['g-1', 'g-2'], [answer('g-1', ['m']), answer('g-2', null)]);
  now = 14_999;
  expect(groups.due()).toEqual([]);
  now = 15_000;
  expect(groups.due()).toEqual(['g-2']);
  groups.include([answer('g-2', []), answer('g-3', null)]);
  now = 3_600_000;
  expect(groups.due()).toEqual(['g-3']);
  groups.are([]);
  expect(groups.due()).toEqual([]);
});

describe('what a domain controller knows of its partners', () => {
  const guid = '3a306709-26ed-422d-bdff-5e71aed00253';
  const head = (version: number, count: number) => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32LE(version, 0);
    bytes.writeUInt32LE(count, 8);
    return bytes;
  };

  it('is read as Samba writes it, and as Windows did before', () => {
    const row = Buffer.from('0967303aed262d42bdff5e71aed00253f70f0000000000000080 3ed5deb19d01'.replace(' ', ''), 'hex');
    const cursor = readUpToDateVector(Buffer.concat([head(2, 1), row]))?.get(guid);
    expect(cursor).toEqual({ usn: 4_087n, heardAt: null });
    const seconds = Buffer.from(row);
    seconds.writeBigUInt64LE(BigInt(Date.UTC(2026, 10, 23) / 1_000) + 11_644_473_600n, 24);
    expect(readUpToDateVector(Buffer.concat([head(2, 1), seconds]))?.get(guid)?.heardAt).toEqual(new Date(Date.UTC(2026, 10, 23)));
    expect(readUpToDateVector(Buffer.concat([head(1, 1), row.subarray(0, 24)]))?.get(guid)?.usn).toBe(4_087n);
  });

  it('is nothing where it is absent, cut short or of another form', () => {
    expect(readUpToDateVector(null)).toBeNull();
    expect(readUpToDateVector(head(2, 1))).toBeNull();
    expect(readUpToDateVector(head(9, 0))).toBeNull();
    expect(readUpToDateVector(head(2, 0))?.size).toBe(0);
  });
});
