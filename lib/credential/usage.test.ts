import { afterAll, beforeAll, expect, test } from 'vitest';
import { addressHeader } from '#lib/api/headers.ts';
import { caller, type TestPortal, testPortal } from '#lib/api/testing.ts';
import { type Database, openDatabase } from '#lib/db/database.ts';
import { withDatabase } from '#lib/db/testing.ts';
import { createLog, type Log } from '#lib/log/log.ts';
import { listCredentials } from './loaders.ts';
import { issued, rowOf } from './testing.ts';
import { createUsage } from './usage.ts';

let t: TestPortal;
const log = createLog('test');

beforeAll(async () => {
  t = await testPortal();
});
afterAll(() => t?.close());

const at = (minute: number) => new Date(Date.UTC(2026, 10, 23, 12, minute));
const use = (credentialId: string, minute: number, client = `kubectl/${minute}`) => ({
  credentialId,
  at: at(minute),
  address: `10.0.0.${minute}`,
  client,
});
const usageHere = (db: Database = t.portal.db, said: Log = log) => createUsage({ db, log: said });
const lastUse = async (id: string) => {
  const { lastUsedAt, lastUsedAddress, lastUsedClient } = await rowOf(t, id);
  return [lastUsedAt?.getUTCMinutes(), lastUsedAddress, lastUsedClient];
};

test('a later use is never overwritten by an earlier one, within a process and between several', async () => {
  const { id } = await issued(t);
  const [one, other] = [usageHere(), usageHere()];
  one.note(use(id, 20));
  one.note(use(id, 10));
  other.note(use(id, 15));
  await one.stop();
  expect(await lastUse(id)).toEqual([20, '10.0.0.20', 'kubectl/20']);
  await other.stop();
  expect(await lastUse(id)).toEqual([20, '10.0.0.20', 'kubectl/20']);
});

test('many processes that write the same credentials in any order end at the latest use, and none waits for another', async () => {
  const made = await Promise.all(Array.from({ length: 12 }, () => issued(t)));
  const processes = Array.from({ length: 5 }, () => usageHere());
  for (const [turn, usage] of processes.entries()) {
    const order = turn % 2 === 0 ? made : made.toReversed();
    for (const { id } of order) usage.note(use(id, turn + 1));
  }
  await Promise.all(processes.map((usage) => usage.stop()));
  for (const { id } of made) expect(await lastUse(id)).toEqual([5, '10.0.0.5', 'kubectl/5']);
});

test('a stop writes what is left, and what the database did not take is kept and written once it is back', async () => {
  const { id } = await issued(t);
  const said: string[] = [];
  const own = openDatabase(t.portal.db.url);
  const usage = usageHere(own, { ...log, warn: (_facts, message) => void said.push(message) });
  const name = new URL(t.portal.db.url).pathname.slice(1);
  const operator = openDatabase(withDatabase(t.portal.db.url, 'postgres'));
  try {
    await operator.sql.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await operator.sql.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    usage.note(use(id, 30));
    await usage.stop();
    expect(said.join()).toContain('written with the next batch');
    await operator.sql.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await usage.stop();
    expect(await lastUse(id)).toEqual([30, '10.0.0.30', 'kubectl/30']);
  } finally {
    await operator.sql.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await operator.close();
    await own.close();
  }
});

test('a stream that is held open counts as use, and says nothing of address and client', async () => {
  const { id } = await issued(t);
  const first = usageHere();
  first.note(use(id, 5));
  await first.stop();
  const began = Date.now();
  const later = createUsage({ db: t.portal.db, log, open: () => [{ credentialId: id }, { credentialId: id }], stillOpenEveryMs: 20 });
  await later.start();
  const lastAt = async () => (await rowOf(t, id)).lastUsedAt?.getTime() ?? 0;
  await expect.poll(lastAt, { timeout: 30_000, interval: 100 }).toBeGreaterThanOrEqual(began);
  await later.stop();
  expect((await lastUse(id)).slice(1)).toEqual(['10.0.0.5', 'kubectl/5']);
});

test('an API token’s use at the portal is noted too', async () => {
  const call = caller(t.portal, [listCredentials]);
  const headers = { authorization: `Bearer ${await t.token('alice')}`, 'user-agent': 'curl/8', [addressHeader]: '10.1.2.3' };
  type Listed = { credentials: { kind: string; lastUsedClient: string | null; lastUsedAddress: string | null }[] };
  const seen = async () => {
    const { body } = await call('GET', '/credentials', { headers });
    return (body as Listed).credentials.filter(({ kind }) => kind === 'api').map((each) => [each.lastUsedClient, each.lastUsedAddress]);
  };
  await expect.poll(seen, { timeout: 30_000, interval: 200 }).toEqual([['curl/8', '10.1.2.3']]);
});
