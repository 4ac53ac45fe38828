import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createAuthority } from '#e2e/stack/certificates.ts';
import type { PortalContext } from '#lib/api/context.ts';
import type { AnyOperation } from '#lib/api/operation.ts';
import { perform } from '#lib/api/perform.ts';
import { generateSealingPair, sealingKeyFromPem } from '#lib/config/keys.ts';
import { type Database, openDatabase } from '#lib/db/database.ts';
import { ensureProcessRoles, roleName } from '#lib/db/roles.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { insertCorpExample } from '#lib/directory/testing/corp-example.ts';
import { loadWorld } from '#lib/entitlement/world.ts';
import { overviewGet } from '#lib/overview/loaders.ts';
import type { Viewer } from '#lib/session/viewer.ts';
import { approveRebuiltCluster, inviteCluster, reachCluster, registerCluster, testCluster, updateClusterOperation } from './actions.ts';
import { writeCertificate, writeFailure, writeReached } from './health-data.ts';
import { hashOfCode } from './invitation-code.ts';
import {
  getCluster,
  getClusterPowers,
  getClusterStatus,
  getInvitation,
  inspectKubeconfig,
  listClusters,
  listNamespaces,
  listObjects,
  loadJoinManifest,
} from './loaders.ts';
import { insertCluster, writeSelfTest } from './mutations.ts';
import type { PowersView } from './powers-schema.ts';

// As the portal's own database role, which may read no credential: what passes here passes in production.
let owner: TestDatabase;
let portalDb: Database;
let context: PortalContext;
const asked: { kind: string; input: unknown; secret: unknown }[] = [];
const canary = 'canary-token-of-a-cluster';
const registered = { id: 'c-new', name: 'west', version: 'v1.37.2' };
/** What the worker says next. */
let answer: object = registered;

beforeAll(async () => {
  owner = await testDatabase();
  const { certPem: caPem } = await createAuthority('a cluster');
  const urls = await ensureProcessRoles(owner.url, { portal: 'p-secret', proxy: 'x-secret', worker: 'w-secret' });
  portalDb = openDatabase(urls.portal);
  await insertCluster(owner.db, {
    id: 'c-abcdefgh',
    name: 'east',
    title: null,
    labels: { env: 'prod' },
    address: { url: 'https://api.east.example:6443', serverName: null, caPem },
    version: 'v1.37.2',
    kubeSystemUid: 'uid-1',
    askerId: null,
    door: { sealed: Buffer.from(canary), expiresAt: new Date(Date.now() + 3_600_000) },
    reconciler: { sealed: Buffer.from(canary), expiresAt: new Date(Date.now() + 3_600_000) },
  });
  await insertCorpExample(owner.db);
  await owner.db.sql.query(`
    INSERT INTO domain_controller (id, directory_id, url, fresh_at, state) VALUES ('dc-1', 'd-1', 'ldaps://dc1', now(), 'following');
    INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, wire_name, display_name, user_account_control, state)
      VALUES ('p-1', 'f-1', 'd-1', gen_random_uuid(), 'CN=carol', 'carol', 'gatehouse:carol@corp.example', 'Carol', 512, 'enabled');
    INSERT INTO cluster_namespace (cluster_id, name, uid, quota) VALUES ('c-abcdefgh', 'shop', 'u', '{"hard":{"pods":"3"},"used":{"pods":"1"}}');
    INSERT INTO observed_object (cluster_id, kind, name, hash, body) VALUES ('c-abcdefgh', 'ClusterRole', 'r', 'h',
      '{"metadata":{"annotations":{"gatehouse.io/role":"developer","gatehouse.io/scope":"namespaces shop"}}}')`);
  context = {
    db: portalDb,
    world: await loadWorld(portalDb),
    config: {
      portalUrl: 'https://portal.example',
      proxyUrl: 'https://door.example',
      proxyCaPem: null,
      joiningCertificatePem: null,
      joinImage: null,
      trustedProxies: [],
    },
    sealingKey: sealingKeyFromPem(generateSealingPair().sealingKeyPem),
    hashKey: Buffer.alloc(32),
    now: new Date(),
    request: { id: 'r', address: null, userAgent: null },
    cookies: { get: () => null, set: () => {} },
    async ask(kind: string, input: unknown, secret: unknown) {
      asked.push({ kind, input, secret });
      return answer;
    },
    begin: async () => 'rq-1',
  } as unknown as PortalContext;
});

