import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { asPage, type Call, caller, type TestPortal, testPortal } from '#lib/api/testing.ts';
import { createLog } from '#lib/log/log.ts';
import { catchUp } from '#lib/session/portal.ts';
import { operations as writes } from './actions.ts';
import { operations as reads } from './loaders.ts';
import { credentialIdIn } from './token.ts';
import { createUsage } from './usage.ts';
import { verifyToken } from './verify.ts';

let t: TestPortal;
let call: Call;
let carol: Record<string, string>;
let alice: Record<string, string>;

beforeAll(async () => {
  t = await testPortal();
  call = caller(t.portal, [...reads, ...writes]);
  await t.portal.db.sql.query(
    `INSERT INTO domain_controller (id, directory_id, url, fresh_at, state) VALUES ('dc-1', 'd-1', 'ldaps://dc1', now(), 'following')`,
  );
  for (const name of ['west', 'east']) {
    await t.portal.db.sql.query(
      `INSERT INTO cluster (id, name, server_url, ca_pem, kube_system_uid, state) VALUES ($1, $2, 'https://127.0.0.1', 'pem', 'u', 'ready')`,
      [`cl-${name}`, name],
    );
  }
  await t.portal.db.sql.query(`SELECT append_changes(ARRAY['domain-controller','cluster','cluster'], ARRAY['dc-1','cl-east','cl-west'])`);
  await catchUp(t.portal);
  carol = asPage(await t.signIn('carol'));
  alice = asPage(await t.signIn('alice'));
});
afterAll(() => t?.close());

