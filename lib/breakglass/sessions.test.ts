import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { operations as everything } from '#lib/api/table.ts';
import { asPage, caller } from '#lib/api/testing.ts';
import { readConfig } from '#lib/config/config.ts';
import { verifyToken } from '#lib/credential/verify.ts';
import { catchUp } from '#lib/session/portal.ts';
import { signInOptions } from '#lib/session/sign-in.ts';
import { endSessionsIfConfiguredOff } from './requests.ts';
import { breakGlassScene, codeOf, type Scene } from './testing.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await breakGlassScene();
});
afterAll(() => scene?.close());
beforeEach(() => scene.begin());

describe('a break-glass session', () => {
  test('lasts an hour at the most, whatever is done in it, and no row can say otherwise (SECURITY 44)', async () => {
    const { cookie } = await scene.comeIn();
    const { sql } = scene.portal.db;
    const { rows } = await sql.query<{ minutes: number }>(
      'SELECT extract(epoch FROM expires_at - started_at)::int / 60 AS minutes FROM break_glass_session',
    );
    expect(rows).toEqual([{ minutes: 60 }]);
    await expect(sql.query(`UPDATE break_glass_session SET expires_at = expires_at + interval '1 second'`)).rejects.toThrow(
      'check constraint',
    );
    expect(await scene.statusOf(cookie)).toBe(200);
    await sql.query(`UPDATE break_glass_session SET started_at = now() - interval '1 hour', expires_at = now() - interval '1 millisecond'`);
    expect(await scene.statusOf(cookie)).toBe(401);
  });

  test('ends at sign-out, also for a copy of the cookie (SECURITY 45)', async () => {
    const { cookie } = await scene.comeIn();
    const left = await scene.call('DELETE', '/break-glass/session', { headers: asPage(cookie), body: {} });
    expect([left.status, left.headers.get('set-cookie')]).toEqual([200, expect.stringContaining('Max-Age=0')]);
    expect(await scene.statusOf(cookie)).toBe(401);
    expect((await scene.events()).at(-1)).toMatchObject({ event: 'break-glass.session-ended', actor_kind: 'break-glass' });
  });

  test('ends with its account, at once, and the account with it for good', async () => {
    const { made, cookie } = await scene.comeIn();
    const ended = await scene.call('DELETE', `/break-glass/accounts/${made.id}`, {
      headers: scene.carol,
      body: { reason: 'the paper was lost' },
    });
    expect([ended.status, ended.body]).toEqual([200, { sessionsEnded: 1 }]);
    expect(await scene.statusOf(cookie)).toBe(401);
    await scene.timePasses(made);
    expect((await scene.signIn({ ...made, code: scene.freshCode(made) })).code).toBe('break-glass.refused');
    expect((await scene.portal.db.sql.query('SELECT * FROM break_glass_verifier')).rowCount).toBe(0);
  });

  test('ends when an admin switches break-glass off, and switching it on again revives none', async () => {
    const { made, cookie } = await scene.comeIn();
    const turn = async (on: boolean) => (await scene.call('PUT', '/break-glass', { headers: scene.carol, body: { on } })).body;
    expect(await turn(false)).toEqual({ sessionsEnded: 1 });
    expect((await scene.call('GET', '/break-glass/available')).body).toEqual({ available: false });
    expect(await scene.statusOf(cookie)).toBe(401);
    expect((await scene.signIn({ ...made, code: scene.freshCode(made) })).code).toBe('break-glass.off');
    expect(await scene.now()).toMatchObject({ available: false, off: { by: 'admin', name: 'Carol' } });
    await turn(true);
    expect(await scene.statusOf(cookie)).toBe(401);
    expect((await scene.call('GET', '/break-glass/available')).body).toEqual({ available: true });
  });

  test('ends when somebody signs in as themselves in the same browser', async () => {
    const { cookie } = await scene.comeIn();
    const facts = { address: null, userAgent: null, presentedSession: null, presentedBreakGlass: cookie.split('=')[1] ?? null };
    const { jwt } = signInOptions(scene.portal, facts);
    const person = await jwt?.encode?.({ token: { sub: scene.fixture.ids.alice }, secret: '' });
    expect(await scene.statusOf(cookie, '/me')).toBe(401);
    const both = await scene.call('GET', '/me', { headers: { cookie: `${cookie}; gatehouse.session=${person}` } });
    expect(both.body).toMatchObject({ via: 'session', person: { id: scene.fixture.ids.alice } });
  });

  test('is none where the configuration says off, and the worker ends what is left of it', async () => {
    const { made, cookie } = await scene.comeIn();
    expect(readConfig({ GATEHOUSE_BREAK_GLASS: 'off' } as unknown as NodeJS.ProcessEnv).breakGlass).toBe(false);
    expect(readConfig({} as NodeJS.ProcessEnv).breakGlass).toBe(true);
    const off = caller({ ...scene.portal, config: { ...scene.portal.config, breakGlass: false } }, everything);
    expect((await off('GET', '/overview', { headers: { cookie } })).status).toBe(401);
    expect((await off('GET', '/break-glass/available')).body).toEqual({ available: false });
    const tried = await off('POST', '/break-glass/session', { body: { name: made.name, password: made.password, code: '123456' } });
    expect([tried.status, codeOf(tried)]).toEqual([403, 'break-glass.off']);
    await endSessionsIfConfiguredOff({ db: scene.portal.db, available: false });
    expect(await scene.statusOf(cookie)).toBe(401);
  });

  test('takes the place of a person’s session in the same browser, and is not made by a foreign cookie of its name', async () => {
    const person = await scene.fixture.signIn('erin');
    const made = await scene.enrol('glass-one');
    const { name, password } = made;
    const answer = await scene.call('POST', '/break-glass/session', {
      headers: asPage(person),
      body: { name, password, code: scene.freshCode(made) },
    });
    expect(answer.status).toBe(200);
    expect(await scene.statusOf(person, '/me')).toBe(401);
    expect(await scene.statusOf(`gatehouse.break-glass=${randomBytes(32).toString('base64url')}`, '/me')).toBe(401);
    expect(
      await scene.statusOf(`gatehouse.break-glass=${await scene.fixture.signIn('carol').then((cookie) => cookie.split('=')[1])}`, '/me'),
    ).toBe(401);
  });
});

