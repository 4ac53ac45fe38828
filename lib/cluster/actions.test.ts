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
import { loadWorld } from '#lib/entitlement/world.ts';
import type { Viewer } from '#lib/session/viewer.ts';
import { inviteCluster, registerCluster, updateClusterOperation } from './actions.ts';
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
import { insertCluster } from './mutations.ts';

// As the portal's own database role, which may read no credential: what passes here passes in production.
let owner: TestDatabase;
let portalDb: Database;
let context: PortalContext;
const asked: { kind: string; input: unknown; secret: unknown }[] = [];
const canary = 'canary-token-of-a-cluster';

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
  await owner.db.sql.query(`
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
      return { id: 'c-new', name: 'west', version: 'v1.37.2' };
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

describe('what the portal shows of clusters', () => {
  const id = 'c-abcdefgh';
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

  test('of an unknown cluster is that it is unknown', async () => {
    await expect(run(getCluster, { id: 'c-zzzzzzzz' })).rejects.toMatchObject({ code: 'cluster.unknown' });
  });
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
  expect(invited.command).toBe(`kubectl apply -f https://portal.example/join/${code}.yaml`);
  expect(await run(getInvitation, { id: invited.id })).toMatchObject({ name: 'north', state: 'waiting', clusterId: null });
  const { rows } = await owner.db.sql.query<{ code_hash: Buffer }>('SELECT code_hash FROM cluster_invitation');
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

test('a pasted kubeconfig can be looked into before it is used', async () => {
  const kubeconfig = 'kind: Config\nclusters: []\ncontexts: [{name: one, context: {cluster: a, user: b}}]';
  expect(await run(inspectKubeconfig, { kubeconfig })).toMatchObject({ current: null, contexts: [{ name: 'one', usable: false }] });
});
