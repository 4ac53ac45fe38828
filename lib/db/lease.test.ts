import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLease, isLeaseHeld, LeaseLost } from './lease.ts';
import { type TestDatabase, testDatabase } from './testing.ts';

let own: TestDatabase;

beforeAll(async () => {
  own = await testDatabase();
});
afterAll(() => own?.drop());

const writing = (lease: ReturnType<typeof createLease>) => own.db.prisma.$transaction((tx) => lease.requireHeld(tx));

test('of many who reach for it at once, one gets it', async () => {
  const leases = Array.from({ length: 8 }, (_, index) => createLease(own.db, { name: 'one', holder: `w-${index}`, seconds: 60 }));
  const got = await Promise.all(leases.map((lease) => lease.acquire()));
  expect(got.filter(Boolean)).toHaveLength(1);
  expect(leases.filter((lease) => lease.isHeld())).toHaveLength(1);
  expect(await isLeaseHeld(own.db, 'one')).toBe(true);
});

test('whoever slept through its end can write nothing, even when its name holds the lease anew', async () => {
  const sleeper = createLease(own.db, { name: 'two', holder: 'w-a', seconds: 2 });
  expect(await sleeper.acquire()).toBe(true);
  await writing(sleeper);
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  expect(sleeper.isHeld()).toBe(false);
  await expect(writing(sleeper)).rejects.toThrow(LeaseLost);
  const other = createLease(own.db, { name: 'two', holder: 'w-b', seconds: 60 });
  expect(await other.acquire()).toBe(true);
  await expect(writing(sleeper)).rejects.toThrow(LeaseLost);
  expect(await sleeper.acquire()).toBe(false);
  await other.release();
  const twin = createLease(own.db, { name: 'two', holder: 'w-a', seconds: 60 });
  expect(await twin.acquire()).toBe(true);
  await expect(writing(sleeper)).rejects.toThrow(LeaseLost);
  await writing(twin);
});
