import { afterAll, beforeAll, expect, test } from 'vitest';
import { changing, type Database } from '#lib/db/database.ts';
import { testDatabase } from '#lib/db/testing.ts';
import { createLog } from '#lib/log/log.ts';
import { createFeed, OrderLost } from './feed.ts';

let db: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ db, drop } = await testDatabase());
});
afterAll(() => drop());

const change = () => changing(db, async (_tx, touch) => touch('role', 'r-1'));
const head = async () => BigInt((await db.sql.query<{ seq: string }>('SELECT seq FROM change_counter')).rows[0]?.seq ?? 0);
const feedFrom = (from: bigint, seen: bigint[] = []) =>
  createFeed({
    db,
    log: createLog('test'),
    from,
    async onChanges(changes) {
      seen.push(...changes.map(({ seq }) => seq));
    },
  });

test('it begins behind the number it is given, and says how old that is by the database’s clock', async () => {
  const from = await head();
  await change();
  const seen: bigint[] = [];
  const feed = feedFrom(from, seen);
  await feed.start();
  expect(seen).toEqual([from + 1n]);
  expect(feed.leaseIsGood()).toBe(true);
  expect(feed.behind).toBe(0n);
  expect(Math.abs(feed.now().getTime() - Date.now())).toBeLessThan(5_000);
  await feed.stop();
});

test('a database that has gone back in time is not followed: its numbers mean something else now (F12)', async () => {
  await change();
  const from = (await head()) + 5n;
  await expect(feedFrom(from).start()).rejects.toThrow(OrderLost);
});
