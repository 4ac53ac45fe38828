import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { caller, type TestPortal, testPortal } from '#lib/api/testing.ts';
import { generateSealingPair, openingKeyFromPem, sealingKeyFromPem } from '#lib/config/keys.ts';
import { changing } from '#lib/db/database.ts';
import { type Fault, fault } from '#lib/errors/fault.ts';
import { createLog } from '#lib/log/log.ts';
import { type Answerer, createAnswerer } from '#lib/request/answer.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import { operations as sessionReads } from './loaders.ts';
import { catchUp, type Portal } from './portal.ts';
import { signInOptions } from './sign-in.ts';

type Token = { sub?: string; sid?: string };
const pair = generateSealingPair();
const secret = 'correct horse battery';

let fixture: TestPortal;
let portal: Portal;
beforeAll(async () => {
  fixture = await testPortal();
  portal = { ...fixture.portal, sealingKey: sealingKeyFromPem(pair.sealingKeyPem) };
});
afterAll(() => fixture?.close());

function browser(presentedSession: string | null = null) {
  const options = signInOptions(portal, { address: '192.0.2.7', userAgent: 'Firefox', presentedSession, presentedBreakGlass: null });
  const jwt = options.jwt;
  const authorize = (
    options.providers[0] as unknown as { options: { authorize(typed: unknown, request: unknown): Promise<{ id: string } | null> } }
  ).options.authorize;
  return {
    options,
    encode: (token: Token) => jwt?.encode?.({ token, secret: '' }) as Promise<string>,
    decode: (value: string) => jwt?.decode?.({ token: value, secret: '' }) as Promise<Token | null>,
    authorize: (typed: unknown) => authorize(typed, {}),
    signOut: async (token: Token) => options.events?.signOut?.({ token } as never),
  };
}

const signInAs = (personId: string, presented: string | null = null) => browser(presented).encode({ sub: personId });
const rows = async () => (await portal.db.sql.query('SELECT * FROM portal_session ORDER BY created_at')).rows;

describe('a session', () => {
  beforeEach(() => portal.db.sql.query('DELETE FROM portal_session'));

  test('is a row; the cookie is an opaque key to it, and the row does not hold that key', async () => {
    const cookie = await signInAs(fixture.ids.alice);
    expect(cookie).toMatch(/^[\w-]{43}$/);
    const [row] = await rows();
    expect(row).toMatchObject({ person_id: fixture.ids.alice, address: '192.0.2.7', user_agent: 'Firefox', ended_at: null });
    expect(JSON.stringify(row)).not.toContain(cookie);
    expect(await browser().decode(cookie)).toMatchObject({ sub: fixture.ids.alice, sid: cookie });
  });

  test('is the same session however often it is read', async () => {
    const cookie = await signInAs(fixture.ids.alice);
    const token = (await browser().decode(cookie)) ?? {};
    expect(await browser().encode(token)).toBe(cookie);
    expect(await rows()).toHaveLength(1);
  });

  test('is a new one at each sign-in, and the one before it ends', async () => {
    const first = await signInAs(fixture.ids.alice);
    const second = await signInAs(fixture.ids.carol, first);
    expect(second).not.toBe(first);
    expect(await browser().decode(first)).toBeNull();
    expect(await browser().decode(second)).toMatchObject({ sub: fixture.ids.carol });
  });

  test('ends at sign-out, also for a copy of the cookie', async () => {
    const cookie = await signInAs(fixture.ids.alice);
    await browser().signOut((await browser().decode(cookie)) ?? {});
    expect(await browser().decode(cookie)).toBeNull();
  });

  test('ends after half an hour without use and after eight hours with use', async () => {
    const idle = await signInAs(fixture.ids.alice);
    await portal.db.sql.query(`UPDATE portal_session SET seen_at = now() - interval '31 minutes'`);
    expect(await browser().decode(idle)).toBeNull();
    const old = await signInAs(fixture.ids.alice);
    await portal.db.sql.query(`UPDATE portal_session SET expires_at = now() - interval '1 second', seen_at = now()`);
    expect(await browser().decode(old)).toBeNull();
  });

  test.each([
    ['disabled', `user_account_control = 514, state = 'disabled'`],
    ['expired', `account_expires_at = now() - interval '1 second'`],
    ['locked', 'lockout_at = now()'],
    ['deleted', `deleted_at = now(), state = 'deleted'`],
    ['moved out of scope', `out_of_scope = true, state = 'out-of-scope'`],
    ['cut by an admin', `cut_at = now(), cut_reason = 'test', state = 'cut'`],
  ])('ends with the account, the moment the portal has read that it was %s (SECURITY 40)', async (_, set) => {
    const cookie = await signInAs(fixture.ids.alice);
    const token = { headers: { authorization: `Bearer ${await fixture.token('alice')}` } };
    const call = caller(portal, sessionReads);
    expect([(await browser().decode(cookie))?.sub, (await call('GET', '/me', token)).status]).toEqual([fixture.ids.alice, 200]);
    await changing(portal.db, async (tx, touch) => {
      await tx.$executeRawUnsafe(`UPDATE person SET ${set} WHERE id = $1`, fixture.ids.alice);
      touch('person', fixture.ids.alice);
    });
    await catchUp(portal);
    expect([await browser().decode(cookie), (await call('GET', '/me', token)).status]).toEqual([null, 401]);
    await changing(portal.db, async (tx, touch) => {
      await tx.$executeRaw`UPDATE person SET user_account_control = 512, state = 'enabled', account_expires_at = NULL, lockout_at = NULL,
        deleted_at = NULL, out_of_scope = false, cut_at = NULL, cut_reason = NULL WHERE id = ${fixture.ids.alice}`;
      touch('person', fixture.ids.alice);
    });
    await catchUp(portal);
  });

  test('that a revocation ended stays ended when the account comes back (SECURITY 40)', async () => {
    const cookie = await signInAs(fixture.ids.alice);
    await changing(portal.db, (tx, touch) =>
      revoke(tx, touch, { kind: 'person', personId: fixture.ids.alice, reason: 'disabled', evidenceAt: new Date() }),
    );
    await catchUp(portal);
    expect(await browser().decode(cookie)).toBeNull();
    expect(portal.world.standing(fixture.ids.alice, new Date())).toBe('live');
  });
});