afterAll(async () => {
  await portalDb?.close();
  await owner?.db.sql.query(
    ['portal', 'proxy', 'worker']
      .map((role) => roleName(new URL(owner.url).pathname.slice(1), role as 'portal'))
      .map((role) => `DROP OWNED BY ${role}; DROP ROLE ${role};`)
      .join(''),
  );
  await owner?.drop();
});

const viewer = {
  person: { id: 'p-1', displayName: 'Carol', upn: 'carol@corp.example', wireName: 'gatehouse:carol@corp.example' },
  powers: { admin: true, auditor: true },
  via: 'session',
} as unknown as Viewer;
const auditor = { ...viewer, powers: { admin: false, auditor: true } } as Viewer;
const nobody = { ...viewer, powers: { admin: false, auditor: false } } as Viewer;

// The operation as its callers have it: gated and parsed on both sides.
async function run(operation: AnyOperation, input: object, as: Viewer | null = viewer): Promise<Record<string, unknown>> {
  const caller = { viewer: as, holdsSetup: false };
  return (await perform(operation, context, caller, () => input)) as Record<string, unknown>;
}

const id = 'c-abcdefgh';
const powersOf = async (input: object) => (await run(getClusterPowers, { id, ...input }, auditor)) as unknown as PowersView;

describe('what the portal shows of clusters', () => {
  test.each([
    [listClusters, {}],
    [getCluster, { id }],
    [getClusterStatus, { id }],
    [listNamespaces, { id }],
    [listObjects, { id }],
    [getClusterPowers, { id }],
  ] as [AnyOperation, object][])('$id can be read by an auditor, not by anybody, and holds no secret', async (operation, input) => {
    expect(JSON.stringify(await run(operation, input, auditor))).not.toContain(canary);
    await expect(run(operation, input, nobody)).rejects.toMatchObject({ kind: 'forbidden' });
    await expect(run(operation, input, null)).rejects.toMatchObject({ kind: 'unauthenticated' });
  });

  test('says how old the credentials are, though the portal may not read them', async () => {
    expect(await run(getCluster, { id })).toMatchObject({ name: 'east', doorCredential: { version: 1 }, namespaces: 1, state: 'joining' });
    await expect(portalDb.sql.query('SELECT sealed FROM cluster_door_credential')).rejects.toThrow('permission denied');
    await expect(portalDb.sql.query('SELECT sealed FROM cluster_reconcile_credential')).rejects.toThrow('permission denied');
  });

  test('are our accounts’ powers in words, as whom by name, in which mode, and what the last self-test found', async () => {
    await owner.db.sql.query(`
      INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, upn, wire_name, display_name, user_account_control, state)
      SELECT 'p-' || n, 'f-1', 'd-1', gen_random_uuid(), 'CN=' || n, n, n || '@corp.example', 'gatehouse:' || n || '@corp.example', initcap(n), 512, 'enabled'
      FROM unnest(ARRAY['alice', 'bob', 'under_score']) AS n;
      INSERT INTO cluster_entry (cluster_id, wire_name, person_id) SELECT 'c-abcdefgh', wire_name, id FROM person WHERE id <> 'p-1'`);
    const none = await powersOf({});
    expect(none).toMatchObject({ strict: true, mode: 'classic', selfTest: null, names: { total: 3, matching: 3 } });
    expect(none.modeMeans).toContain('not tested yet');
    expect((await powersOf({ name: 'ALI' })).names).toEqual({
      total: 3,
      matching: 1,
      people: [{ personId: 'p-alice', wireName: 'gatehouse:alice@corp.example', displayName: 'Alice' }],
    });
    expect((await powersOf({ name: 'r_s' })).names.matching).toBe(1);
    expect((await powersOf({ limit: 1 })).names).toMatchObject({ total: 3, matching: 3, people: [{ personId: 'p-alice' }] });

    const cluster = { id, name: 'east' };
    const asIs = { account: 'door', words: 'get secrets', expected: 'refused', found: 'refused' } as const;
    const tooMuch = { ...asIs, found: 'allowed' } as const;
    const result = { cluster, mode: 'classic', constrained: false, askerId: null } as const;
    await writeSelfTest(owner.db, { ...result, outcome: 'passed', checks: [asIs] });
    expect(await powersOf({})).toMatchObject({ selfTest: { outcome: 'passed', checks: [asIs] } });
    await writeSelfTest(owner.db, { ...result, outcome: 'failed', checks: [tooMuch] });
    const failing = (await powersOf({})).selfTest?.since;
    await writeSelfTest(owner.db, { ...result, outcome: 'failed', constrained: null, checks: [tooMuch] });
    expect((await powersOf({})).selfTest).toMatchObject({ outcome: 'failed', since: failing, constrained: false });
    const { rows } = await owner.db.sql.query(
      `SELECT detail->>'outcome' AS outcome FROM audit_event WHERE event = 'cluster.self-test' ORDER BY at`,
    );
    expect(rows).toEqual([{ outcome: 'passed' }, { outcome: 'failed' }]);
  });

  test('is a failed self-test on the overview, for as long as it fails', async () => {
    const told = async () => ((await run(overviewGet, {}, auditor)) as { attention: { text: string }[] }).attention.map(({ text }) => text);
    expect(await told()).toContainEqual(expect.stringContaining('its self-test failed'));
    await owner.db.sql.query(`UPDATE cluster_self_test SET outcome = 'passed'`);
    expect(await told()).not.toContainEqual(expect.stringContaining('its self-test failed'));
  });

  test('of an unknown cluster is that it is unknown', async () => {
    await expect(run(getCluster, { id: 'c-zzzzzzzz' })).rejects.toMatchObject({ code: 'cluster.unknown' });
  });
});

