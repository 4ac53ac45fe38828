/** What the table itself holds to, whoever writes to it, and what the portal's API answers to a credential that is not for it or not good any more. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnyOperation } from '#lib/api/operation.ts';
import { operations as everything } from '#lib/api/table.ts';
import { asPage, type Call, caller, type TestPortal, testPortal } from '#lib/api/testing.ts';
import { changing } from '#lib/db/database.ts';
import { endCredentials } from '#lib/directory/mutations.ts';
import { catchUp } from '#lib/session/portal.ts';
import { issued, rowOf } from './testing.ts';
import { tokenLength } from './token.ts';
import { verifyToken } from './verify.ts';

let t: TestPortal;
let call: Call;

beforeAll(async () => {
  t = await testPortal();
  await t.portal.db.sql.query(
    `INSERT INTO domain_controller (id, directory_id, url, fresh_at, state) VALUES ('dc-1', 'd-1', 'ldaps://dc1', now(), 'following')`,
  );
  await t.portal.db.sql.query(`SELECT append_changes(ARRAY['domain-controller'], ARRAY['dc-1'])`);
  await catchUp(t.portal);
  call = caller(t.portal, everything);
});
afterAll(() => t?.close());

const sql = (text: string, values: unknown[] = []) => t.portal.db.sql.query(text, values);

describe('the table', () => {
  const insert = (kind: string, expires: string) =>
    sql(
      `INSERT INTO credential (id, kind, person_id, name, secret_hash, created_at, expires_at)
       VALUES (gen_random_uuid()::text, $1, $2, 'x', sha256(gen_random_uuid()::text::bytea), now(), ${expires})`,
      [kind, t.ids.alice],
    );

  test('holds no credential without an end, with one before its beginning, or beyond the most (SECURITY 44)', async () => {
    await expect(insert('api', 'NULL')).rejects.toThrow('not-null');
    await expect(insert('api', `'infinity'`)).rejects.toThrow('check constraint');
    await expect(insert('api', `now() + interval '367 days'`)).rejects.toThrow('check constraint');
    await expect(insert('api', 'now()')).rejects.toThrow('check constraint');
    await expect(insert('kubeconfig', `now() + interval '92 days'`)).rejects.toThrow('credential_kubeconfig_is_short');
    await insert('api', `now() + interval '365 days'`);
    await insert('kubeconfig', `now() + interval '90 days'`);
  });

  test.each([
    ['lengthened', `expires_at = expires_at + interval '1 second'`],
    ['made to reach further clusters', 'cluster_ids = NULL'],
    ['made to reach other namespaces', `namespaces = ARRAY['kube-system']`],
    ['allowed to write', 'read_only = false'],
    ['given to another person', `person_id = (SELECT id FROM person WHERE sam_account_name = 'carol')`],
    ['made another kind', `kind = 'api'`],
    ['given another secret', `secret_hash = sha256('x')`],
  ])('lets no credential be %s (SECURITY 44)', async (_what, change) => {
    const { id } = await issued(t, { readOnly: true, clusterIds: ['cl-1'], namespaces: ['shop'] });
    await expect(sql(`UPDATE credential SET ${change} WHERE id = $1`, [id])).rejects.toThrow('never lengthened, widened, revived');
  });

  test('refuses an empty narrowing, which somebody might read as none', async () => {
    await expect(issued(t, { namespaces: [] })).rejects.toThrow('credential_narrowed_to_something');
    await expect(issued(t, { clusterIds: [] })).rejects.toThrow('credential_narrowed_to_something');
  });

  test('what died with the account stays dead when the account is enabled again, and nobody can write it alive (SECURITY 44)', async () => {
    const { id, token } = await issued(t);
    await changing(t.portal.db, async (tx, touch) => {
      await tx.$executeRaw`UPDATE person SET state = 'disabled', user_account_control = 514 WHERE id = ${t.ids.alice}`;
      touch('person', t.ids.alice);
      await endCredentials(tx, touch, t.ids.alice, 'disabled');
    });
    await changing(t.portal.db, async (tx, touch) => {
      await tx.$executeRaw`UPDATE person SET state = 'enabled', user_account_control = 512 WHERE id = ${t.ids.alice}`;
      touch('person', t.ids.alice);
    });
    await catchUp(t.portal);
    expect(t.portal.world.standing(t.ids.alice, new Date())).toBe('live');
    expect(verifyToken(t.portal.world, t.portal.hashKey, token, 'kubeconfig', new Date())).toEqual({ flaw: 'revoked', credentialId: id });
    await expect(sql('UPDATE credential SET revoked_at = NULL WHERE id = $1', [id])).rejects.toThrow('never lengthened, widened, revived');
  });

  test('neither it nor any other table holds a token, whole or in part (SECURITY 60)', async () => {
    const cookie = await t.signIn('alice');
    const made = await call('POST', '/credentials/tokens', { headers: asPage(cookie), body: { name: 'in the clear?' } });
    const { token, credentialId } = made.body as { token: string; credentialId: string };
    expect(token).toHaveLength(tokenLength);
    await call('GET', `/me?token=${token}&access_token=${token}`, { headers: { authorization: `Bearer ${token}x` } });
    const dump = await everyRow();
    const secret = token.slice(-49);
    for (const part of [token, secret, secret.slice(0, 20), secret.slice(20, 43), Buffer.from(token).toString('base64')])
      expect(dump.includes(part)).toBe(false);
    expect(dump).toContain(credentialId);
    expect((await rowOf(t, credentialId)).secretHash).toHaveLength(32);
  });
});

/** Every row of every table, as text: what a dump would hold. */
async function everyRow(): Promise<string> {
  const { rows: tables } = await sql(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  );
  const texts = await Promise.all(
    tables.map(async ({ name }) => (await sql(`SELECT to_jsonb(t)::text AS text FROM ${name} t`)).rows.map(({ text }) => text).join('\n')),
  );
  return texts.join('\n');
}

