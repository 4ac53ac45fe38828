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

test('whoever stands still in the middle of a transaction keeps the others from the lease for seconds, not for ever (F20)', async () => {
  const still = createLease(own.db, { name: 'three', holder: 'w-a', seconds: 1 });
  const other = createLease(own.db, { name: 'three', holder: 'w-b', seconds: 60 });
  expect(await still.acquire()).toBe(true);
  const began = performance.now();
  const stuck = own.db.prisma.$transaction(
    async (tx) => {
      await still.requireHeld(tx);
      while (!(await other.acquire()) && performance.now() - began < 30_000) await new Promise((resolve) => setTimeout(resolve, 100));
      await tx.$executeRaw`UPDATE lease SET holder = 'w-a' WHERE name = 'three'`;
    },
    { timeout: 60_000 },
  );
  await expect(stuck).rejects.toThrow();
  expect(other.isHeld()).toBe(true);
  expect(performance.now() - began).toBeLessThan(20_000);
  await writing(other);
}, 90_000);

test('a statement by itself is carried out by whoever holds it, waits for whoever is about to take over, and is refused to everybody else', async () => {
  const former = createLease(own.db, { name: 'four', holder: 'w-a', seconds: 60 });
  const idle = createLease(own.db, { name: 'four', holder: 'w-b', seconds: 60 });
  await own.db.sql.query('CREATE TABLE counted (n integer); INSERT INTO counted VALUES (0)');
  const counted = async () => (await own.db.sql.query<{ n: number }>('SELECT n FROM counted')).rows[0]?.n;
  const add = (lease: typeof former) => lease.changeIfHeld('UPDATE counted SET n = n + $1::integer WHERE EXISTS (SELECT FROM held)', [1]);
  await expect(add(former)).rejects.toThrow(LeaseLost);
  expect(await former.acquire()).toBe(true);
  await add(former);
  await expect(add(idle)).rejects.toThrow(LeaseLost);
  expect(await counted()).toBe(1);
  const taker = await own.db.sql.connect();
  await taker.query('BEGIN');
  await taker.query(`UPDATE lease SET holder = 'w-c', epoch = epoch + 1 WHERE name = 'four'`);
  const late = add(former);
  await taker.query('COMMIT');
  taker.release();
  await expect(late).rejects.toThrow(LeaseLost);
  expect(await counted()).toBe(1);
});