describe('what it may do', () => {
  test('is to administer, also while the directory is silent, with its own name in the audit log', async () => {
    const { made, cookie } = await scene.comeIn();
    const { sql } = scene.portal.db;
    const grant = {
      subject: { kind: 'person', id: scene.fixture.ids.alice },
      roleId: 'r-viewer',
      scope: { kind: 'all' },
      reason: 'emergency',
    };
    await scene.directoryAnswered(11);
    const byCarol = await scene.call('POST', '/grants', { headers: scene.carol, body: grant });
    expect([byCarol.status, codeOf(byCarol)]).toEqual([503, 'directory.not-fresh']);
    const granted = await scene.call('POST', '/grants', { headers: asPage(cookie), body: grant });
    expect([granted.status, codeOf(granted)]).toEqual([201, null]);
    const contact = await scene.call('PATCH', '/settings', { headers: asPage(cookie), body: { accessContact: 'the duty phone' } });
    expect(contact.status).toBe(200);
    const { rows } = await sql.query(
      `SELECT event, actor_kind, actor_id, actor_name FROM audit_event WHERE event IN ('grant.created', 'settings.changed') ORDER BY at DESC, id DESC LIMIT 2`,
    );
    const actor = { actor_kind: 'break-glass', actor_id: made.id, actor_name: 'glass-one' };
    expect(rows).toEqual([
      { event: 'settings.changed', ...actor },
      { event: 'grant.created', ...actor },
    ]);
  });

  test('is nothing through the door: no kubeconfig, no token, and its key is no credential there', async () => {
    const { made, cookie } = await scene.comeIn();
    for (const [method, path, body] of [
      ['POST', '/credentials/kubeconfig', { deviceName: 'mine' }],
      ['POST', '/credentials/tokens', { name: 'mine', days: 1, readOnly: false }],
      ['GET', '/me/access', undefined],
      ['GET', '/credentials', undefined],
      ['GET', '/me/sessions', undefined],
    ] as const) {
      const answer = await scene.call(method, path, { headers: asPage(cookie), ...(body ? { body } : {}) });
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 403, 'api.no-person']);
    }
    await catchUp(scene.portal);
    const { world, hashKey, db } = scene.portal;
    const key = cookie.split('=')[1] ?? '';
    for (const kind of ['kubeconfig', 'api'] as const) expect(verifyToken(world, hashKey, key, kind, new Date())).toHaveProperty('flaw');
    expect([world.standing(made.id, new Date()) === 'live', world.entitledPeople('c-any', new Date()).length]).toEqual([false, 0]);
    const forged = `INSERT INTO credential (id, kind, person_id, name, secret_hash, expires_at) VALUES ('k-1', 'kubeconfig', $1, 'x', 'x', now() + interval '1 hour')`;
    await expect(db.sql.query(forged, [made.id])).rejects.toThrow('foreign key');
    expect((await scene.call('GET', '/me', { headers: { authorization: `Bearer ${key}` } })).status).toBe(401);
  });

  test('never brings a page down: every reading operation answers it or refuses it', async () => {
    const { cookie } = await scene.comeIn();
    const answers: [string, number][] = [];
    for (const { id, path, method } of everything) {
      if (method !== 'GET') continue;
      const { status } = await scene.call('GET', path.replaceAll(/\{id\}|\{[^}]*\}/g, scene.fixture.ids.alice), { headers: { cookie } });
      answers.push([id, status]);
    }
    expect(answers.filter(([, status]) => status >= 500)).toEqual([]);
    expect(answers.filter(([, status]) => status === 200).length).toBeGreaterThan(15);
  });

  test('cannot be begun by a foreign page, and changes nothing for one', async () => {
    const { cookie } = await scene.comeIn();
    const foreign = { ...asPage(cookie), origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' };
    const answer = await scene.call('PATCH', '/settings', { headers: foreign, body: { accessContact: 'me' } });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'session.foreign-page']);
  });
});
