import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestPortal, testPortal } from '#lib/api/testing.ts';
import { newId } from '#lib/db/ids.ts';
import { createLog } from '#lib/log/log.ts';
import { catchUp } from '#lib/session/portal.ts';
import { auditOf, issued, rowOf } from './testing.ts';
import { createUsage } from './usage.ts';
import { verifyToken } from './verify.ts';

let t: TestPortal;

beforeAll(async () => {
  t = await testPortal();
});
afterAll(() => t?.close());

const minuteMs = 60_000;

function stateOf(token: string, inMs = 0): string {
  const verified = verifyToken(t.portal.world, t.portal.hashKey, token, 'kubeconfig', new Date(Date.now() + inMs));
  return 'flaw' in verified ? verified.flaw : 'good';
}

/** The first request with it, at a door of its own. */
function firstUse(credentialId: string) {
  const usage = createUsage({ db: t.portal.db, log: createLog('test') });
  usage.note({ credentialId, at: new Date(), address: '10.0.0.1', client: 'kubectl' });
  return usage.stop();
}

async function livingOn(deviceId: string): Promise<string[]> {
  const rows = await t.portal.db.prisma.credential.findMany({
    where: { deviceId, revokedAt: null, successorId: null, expiresAt: { gt: new Date() } },
  });
  return rows.map(({ id }) => id);
}

describe('one living credential a device', () => {
  test('renewing makes another secret; the old one is good for ten minutes at most (SECURITY 59)', async () => {
    const deviceId = newId('dv');
    const old = await issued(t, { deviceId });
    const renewed = await issued(t, { deviceId });
    expect([old.renewed, renewed.renewed]).toEqual([false, true]);
    expect(renewed.token).not.toBe(old.token);
    expect([stateOf(old.token), stateOf(renewed.token)]).toEqual(['good', 'good']);
    expect([stateOf(old.token, 10 * minuteMs), stateOf(renewed.token, 10 * minuteMs)]).toEqual(['expired', 'good']);
    expect(await livingOn(deviceId)).toEqual([renewed.id]);
  });

  test('the first use of the new one ends the old one at once; seen by two doors in the same moment it is told once (SECURITY 59)', async () => {
    const deviceId = newId('dv');
    const old = await issued(t, { deviceId });
    const renewed = await issued(t, { deviceId });
    await Promise.all([firstUse(renewed.id), firstUse(renewed.id)]);
    await catchUp(t.portal);
    expect([stateOf(old.token), stateOf(renewed.token)]).toEqual(['revoked', 'good']);
    expect((await auditOf(t, old.id)).filter(({ event }) => event === 'credential.revoked')).toEqual([
      { event: 'credential.revoked', detail: { reason: 'renewed', successorId: renewed.id, personId: t.ids.alice } },
    ]);
  });

  test('using the old one on does not end it, and does not end the new one', async () => {
    const deviceId = newId('dv');
    const old = await issued(t, { deviceId });
    const renewed = await issued(t, { deviceId });
    await firstUse(old.id);
    await catchUp(t.portal);
    expect([stateOf(old.token), stateOf(renewed.token)]).toEqual(['good', 'good']);
  });

  test('renewed twice before it was used once: the first use of the newest ends both', async () => {
    const deviceId = newId('dv');
    const [first, second, third] = [await issued(t, { deviceId }), await issued(t, { deviceId }), await issued(t, { deviceId })];
    await firstUse(third.id);
    await catchUp(t.portal);
    expect([first, second, third].map(({ token }) => stateOf(token))).toEqual(['revoked', 'revoked', 'good']);
  });

  test('eight renewals at once leave one living, and all the others are its predecessors', async () => {
    const deviceId = newId('dv');
    const all = await Promise.all(Array.from({ length: 8 }, () => issued(t, { deviceId })));
    const living = await livingOn(deviceId);
    expect(living).toHaveLength(1);
    expect(all.filter(({ renewed }) => !renewed)).toHaveLength(1);
    await firstUse(living[0] ?? '');
    await catchUp(t.portal);
    expect(all.filter(({ token }) => stateOf(token) === 'good').map(({ id }) => id)).toEqual(living);
  });

  test('the table itself refuses a second one, whoever writes it', async () => {
    const deviceId = newId('dv');
    const { id } = await issued(t, { deviceId });
    await expect(
      t.portal.db.sql.query(
        `INSERT INTO credential (id, kind, person_id, device_id, name, secret_hash, expires_at)
         SELECT id || 'x', kind, person_id, device_id, name, sha256(secret_hash), expires_at FROM credential WHERE id = $1`,
        [id],
      ),
    ).rejects.toThrow('credential_one_per_device');
  });

  test('another person in the same browser, and another device, renew nothing', async () => {
    const deviceId = newId('dv');
    const own = await issued(t, { deviceId });
    const others = [
      await issued(t, { deviceId, person: { id: t.ids.carol, name: 'carol' } }),
      await issued(t, { deviceId: newId('dv') }),
      await issued(t, { deviceId: null }),
    ];
    for (const { id, renewed } of others) {
      expect(renewed).toBe(false);
      await firstUse(id);
    }
    await catchUp(t.portal);
    expect(stateOf(own.token)).toBe('good');
  });

  test('what had expired is not renewed but followed by a new one', async () => {
    const deviceId = newId('dv');
    const long = await issued(t, { deviceId, days: 1, now: new Date(Date.now() - 2 * 24 * 60 * minuteMs) });
    const next = await issued(t, { deviceId });
    expect(next.renewed).toBe(false);
    expect(await livingOn(deviceId)).toEqual([next.id]);
    expect((await rowOf(t, long.id)).successorId).toBe(next.id);
  });

  test('whoever holds the most that one person may hold can still renew', async () => {
    const person = { id: t.ids.erin, name: 'erin' };
    const deviceId = newId('dv');
    await issued(t, { person, deviceId });
    await t.portal.db.sql.query(
      `INSERT INTO credential (id, kind, person_id, name, secret_hash, expires_at)
       SELECT 'k-held-' || n, 'kubeconfig', $1, 'held', sha256(('held ' || n)::bytea), now() + interval '1 day' FROM generate_series(1, 49) n`,
      [person.id],
    );
    await expect(issued(t, { person })).rejects.toMatchObject({ code: 'credential.too-many' });
    expect((await issued(t, { person, deviceId })).renewed).toBe(true);
  });
});