test('a self-test is an admin’s to ask for, and the worker’s to run', async () => {
  answer = { outcome: 'failed', checks: 1, failures: [{ account: 'door', words: 'get secrets', expected: 'refused', found: 'allowed' }] };
  expect(await run(testCluster, { id }, viewer)).toEqual(answer);
  expect(asked.at(-1)).toMatchObject({ kind: 'cluster.self-test', input: { id } });
  await expect(run(testCluster, { id }, auditor)).rejects.toMatchObject({ kind: 'forbidden' });
  answer = registered;
});

test('a kubeconfig goes to the worker as a secret and is in no readable input', async () => {
  await run(registerCluster, { name: 'west', kubeconfig: 'kind: Config' });
  expect(asked.at(-1)).toEqual({ kind: 'cluster.register', input: { name: 'west', labels: {} }, secret: { kubeconfig: 'kind: Config' } });
  await expect(run(registerCluster, { name: 'west', kubeconfig: 'kind: Config' }, auditor)).rejects.toMatchObject({ kind: 'forbidden' });
});

test('a name, label, address or image that could mean more than itself is refused', async () => {
  const fine = { name: 'north', serverUrl: 'https://api.north.example:6443' };
  const bad: object[] = [
    { ...fine, name: 'north"\n---\nkind: ClusterRoleBinding' },
    { ...fine, name: 'North' },
    { ...fine, labels: { env: 'a\nb' } },
    { ...fine, labels: { 'a b': 'c' } },
    { ...fine, serverUrl: 'http://api.north.example' },
    { ...fine, serverUrl: 'https://u:p@api.north.example' },
    { ...fine, image: 'node; rm -rf /' },
    { ...fine, more: 1 },
  ];
  for (const input of bad) await expect(run(inviteCluster, input)).rejects.toMatchObject({ kind: 'bad-input' });
});

test('an invitation gives one line; the manifest behind it is for whoever has the code, while it waits', async () => {
  const invited = await run(inviteCluster, { name: 'north', labels: { env: 'dev' }, serverUrl: 'https://api.north.example:6443' });
  const code = /\/join\/([a-z0-9]{32})\.yaml$/.exec(String(invited.manifestUrl))?.[1] ?? '';
  await run(inviteCluster, { name: 'far', serverUrl: 'https://api.far.example', proxyUrl: 'http://proxy.example:3128' });
  const { rows: proxies } = await owner.db.sql.query('SELECT proxy_url FROM cluster_invitation ORDER BY name');
  expect(proxies).toEqual([{ proxy_url: 'http://proxy.example:3128' }, { proxy_url: null }]);
  expect(invited.command).toBe(`kubectl apply -f https://portal.example/join/${code}.yaml`);
  expect(await run(getInvitation, { id: invited.id })).toMatchObject({ name: 'north', state: 'waiting', clusterId: null });
  const { rows } = await owner.db.sql.query<{ code_hash: Buffer }>(`SELECT code_hash FROM cluster_invitation WHERE name = 'north'`);
  expect(rows[0]?.code_hash.equals(hashOfCode(code))).toBe(true);
  const documents = parseAllDocuments(await loadJoinManifest(context, code));
  expect(documents.at(-1)?.get('kind')).toBe('Job');
  await expect(loadJoinManifest(context, `${code.slice(1)}a`)).rejects.toMatchObject({ code: 'cluster.not-invited' });
  const later = { ...context, now: new Date(Date.now() + 16 * 60_000) };
  await expect(loadJoinManifest(later, code)).rejects.toMatchObject({ code: 'cluster.not-invited' });
  await expect(run(inviteCluster, { name: 'east', serverUrl: 'https://api.x.example' })).rejects.toMatchObject({
    code: 'cluster.name-taken',
  });
});

