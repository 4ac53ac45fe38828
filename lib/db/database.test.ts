import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { record } from '#lib/audit/record.ts';
import { createLog } from '#lib/log/log.ts';
import { createFeed } from '#lib/revocation/feed.ts';
import { changing, openDatabase } from './database.ts';
import { ensureProcessRoles } from './roles.ts';
import { type TestDatabase, testDatabase } from './testing.ts';
import type { Change } from './topics.ts';

const opened: TestDatabase[] = [];
async function fresh(): Promise<TestDatabase> {
  const test = await testDatabase();
  opened.push(test);
  return test;
}
afterEach(async () => {
  for (const test of opened.splice(0)) await test.drop();
});

async function until(condition: () => boolean, withinMs = 3_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('the change feed', () => {
  test('never skips a change that commits later than one with a higher number would have', async () => {
    const { db, url } = await fresh();
    const seen: Change[] = [];
    const feed = createFeed({ db, log: createLog('test'), from: 0n, onChanges: async (changes) => void seen.push(...changes) });
    await feed.start();
    const slow = new pg.Client({ connectionString: url });
    await slow.connect();
    try {
      await slow.query('BEGIN');
      await slow.query(`SELECT append_changes(ARRAY['person'], ARRAY['slow'])`);
      let quickDone = false;
      const quick = changing(db, async (_tx, touch) => touch('person', 'quick')).then(() => {
        quickDone = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(quickDone).toBe(false);
      expect(seen).toHaveLength(0);
      await slow.query('COMMIT');
      await quick;
      await until(() => seen.length === 2);
      expect(seen.map(({ key }) => key)).toEqual(['slow', 'quick']);
      expect(seen.map(({ seq }) => seq)).toEqual([1n, 2n]);
    } finally {
      await slow.end();
      await feed.stop();
    }
  });

  test('delivers by its poll when no notification arrives', async () => {
    const { db } = await fresh();
    const seen: Change[] = [];
    const feed = createFeed({ db, log: createLog('test'), from: 0n, onChanges: async (changes) => void seen.push(...changes) });
    await feed.start();
    await db.sql.query('UPDATE change_counter SET seq = seq + 1');
    await db.sql.query(`INSERT INTO change (seq, topic, key) SELECT seq, 'person', 'unannounced' FROM change_counter`);
    await until(() => seen.length === 1, 1_000);
    await feed.stop();
    expect(seen[0]?.key).toBe('unannounced');
  });

  test('lets its lease run out when the database can no longer be read', async () => {
    const { db } = await fresh();
    let failing = false;
    const feed = createFeed({
      db,
      log: createLog('silent'),
      from: 0n,
      onChanges: async () => {
        if (failing) throw new Error('cannot take it in');
      },
    });
    await feed.start();
    failing = true;
    const before = feed.lastReadAt;
    await changing(db, async (_tx, touch) => touch('person', 'x'));
    await new Promise((resolve) => setTimeout(resolve, 700));
    await feed.stop();
    expect(feed.seq).toBe(0n);
    expect(feed.lastReadAt - before).toBeLessThan(500);
  });

  test('writes nothing at all when the work of a transaction fails', async () => {
    const { db } = await fresh();
    const failing = changing(db, async (tx, touch) => {
      touch('person', 'never');
      await record(tx, { event: 'person.changed', actor: { kind: 'system', name: 'test' } });
      throw new Error('halfway');
    });
    await expect(failing).rejects.toThrow('halfway');
    expect((await db.sql.query('SELECT 1 FROM change')).rowCount).toBe(0);
    expect((await db.sql.query('SELECT 1 FROM audit_event')).rowCount).toBe(0);
  });
});

describe('what a process may do in Postgres', () => {
  test('the portal cannot read a sealed secret, and nobody can change or remove an audit event', async () => {
    const { db, url } = await fresh();
    const urls = await ensureProcessRoles(url, { portal: 'p-one', proxy: 'p-two', worker: 'p-three' });
    await record(db.prisma, { event: 'person.changed', actor: { kind: 'system', name: 'test' } });
    const portal = openDatabase(urls.portal);
    const worker = openDatabase(urls.worker);
    const proxy = openDatabase(urls.proxy);
    try {
      for (const table of ['directory_secret', 'cluster_door_credential', 'cluster_reconcile_credential']) {
        await expect(portal.sql.query(`SELECT * FROM ${table}`)).rejects.toThrow('permission denied');
      }
      await expect(proxy.sql.query('SELECT * FROM cluster_reconcile_credential')).rejects.toThrow('permission denied');
      for (const process of [portal, proxy, worker]) {
        await expect(process.sql.query(`UPDATE audit_event SET event = 'x'`)).rejects.toThrow('permission denied');
        await expect(process.sql.query('DELETE FROM audit_event')).rejects.toThrow('permission denied');
        const today = `audit_event_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`;
        await expect(process.sql.query(`DELETE FROM ${today}`)).rejects.toThrow('permission denied');
        await record(process.prisma, { event: 'person.changed', actor: { kind: 'system', name: 'test' } });
      }
    } finally {
      for (const process of [portal, proxy, worker]) await process.close();
      for (const role of ['portal', 'proxy', 'worker']) {
        const name = `${new URL(url).pathname.slice(1)}_${role}`;
        await db.sql.query(`DROP OWNED BY ${name}`);
        await db.sql.query(`DROP ROLE ${name}`);
      }
    }
  });
});

test('a connection that breaks while it is lent out is an error for whoever has it, and none that ends the process (F11)', async () => {
  const { db, url } = await fresh();
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  try {
    const breakIt = async (pid: number | undefined) => {
      await other.query('SELECT pg_terminate_backend($1)', [pid]);
      const isGone = async () => (await other.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid])).rowCount === 0;
      while (!(await isGone())) await new Promise((resolve) => setTimeout(resolve, 10));
      await new Promise((resolve) => setImmediate(resolve));
    };
    const lent = await db.sql.connect();
    const { rows } = await lent.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await breakIt(rows[0]?.pid);
    await expect(lent.query('SELECT 1')).rejects.toThrow();
    lent.release(true);
    const written = changing(db, async (tx) => {
      const [row] = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
      await breakIt(row?.pid);
      await tx.$queryRaw`SELECT 1`;
    });
    await expect(written).rejects.toThrow();
    expect((await db.sql.query('SELECT 1')).rowCount).toBe(1);
  } finally {
    await other.end();
  }
});