async function download(headers: Record<string, string>, body: object = {}) {
  const answer = await call('POST', '/credentials/kubeconfig', { headers, body });
  await catchUp(t.portal);
  const made = answer.body as { kubeconfig: string; credentialId: string; renewed: boolean; fileName: string; expiresAt: string };
  const token = answer.status === 201 ? (parse(made.kubeconfig).users[0].user.token as string) : '';
  return { status: answer.status, body: answer.body, made, token, cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

const flaw = (token: string, kind: 'kubeconfig' | 'api' = 'kubeconfig') => {
  const verified = verifyToken(t.portal.world, t.portal.hashKey, token, kind, new Date());
  return 'flaw' in verified ? verified.flaw : null;
};

test('a kubeconfig holds all of one’s clusters, its token is good, and nowhere in the database does it stand', async () => {
  const { status, made, token } = await download(carol, { deviceName: 'Laptop' });
  expect(status).toBe(201);
  expect(parse(made.kubeconfig).contexts.map(({ name }: { name: string }) => name)).toEqual(['east', 'west']);
  expect(made.fileName).toBe('gatehouse-carol.yaml');
  expect(credentialIdIn(token)).toBe(made.credentialId);
  expect(flaw(token)).toBeNull();
  expect(flaw(token, 'api')).toBe('of-another-kind');
  const { rows } = await t.portal.db.sql.query<{ text: string }>(
    `SELECT (to_jsonb(c) || to_jsonb(a))::text AS text FROM credential c, audit_event a`,
  );
  expect(rows.some(({ text }) => text.includes(token) || text.includes(token.slice(17, 60)))).toBe(false);
});

test('downloading again on the same device renews: one living credential, the old one good until the new one’s first use', async () => {
  const first = await download(carol);
  const second = await download({ ...carol, cookie: `${carol.cookie}; ${first.cookie}` });
  expect([first.made.renewed, second.made.renewed]).toEqual([false, true]);
  expect([flaw(first.token), flaw(second.token)]).toEqual([null, null]);
  const remaining = (t.portal.world.credential(first.made.credentialId)?.expiresAt ?? 0) - Date.now();
  expect(remaining).toBeLessThanOrEqual(10 * 60_000);
  const usage = createUsage({ db: t.portal.db, log: createLog('test') });
  usage.note({ credentialId: second.made.credentialId, at: new Date(), address: '10.0.0.1', client: 'kubectl/v1.37' });
  await usage.stop();
  await catchUp(t.portal);
  expect([flaw(first.token), flaw(second.token)]).toEqual(['revoked', null]);
  const { body } = await call('GET', '/credentials', { headers: carol });
  const { credentials } = body as {
    credentials: { id: string; state: string; lastUsedClient: string | null; lastUsedAddress: string | null }[];
  };
  expect(credentials.find(({ id }) => id === first.made.credentialId)?.state).toBe('renewed');
  expect(credentials.find(({ id }) => id === second.made.credentialId)).toMatchObject({
    state: 'living',
    lastUsedClient: 'kubectl/v1.37',
    lastUsedAddress: '10.0.0.1',
  });
});

test('a late batch of uses never moves the last use back', async () => {
  const { made } = await download(carol);
  for (const at of ['2026-11-23T12:00:00Z', '2026-11-23T11:00:00Z']) {
    const usage = createUsage({ db: t.portal.db, log: createLog('test') });
    usage.note({ credentialId: made.credentialId, at: new Date(at), address: null, client: null });
    await usage.stop();
  }
  const row = await t.portal.db.prisma.credential.findUniqueOrThrow({ where: { id: made.credentialId } });
  expect(row.lastUsedAt?.toISOString()).toBe('2026-11-23T12:00:00.000Z');
});

test('whoever has no cluster gets no kubeconfig, and nobody gets one for a cluster that is not theirs', async () => {
  expect((await download(alice)).status).toBe(403);
  expect((await download(carol, { clusterIds: ['cl-nowhere'] })).status).toBe(400);
  const { made } = await download(carol, { clusterIds: ['cl-west'], readOnly: true });
  expect(parse(made.kubeconfig).contexts).toHaveLength(1);
  expect(t.portal.world.credential(made.credentialId)).toMatchObject({ clusterIds: ['cl-west'], readOnly: true });
});

test('a token cannot mint another credential', async () => {
  const headers = { authorization: `Bearer ${await t.token('carol')}` };
  expect((await call('POST', '/credentials/kubeconfig', { headers, body: {} })).status).toBe(403);
  expect((await call('POST', '/credentials/tokens', { headers, body: { name: 'x' } })).status).toBe(403);
  expect((await call('GET', '/credentials', { headers })).status).toBe(200);
});

test('revoking: one’s own at once; another’s not, and not even told that it exists; an admin’s reach is everybody', async () => {
  const own = await call('POST', '/credentials/tokens', { headers: alice, body: { name: 'ci' } });
  const { credentialId, token } = own.body as { credentialId: string; token: string };
  await catchUp(t.portal);
  expect(flaw(token, 'api')).toBeNull();
  const erin = asPage(await t.signIn('erin'));
  expect((await call('DELETE', `/credentials/${credentialId}`, { headers: erin })).status).toBe(404);
  expect((await call('DELETE', '/credentials/k-nowhere', { headers: erin })).status).toBe(404);
  expect((await call('DELETE', `/people/${t.ids.alice}/credentials`, { headers: erin })).status).toBe(403);
  expect(await call('DELETE', `/people/${t.ids.alice}/credentials`, { headers: carol })).toMatchObject({
    status: 200,
    body: { revoked: 1 },
  });
  await catchUp(t.portal);
  expect(flaw(token, 'api')).toBe('revoked');
  const { rows } = await t.portal.db.sql.query(`SELECT kind, reason FROM revocation WHERE credential_id = $1`, [credentialId]);
  expect(rows).toEqual([{ kind: 'credential', reason: 'revoked by an admin' }]);
});

test('an auditor reads another person’s credentials, an ordinary person does not', async () => {
  const erin = asPage(await t.signIn('erin'));
  const list = await call('GET', `/people/${t.ids.carol}/credentials`, { headers: erin });
  expect(list.status).toBe(200);
  expect(JSON.stringify(list.body)).not.toMatch(/hash|secret/i);
  expect((await call('GET', `/people/${t.ids.carol}/credentials`, { headers: alice })).status).toBe(403);
});

test('when the directory has been silent for more than ten minutes, nothing new is issued', async () => {
  await t.portal.db.sql.query(`UPDATE domain_controller SET fresh_at = now() - interval '11 minutes'`);
  await t.portal.db.sql.query(`SELECT append_changes(ARRAY['domain-controller'], ARRAY['dc-1'])`);
  await catchUp(t.portal);
  expect((await download(carol)).status).toBe(503);
});
