/** A write whose commit nobody heard of: the connection breaks between COMMIT and its answer, or while the database is still at it (F12). */
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { changing, type Database, openDatabase } from '#lib/db/database.ts';
import { ensureProcessRoles } from '#lib/db/roles.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { createLog } from '#lib/log/log.ts';
import { overWire, startWire, type Wire } from './testing/wire.ts';
import { createTrail, type Trail } from './trail.ts';

const patience = { timeout: 20_000, interval: 50 };

let owner: TestDatabase;
let wire: Wire;
/** As the door has it: its own login, which may add to the audit log and neither read nor change it. */
let doors: Database;
let trail: Trail;

beforeAll(async () => {
  owner = await testDatabase();
  const { proxy } = await ensureProcessRoles(owner.url, { portal: 'p-secret', proxy: 'x-secret', worker: 'w-secret' });
  const { hostname, port } = new URL(owner.url);
  wire = await startWire({ host: hostname, port: Number(port) });
  doors = openDatabase(overWire(proxy, wire));
});
afterAll(async () => {
  await doors?.close();
  await wire?.close();
  await owner?.drop();
});
beforeEach(async () => {
  trail = createTrail({ db: doors, log: createLog('test') });
  await trail.start();
});
afterEach(async () => {
  wire.mend();
  await trail.stop();
});

const add = (names: readonly string[]) => {
  for (const name of names) trail.add({ event: 'stream.opened', actor: { kind: 'system', name }, detail: { name } });
};
const written = async (prefix: string) =>
  (
    await owner.db.sql.query<{ name: string }>(
      `SELECT actor_name AS name FROM audit_event WHERE event = 'stream.opened' AND actor_name LIKE $1 ORDER BY id`,
      [`${prefix}-%`],
    )
  ).rows.map(({ name }) => name);
const namesOf = (prefix: string) => Array.from({ length: 50 }, (_, i) => `${prefix}-${String(i).padStart(2, '0')}`);

test('audit events whose commit nobody heard of stand in the log once, in their order, and those behind them too (F12)', async () => {
  const sprung = wire.cutBeforeAnswerTo('INSERT INTO audit_event');
  const names = namesOf('unheard');
  add(names);
  await sprung;
  // Whatever the door believes: the database has them.
  await expect.poll(() => written('unheard'), patience).toEqual(names);
  add(['unheard-last']);
  wire.mend();
  await expect.poll(() => written('unheard'), patience).toContain('unheard-last');
  expect(await written('unheard')).toEqual([...names, 'unheard-last']);
});

test('audit events that the database is still writing when the door comes again stand in the log once (F12)', async () => {
  const blocker = await owner.db.sql.connect();
  onTestFinished(() => blocker.release(true));
  await blocker.query('BEGIN');
  await blocker.query('LOCK TABLE audit_event IN EXCLUSIVE MODE');
  const names = namesOf('underway');
  add(names);
  const waiting = async () =>
    (
      await owner.db.sql.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO audit_event%' AND pid <> pg_backend_pid()`,
      )
    ).rows[0]?.n;
  await expect.poll(waiting, patience).toBe(1);
  wire.cut();
  wire.mend();
  await expect.poll(waiting, patience).toBe(2);
  await blocker.query('COMMIT');
  await expect.poll(() => written('underway'), patience).toEqual(names);
  await expect.poll(waiting, patience).toBe(0);
  expect(await written('underway')).toEqual(names);
});

test('one event that Postgres could not hold keeps no other out', async () => {
  add(['odd-a\0b\ud800', 'odd-after']);
  await expect.poll(() => written('odd'), patience).toEqual(['odd-a\ufffdb\ufffd', 'odd-after']);
});

test('whoever changes something and never hears of the commit is told neither “done” nor “not done” (F12)', async () => {
  const portals = openDatabase(overWire(owner.url, wire));
  onTestFinished(() => portals.close());
  const sprung = wire.cutBeforeAnswerTo('COMMIT');
  const change = changing(portals, async (_tx, touch) => touch('person', 'p-unheard'));
  await expect(change).rejects.toMatchObject({ code: 'database.commit-unknown', kind: 'unavailable' });
  await sprung;
  const { rows } = await owner.db.sql.query(`SELECT key FROM change WHERE key = 'p-unheard'`);
  expect(rows).toHaveLength(1);
});
