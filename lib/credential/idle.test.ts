import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { asPage, type Call, caller, type TestPortal, testPortal } from '#lib/api/testing.ts';
import { catchUp } from '#lib/session/portal.ts';
import { operations as settingsWrites } from '#lib/setup/actions.ts';
import { readIdleDays } from './data.ts';
import { endIdleCredentials } from './idle.ts';
import { operations as reads } from './loaders.ts';
import { writeUses } from './mutations.ts';
import { auditOf, issued, rowOf } from './testing.ts';

let t: TestPortal;
let call: Call;

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;
const ago = (ms: number) => new Date(Date.now() - ms);

beforeAll(async () => {
  t = await testPortal();
  call = caller(t.portal, [...reads, ...settingsWrites]);
});
afterAll(() => t?.close());
beforeEach(() => t.portal.db.sql.query(`UPDATE installation SET settings = '{}'`));

const used = (credentialId: string, at: Date) =>
  t.portal.db.prisma.$transaction((tx) => writeUses(tx, [{ credentialId, at, address: '10.0.0.1', client: 'kubectl', held: false }]));
const reasonOf = async (id: string) => (await rowOf(t, id)).revokeReason;

test('what was not used for a month ends like any other revocation: refused, told to every door, in the audit log', async () => {
  const old = await issued(t, { days: 90, now: ago(31 * dayMs) });
  expect(await endIdleCredentials(t.portal.db)).toBe(1);
  expect(await reasonOf(old.id)).toBe('not used for 30 days');
  await catchUp(t.portal);
  expect(t.portal.world.credential(old.id)?.revokedAt).toBeTypeOf('number');
  const { rows } = await t.portal.db.sql.query('SELECT kind, reason FROM revocation WHERE credential_id = $1', [old.id]);
  expect(rows).toEqual([{ kind: 'credential', reason: 'not used for 30 days' }]);
  expect((await auditOf(t, old.id)).at(-1)).toEqual({
    event: 'credential.revoked',
    detail: { reason: 'not used for 30 days', personId: t.ids.alice },
  });
  expect(await endIdleCredentials(t.portal.db)).toBe(0);
});

test('counted from the last use, or from the making of what was never used, with an hour on top for batches that are late', async () => {
  const [usedLately, usedLongAgo, young, inGrace] = [
    await issued(t, { days: 90, now: ago(60 * dayMs) }),
    await issued(t, { days: 90, now: ago(60 * dayMs) }),
    await issued(t, { days: 90, now: ago(29 * dayMs) }),
    await issued(t, { days: 90, now: ago(30 * dayMs + hourMs / 2) }),
  ];
  await used(usedLately.id, ago(29 * dayMs));
  await used(usedLongAgo.id, ago(31 * dayMs));
  await endIdleCredentials(t.portal.db);
  expect(await Promise.all([usedLately, usedLongAgo, young, inGrace].map(({ id }) => reasonOf(id)))).toEqual([
    null,
    'not used for 30 days',
    null,
    null,
  ]);
});

test('a use that is written while the worker is about to end it keeps the credential', async () => {
  const { id } = await issued(t, { days: 90, now: ago(40 * dayMs) });
  const { sql } = t.portal.db;
  const door = await sql.connect();
  try {
    await door.query('BEGIN');
    await door.query('UPDATE credential SET last_used_at = now() WHERE id = $1', [id]);
    const ending = endIdleCredentials(t.portal.db);
    const waits = async () =>
      (await sql.query(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).rowCount;
    await expect.poll(waits, { timeout: 20_000, interval: 20 }).toBe(1);
    await door.query('COMMIT');
    expect(await ending).toBe(0);
  } finally {
    door.release();
  }
  expect(await reasonOf(id)).toBeNull();
});

test('more than one batch of them ends in one go, and what ended before is left alone', async () => {
  const { sql } = t.portal.db;
  await sql.query(
    `INSERT INTO credential (id, kind, person_id, name, secret_hash, created_at, expires_at)
     SELECT 'k-many-' || n, 'api', $1, 'many', sha256(('many ' || n)::bytea), now() - interval '40 days', now() + interval '20 days' FROM generate_series(1, 103) n`,
    [t.ids.carol],
  );
  expect(await endIdleCredentials(t.portal.db)).toBe(103);
  expect(await endIdleCredentials(t.portal.db)).toBe(0);
});

test('an admin sets the bound or takes it away; the list says until when each may lie unused', async () => {
  expect(await readIdleDays(t.portal.db)).toBe(30);
  const { id } = await issued(t, { days: 90, now: ago(8 * dayMs) });
  const [carol, alice] = [asPage(await t.signIn('carol')), asPage(await t.signIn('alice'))];
  const idleEnd = async () => {
    const { body } = await call('GET', '/credentials', { headers: alice });
    const { credentials } = body as { credentials: { id: string; createdAt: string; idleEndsAt: string | null }[] };
    const found = credentials.find((credential) => credential.id === id);
    return found?.idleEndsAt ? Math.round((Date.parse(found.idleEndsAt) - Date.parse(found.createdAt)) / dayMs) : null;
  };
  expect(await idleEnd()).toBe(30);

  for (const wrong of [0, 367, 1.5, '30']) {
    expect((await call('PATCH', '/settings', { headers: carol, body: { credentialIdleDays: wrong } })).status).toBe(400);
  }
  expect((await call('PATCH', '/settings', { headers: alice, body: { credentialIdleDays: 1 } })).status).toBe(403);
  const off = await call('PATCH', '/settings', { headers: carol, body: { credentialIdleDays: null } });
  expect(off).toMatchObject({ status: 200, body: { credentialIdleDays: null, accessContact: null } });
  expect([await idleEnd(), await endIdleCredentials(t.portal.db)]).toEqual([null, 0]);

  expect((await call('PATCH', '/settings', { headers: carol, body: { accessContact: 'ask carol' } })).status).toBe(200);
  expect(await readIdleDays(t.portal.db)).toBeNull();
  expect((await call('PATCH', '/settings', { headers: carol, body: { credentialIdleDays: 7 } })).body).toMatchObject({
    credentialIdleDays: 7,
    accessContact: 'ask carol',
  });
  expect(await idleEnd()).toBe(7);
  await endIdleCredentials(t.portal.db);
  expect(await reasonOf(id)).toBe('not used for 7 days');
});
