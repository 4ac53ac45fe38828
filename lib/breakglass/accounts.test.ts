import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { asPage } from '#lib/api/testing.ts';
import { openDatabase } from '#lib/db/database.ts';
import { ensureProcessRoles, roleName } from '#lib/db/roles.ts';
import type { MadeAccount } from './schema.ts';
import { breakGlassScene, codeAt, codeOf, presentStep, type Scene } from './testing.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await breakGlassScene();
});
afterAll(() => scene?.close());
beforeEach(() => scene.begin());

describe('a local account', () => {
  test('is made with a password and a secret that are told once, and kept in no form that the database gives away (SECURITY 34)', async () => {
    const { made, cookie } = await scene.comeIn();
    const { rows } = await scene.portal.db.sql.query<{ text: string }>(
      `SELECT query_to_xml('SELECT * FROM ' || relname, true, false, '')::text AS text FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
    );
    const everythingKept = rows.map(({ text }) => text).join('\n');
    expect(everythingKept).toContain('glass-one');
    for (const secret of [made.password, made.password.replaceAll('-', ''), made.oneTimeSecret, cookie.split('=')[1] ?? ''])
      expect(everythingKept.includes(secret)).toBe(false);
    expect(JSON.stringify((await scene.call('GET', '/break-glass', { headers: scene.carol })).body)).not.toContain(made.oneTimeSecret);
  });

  test('has its proof out of the portal’s and the door’s reach in Postgres, and no row of it that the portal may write', async () => {
    const { sql, url } = scene.portal.db;
    const urls = await ensureProcessRoles(url, { portal: 'p-one', proxy: 'p-two', worker: 'p-three' });
    const [portal, proxy] = [openDatabase(urls.portal), openDatabase(urls.proxy)];
    try {
      const tables = ['account', 'session', 'alert', 'switch'].map((name) => `break_glass_${name}`);
      for (const { sql: reader } of [portal, proxy])
        await expect(reader.query('SELECT * FROM break_glass_verifier')).rejects.toThrow('permission denied');
      for (const table of tables) {
        await portal.sql.query(`SELECT * FROM ${table}`);
        await expect(proxy.sql.query(`SELECT * FROM ${table}`)).rejects.toThrow('permission denied');
        await expect(portal.sql.query(`DELETE FROM ${table}`)).rejects.toThrow('permission denied');
        await expect(portal.sql.query(`INSERT INTO ${table} DEFAULT VALUES`)).rejects.toThrow('permission denied');
      }
      await expect(portal.sql.query('UPDATE break_glass_switch SET off_at = NULL')).rejects.toThrow('permission denied');
    } finally {
      for (const { close } of [portal, proxy]) await close();
      const database = new URL(url).pathname.slice(1);
      for (const role of ['portal', 'proxy', 'worker'] as const) {
        await sql.query(`DROP OWNED BY ${roleName(database, role)}`);
        await sql.query(`DROP ROLE ${roleName(database, role)}`);
      }
    }
  });

  test('lets nobody in before a code has confirmed it, and counts as set up when two are', async () => {
    const made = await scene.make('glass-one');
    expect((await scene.now()).accounts).toMatchObject([{ name: 'glass-one', state: 'unconfirmed' }]);
    expect((await scene.signIn({ ...made, code: scene.freshCode(made) })).code).toBe('break-glass.refused');
    const bad = await scene.call('POST', `/break-glass/accounts/${made.id}/confirm`, { headers: scene.carol, body: { code: '000000' } });
    expect([bad.status, codeOf(bad)]).toEqual([400, 'break-glass.wrong-code']);
    expect((await scene.confirm(made)).status).toBe(200);
    expect(await scene.now()).toMatchObject({ setUp: false, accounts: [{ state: 'sealed' }] });
    await scene.enrol('glass-two');
    expect(await scene.now()).toMatchObject({ setUp: true, accounts: [{ state: 'sealed' }, { state: 'sealed' }] });
    const third = await scene.make('glass-three');
    expect(third.password).not.toBe(made.password);
    const fourth = await scene.call('POST', '/break-glass/accounts', { headers: scene.carol, body: { name: 'glass-four' } });
    expect([fourth.status, codeOf(fourth)]).toEqual([409, 'break-glass.enough']);
  });

  test('is kept by platform admins who sign in themselves: no auditor, no developer, no token, no local account (SECURITY 34)', async () => {
    const { made, cookie } = await scene.comeIn();
    const others = {
      nobody: {},
      alice: asPage(await scene.fixture.signIn('alice')),
      erin: asPage(await scene.fixture.signIn('erin')),
      token: { authorization: `Bearer ${await scene.fixture.token('carol')}` },
      itself: asPage(cookie),
    };
    const acts: [string, string, object][] = [
      ['POST', '/break-glass/accounts', { name: 'glass-mine' }],
      ['POST', `/break-glass/accounts/${made.id}/anew`, {}],
      ['POST', `/break-glass/accounts/${made.id}/confirm`, { code: '123456' }],
      ['DELETE', `/break-glass/accounts/${made.id}`, { reason: 'because' }],
      ['PUT', '/break-glass', { on: false }],
      ['POST', `/break-glass/alerts/ba-abc/acknowledge`, {}],
    ];
    for (const [who, headers] of Object.entries(others)) {
      const statuses = [];
      for (const [method, path, body] of acts) statuses.push((await scene.call(method, path, { headers, body })).status);
      expect([who, statuses]).toEqual([who, acts.map(() => (who === 'nobody' ? 401 : 403))]);
    }
    expect((await scene.call('PATCH', `/break-glass/accounts/${made.id}`, { headers: scene.carol, body: { name: 'carol' } })).status).toBe(
      405,
    );
    expect(await scene.now()).toMatchObject({ available: true, accounts: [{ id: made.id, state: 'used' }] });
  });
});

describe('once used, an account', () => {
  test('is open for a day and then lets nobody in until it is made anew; made anew, the old password and sessions are worth nothing', async () => {
    const { made, cookie } = await scene.comeIn();
    expect((await scene.now()).accounts).toMatchObject([{ state: 'used', sessions: 1 }]);
    await scene.timePasses(made);
    expect((await scene.signIn({ ...made, code: scene.freshCode(made) })).status).toBe(200);
    await scene.portal.db.sql.query(`UPDATE break_glass_account SET used_at = now() - interval '24 hours'`);
    await scene.timePasses(made);
    expect((await scene.signIn({ ...made, code: scene.freshCode(made) })).code).toBe('break-glass.refused');
    expect((await scene.now()).accounts).toMatchObject([{ state: 'closed' }]);

    const anew = await scene.call('POST', `/break-glass/accounts/${made.id}/anew`, { headers: scene.carol, body: {} });
    const second = anew.body as MadeAccount;
    expect([anew.status, second.id, second.name]).toEqual([200, made.id, 'glass-one']);
    expect([second.password === made.password, second.oneTimeSecret === made.oneTimeSecret]).toEqual([false, false]);
    expect(await scene.statusOf(cookie)).toBe(401);
    expect((await scene.now()).accounts).toMatchObject([{ state: 'unconfirmed', sessions: 0, usedAt: null }]);
    expect((await scene.confirm(second)).status).toBe(200);
    expect((await scene.now()).accounts).toMatchObject([{ state: 'sealed' }]);
    expect((await scene.signIn({ ...made, code: codeAt(made.oneTimeSecret, presentStep()) })).code).toBe('break-glass.refused');
    expect((await scene.signIn({ ...second, code: scene.freshCode(second) })).status).toBe(200);
  });

  test('asks to be made anew also when whoever made it has left', async () => {
    await scene.enrol('glass-one');
    await scene.portal.db.sql.query('UPDATE break_glass_account SET made_by = $1', [scene.fixture.ids.frank]);
    expect((await scene.now()).accounts).toMatchObject([{ madeBy: { name: 'Frank', left: true } }]);
    const { body } = await scene.call('GET', '/overview', { headers: scene.carol });
    expect(JSON.stringify(body)).toContain('Frank, who made the break-glass account glass-one, is not here any more');
  });
});