test('title, labels and strictness can be changed by the portal’s role; what a cluster is cannot', async () => {
  await run(updateClusterOperation, { id: 'c-abcdefgh', title: 'East coast', labels: { env: 'prod', zone: 'a' }, strict: false });
  expect(await run(getCluster, { id: 'c-abcdefgh' })).toMatchObject({ title: 'East coast', labels: { zone: 'a' }, strict: false });
  await expect(portalDb.sql.query(`UPDATE cluster SET server_url = 'https://evil.example'`)).rejects.toThrow('permission denied');
  const { rows } = await owner.db.sql.query(`SELECT 1 FROM audit_event WHERE event = 'cluster.changed' AND actor_id = 'p-1'`);
  expect(rows).toHaveLength(1);
});

test('how a cluster is reached: whom we trust to be it, what was found there last, and what ends soon (F16)', async () => {
  const id = 'c-abcdefgh';
  const before = await run(getCluster, { id }, auditor);
  expect(before).toMatchObject({ proxyUrl: null, warnings: [], health: { reachable: null, certificate: null, strangerUid: null } });
  const [authority] = before.authorities as { fingerprint: string; inUse: boolean | null }[];
  expect(authority).toMatchObject({ fingerprint: before.caFingerprint, inUse: null, subject: 'CN=a cluster' });
  await writeReached(owner.db, id, 4.2);
  const certificate = { subject: 'api', issuer: 'a cluster', fingerprint: 'x', authority: authority?.fingerprint ?? '' };
  await writeCertificate(owner.db, id, { ...certificate, notAfter: new Date(Date.now() + 5.5 * 86_400_000).toISOString() });
  expect(await run(getCluster, { id }, auditor)).toMatchObject({
    health: { reachable: true, latencyMs: 4, failures: 0, certificate },
    authorities: [{ inUse: true }],
    warnings: ['The certificate of the API server ends in 5 days. Renew it in the cluster.'],
  });
  await writeFailure(owner.db, id, { failures: 3, retryInMs: 4_000, message: 'It does not answer.', strangerUid: 'uid-2' });
  expect(await run(getCluster, { id }, auditor)).toMatchObject({
    health: { reachable: false, failures: 3, message: 'It does not answer.', strangerUid: 'uid-2', latencyMs: 4 },
  });
});

test('the way to a cluster is changed, and a rebuilt one confirmed, by admins only, through the worker, in a form that means one thing', async () => {
  const id = 'c-abcdefgh';
  await run(reachCluster, { id, proxyUrl: 'http://proxy.example:3128/', serverName: null });
  expect(asked.at(-1)).toMatchObject({ kind: 'cluster.reach', input: { id, proxyUrl: 'http://proxy.example:3128', serverName: null } });
  await run(approveRebuiltCluster, { id, kubeSystemUid: 'uid-2' });
  expect(asked.at(-1)).toMatchObject({ kind: 'cluster.approve-rebuilt', input: { id, kubeSystemUid: 'uid-2' } });
  for (const as of [auditor, nobody]) {
    await expect(run(reachCluster, { id, proxyUrl: null }, as)).rejects.toMatchObject({ kind: 'forbidden' });
    await expect(run(approveRebuiltCluster, { id, kubeSystemUid: 'uid-2' }, as)).rejects.toMatchObject({ kind: 'forbidden' });
  }
  for (const bad of [
    { proxyUrl: 'http://u:geheim@proxy.example' },
    { proxyUrl: 'socks5://proxy.example' },
    { serverUrl: 'http://api.example' },
    { caPem: 'x' },
  ]) {
    const refusal = await run(reachCluster, { id, ...bad }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ kind: 'bad-input' });
    expect(JSON.stringify(refusal)).not.toContain('geheim');
  }
});

test('a pasted kubeconfig can be looked into before it is used', async () => {
  const kubeconfig = 'kind: Config\nclusters: []\ncontexts: [{name: one, context: {cluster: a, user: b}}]';
  expect(await run(inspectKubeconfig, { kubeconfig })).toMatchObject({ current: null, contexts: [{ name: 'one', usable: false }] });
});