describe('signing in', () => {
  let answerer: Answerer;
  let refusal: Fault | null = null;
  const received: unknown[] = [];
  let during = '';
  beforeEach(async () => {
    refusal = null;
    received.length = 0;
    answerer = createAnswerer({
      db: portal.db,
      openingKey: openingKeyFromPem(pair.openingKeyPem),
      log: createLog('test worker'),
      workerId: 'w-test',
      handlers: {
        async login(request) {
          received.push(request.input, request.secret);
          during = JSON.stringify((await portal.db.sql.query('SELECT * FROM request')).rows);
          if (refusal) throw refusal;
          return { personId: fixture.ids.alice };
        },
      },
    });
    await answerer.start();
  });
  afterEach(() => answerer.stop());

  test('is asked of the worker, with the password sealed: no row holds it in clear, during or after', async () => {
    expect(await browser().authorize({ login: 'alice', password: secret })).toMatchObject({ id: fixture.ids.alice });
    expect(received).toEqual([{ address: '192.0.2.7' }, { login: 'alice', password: secret }]);
    const after = JSON.stringify((await portal.db.sql.query('SELECT * FROM request')).rows);
    expect(during).toContain('"kind":"login"');
    expect(during + after).not.toContain(secret);
  });

  test('says one of a few fixed words when it fails, whatever went wrong', async () => {
    const cases = [
      [fault('unauthenticated', 'login.refused', secret), 'refused'],
      [fault('forbidden', 'login.password-expired', secret), 'change-password'],
      [fault('forbidden', 'login.not-now', secret), 'not-now'],
      [fault('too-many', 'login.throttled', secret), 'too-many'],
      [fault('unavailable', 'login.directory-down', secret), 'unavailable'],
      [fault('internal', 'login.broken', secret), 'failed'],
    ] as const;
    for (const [thrown, word] of cases) {
      refusal = thrown;
      await expect(browser().authorize({ login: 'alice', password: 'x' })).rejects.toThrow(new RegExp(`^${word}$`));
    }
  });

  test('does not even ask for what can be no password (SECURITY 29)', async () => {
    for (const password of ['', undefined, null, [], {}, 'a\0b', 'x'.repeat(5000)]) {
      await expect(browser().authorize({ login: 'alice', password })).rejects.toThrow(/^refused$/);
    }
    await expect(browser().authorize({ login: { not: '' }, password: 'x' })).rejects.toThrow(/^refused$/);
    expect(received).toEqual([]);
  });
});