describe('the portal’s API', () => {
  const addressOf = ({ path }: AnyOperation) => path.replace(/\{[^}]+\}/g, 'x-aaaaaaaaaaaa');
  const answers = (headers: Record<string, string>) =>
    Promise.all(
      everything.map(async (operation) => {
        const { status, body } = await call(operation.method, addressOf(operation), { headers });
        return [operation.id, status, (body as { error?: { code: string } }).error?.code];
      }),
    );
  const refusedEverywhere = everything.map(({ id }) => [id, 401, 'session.bad-token']);

  test('refuses an expired token at every one of its addresses, the download of a kubeconfig among them (SECURITY 43)', async () => {
    const token = await t.token('carol', { expiresInMs: 500 });
    await expect
      .poll(async () => (await call('GET', '/me', { headers: { authorization: `Bearer ${token}` } })).status, { timeout: 20_000 })
      .toBe(401);
    expect(everything.map(({ id }) => id)).toContain('credentials.kubeconfig');
    expect(await answers({ authorization: `Bearer ${token}` })).toEqual(refusedEverywhere);
  });

  test('refuses a kubeconfig’s token at every one of its addresses, also beside a session that is good (SECURITY 10)', async () => {
    const { token } = await issued(t, { person: { id: t.ids.carol, name: 'carol' } });
    expect(await answers({ authorization: `Bearer ${token}` })).toEqual(refusedEverywhere);
    expect(await answers({ ...asPage(await t.signIn('carol')), authorization: `Bearer ${token}` })).toEqual(refusedEverywhere);
  });

  test('takes a token in Authorization only: in the address, in a cookie or in another header it is nothing (SECURITY 58)', async () => {
    const token = await t.token('carol');
    const anonymous: [string, Record<string, string>][] = [
      [`/me?access_token=${token}`, {}],
      [`/me?token=${token}`, {}],
      ['/me', { cookie: `gatehouse.session=${token}; token=${token}; access_token=${token}` }],
      ['/me', { 'x-access-token': token, 'x-auth-token': token, 'private-token': token }],
      ['/me', { 'proxy-authorization': `Bearer ${token}` }],
    ];
    for (const [path, headers] of anonymous) expect([path, (await call('GET', path, { headers })).status]).toEqual([path, 401]);
    for (const authorization of [
      token,
      `Basic ${Buffer.from(`carol:${token}`).toString('base64')}`,
      `Bearer ${token},`,
      `Bearer ${token} x`,
    ])
      expect((await call('GET', '/me', { headers: { authorization } })).status).toBe(401);
    expect((await call('GET', '/me', { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  });

  test('shows each person their own and keeps nothing for the next who asks (SECURITY 46)', async () => {
    const { id } = await issued(t, { name: 'only alice’s' });
    const [alice, erin] = [await t.token('alice'), await t.token('erin')];
    const list = async (token?: string) => {
      const answer = await call('GET', '/credentials', { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      return [answer.status, JSON.stringify(answer.body).includes(id)];
    };
    expect([await list(alice), await list(), await list(erin), await list(alice)]).toEqual([
      [200, true],
      [401, false],
      [200, false],
      [200, true],
    ]);
  });
});
