// Changing the way to a cluster, against a real database and an API server that can be anybody.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, createAuthority } from '#e2e/stack/certificates.ts';
import { generateSealingPair, type OpeningKey, openingKeyFromPem } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { testDatabase } from '#lib/db/testing.ts';
import { loadWorld } from '#lib/entitlement/world.ts';
import { asFault } from '#lib/errors/fault.ts';
import { createLog } from '#lib/log/log.ts';
import { authoritiesIn } from './authorities.ts';
import { addressOf, readClusterRow } from './data.ts';
import { writeReached } from './health-data.ts';
import { insertCluster } from './mutations.ts';
import { replaceAddress } from './reach-mutations.ts';
import { clusterHandlers } from './requests.ts';
import { sealingKeyOf, sealToken } from './sealed-token.ts';
import { type ScriptedApiServer, type ScriptedProxy, scriptedApiServer, scriptedProxy } from './testing-server.ts';

let database: Awaited<ReturnType<typeof testDatabase>>;
let db: Database;
let handlers: ReturnType<typeof clusterHandlers>;
let openingKey: OpeningKey;
let first: Authority;
let second: Authority;
let api: ScriptedApiServer;
let other: ScriptedApiServer;
let proxy: ScriptedProxy;

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
  openingKey = openingKeyFromPem(generateSealingPair().openingKeyPem);
  handlers = clusterHandlers({ db, world: await loadWorld(db), openingKey, log: createLog('test') });
  [first, second] = await Promise.all([createAuthority('first'), createAuthority('second')]);
  [api, other] = await Promise.all([scriptedApiServer(first, 'uid-one'), scriptedApiServer(first, 'uid-two')]);
  proxy = await scriptedProxy(api.port);
});
beforeEach(async () => {
  await db.sql.query('DELETE FROM cluster');
  for (const [server, uid] of [
    [api, 'uid-one'],
    [other, 'uid-two'],
  ] as const) {
    await server.showCertificateOf(first);
    Object.assign(server.says, { uid, knows: null });
    server.heard.length = 0;
  }
  const token = (account: 'door' | 'reconciler') => ({
    sealed: sealToken(sealingKeyOf(openingKey), 'c-east23', account, `token-of-${account}`),
    expiresAt: new Date(Date.now() + 3_600_000),
  });
  await insertCluster(db, {
    id: 'c-east23',
    name: 'east',
    title: null,
    labels: {},
    address: { url: api.url, serverName: null, caPem: first.certPem },
    version: 'v1.36.0',
    kubeSystemUid: 'uid-one',
    askerId: null,
    door: token('door'),
    reconciler: token('reconciler'),
  });
});
afterAll(async () => {
  await Promise.all([proxy.close(), api.close(), other.close()]);
  await database.drop();
});

const row = async () => (await readClusterRow(db, 'c-east23')) as NonNullable<Awaited<ReturnType<typeof readClusterRow>>>;
const authorities = async () => authoritiesIn((await row()).caPem).map(({ subject }) => subject);
const fingerprintOf = ({ certPem }: Authority) => authoritiesIn(certPem)[0]?.fingerprint ?? '';

async function ask(kind: string, input: object): Promise<string> {
  try {
    await handlers[kind]?.({
      id: 'rq-1',
      kind,
      askerId: null,
      input: { id: 'c-east23', ...input },
      secret: undefined,
      progress: async () => {},
    });
    return 'done';
  } catch (error) {
    return asFault(error).code;
  }
}
const reach = (change: object) => ask('cluster.reach', change);

async function audited(): Promise<{ event: string; detail: Record<string, unknown> }[]> {
  const { rows } = await db.sql.query(
    `SELECT event, detail FROM audit_event WHERE cluster_id = 'c-east23' AND event <> 'cluster.registered' ORDER BY id`,
  );
  return rows as { event: string; detail: Record<string, unknown> }[];
}

describe('a cluster changes its authority (F16):', () => {
  test('the new one is added, the server changes over, the old one is taken out; each step tried live', async () => {
    expect(await reach({ addAuthority: second.certPem })).toBe('done');
    expect(await authorities()).toEqual(['CN=first', 'CN=second']);
    await api.showCertificateOf(second);
    expect(await reach({ removeAuthority: fingerprintOf(first) })).toBe('done');
    expect(await authorities()).toEqual(['CN=second']);
    const events = await audited();
    expect(events.slice(-2).map(({ event }) => event)).toEqual(['cluster.reach-changed', 'cluster.reach-changed']);
    expect(JSON.stringify(events)).toContain(fingerprintOf(second));
    expect(JSON.stringify(events)).not.toContain('token-of');
  });

  test('the one that the present certificate comes from cannot be taken out, nor the last', async () => {
    expect(await reach({ addAuthority: second.certPem })).toBe('done');
    api.heard.length = 0;
    expect(await reach({ removeAuthority: fingerprintOf(first) })).toBe('cluster.authority-in-use');
    expect(api.heard).toEqual([]);
    expect(await authorities()).toEqual(['CN=first', 'CN=second']);
    expect(await reach({ removeAuthority: fingerprintOf(second) })).toBe('done');
    expect(await reach({ removeAuthority: fingerprintOf(first) })).toBe('cluster.last-authority');
  });

  test('a server that changed over before anybody said so is not trusted until an administrator adds its authority', async () => {
    await api.showCertificateOf(second);
    api.heard.length = 0;
    expect(await reach({ serverName: 'kubernetes.default' })).toBe('cluster.untrusted');
    expect(api.heard).toEqual([]);
    expect(await authorities()).toEqual(['CN=first']);
    expect(await reach({ addAuthority: second.certPem })).toBe('done');
  });
});

describe('another way to the same cluster is tried before it is accepted:', () => {
  test('a proxy that leads there, and then straight again', async () => {
    expect(await reach({ proxyUrl: proxy.url })).toBe('done');
    expect((await row()).proxyUrl).toBe(proxy.url);
    expect(proxy.asked).toContain(`CONNECT 127.0.0.1:${api.port}`);
    proxy.answer = 'refuse';
    expect(await reach({ serverUrl: `${api.url}/` })).toBe('cluster.nothing-changes');
    expect(await reach({ addAuthority: second.certPem })).toBe('cluster.unreachable');
    proxy.answer = 'tunnel';
    expect(await reach({ proxyUrl: null })).toBe('done');
    expect((await row()).proxyUrl).toBeNull();
  });

  test('an address where nobody, somebody untrusted, or another cluster answers is refused, and everything stays', async () => {
    const before = await row();
    expect(await reach({ serverUrl: 'https://127.0.0.1:1' })).toBe('cluster.unreachable');
    expect(await reach({ serverUrl: other.url })).toBe('cluster.another-cluster');
    await other.showCertificateOf(second);
    expect(await reach({ serverUrl: other.url })).toBe('cluster.untrusted');
    expect(await reach({ serverUrl: 'https://169.254.169.254' })).toBe('cluster.forbidden-address');
    expect(await reach({ serverName: 'api.elsewhere.example' })).toBe('cluster.untrusted');
    expect(await row()).toEqual(before);
  });

  test('one that does not know our accounts cannot show who it is, so a kubeconfig must say it', async () => {
    api.says.knows = new Set(['another']);
    expect(await reach({ proxyUrl: proxy.url })).toBe('cluster.accounts-unknown');
  });

  test('of two administrators at once the second is told, for what he tried was not this', async () => {
    const before = addressOf(await row());
    const cluster = { id: 'c-east23', name: 'east' };
    expect(await reach({ addAuthority: second.certPem })).toBe('done');
    const late = replaceAddress(db, { cluster, before, after: { ...before, proxyUrl: proxy.url }, version: 'v1.36.0', askerId: null });
    await expect(late).rejects.toMatchObject({ code: 'cluster.changed-meanwhile' });
    expect(await authorities()).toEqual(['CN=first', 'CN=second']);
  });
});

describe('a rebuilt cluster (F18)', () => {
  test('takes the place of the registered one only by an administrator who names exactly the one that answers', async () => {
    expect(await ask('cluster.approve-rebuilt', { kubeSystemUid: 'uid-three' })).toBe('cluster.not-rebuilt');
    api.says.uid = 'uid-three';
    expect(await ask('cluster.approve-rebuilt', { kubeSystemUid: 'uid-two' })).toBe('cluster.rebuilt');
    expect(await row()).toMatchObject({ kubeSystemUid: 'uid-one', state: 'joining' });
    expect(await ask('cluster.approve-rebuilt', { kubeSystemUid: 'uid-three' })).toBe('done');
    expect(await row()).toMatchObject({ id: 'c-east23', name: 'east', kubeSystemUid: 'uid-three', state: 'joining' });
    expect((await audited()).at(-1)).toMatchObject({ event: 'cluster.rebuilt-approved', detail: { was: 'uid-one', now: 'uid-three' } });
  });

  test('starts afresh: nobody has entered it, and nothing of the old one is shown for it', async () => {
    await writeReached(db, 'c-east23', 5);
    await db.sql.query(`INSERT INTO cluster_entry (cluster_id, wire_name, person_id) VALUES ('c-east23', 'gatehouse:alice', 'p-alice')`);
    await db.sql.query(`INSERT INTO cluster_namespace (cluster_id, name, uid) VALUES ('c-east23', 'shop', 'u')`);
    api.says.uid = 'uid-three';
    expect(await ask('cluster.approve-rebuilt', { kubeSystemUid: 'uid-three' })).toBe('done');
    for (const table of ['cluster_entry', 'cluster_namespace', 'observed_object', 'cluster_health'])
      expect((await db.sql.query(`SELECT 1 FROM ${table} WHERE cluster_id = 'c-east23'`)).rowCount, table).toBe(0);
  });

  test('stays closed until every living door has ended what it held open to the old one', async () => {
    await db.sql.query(`INSERT INTO replica (id, role, host, pid, seq) VALUES ('x-slow', 'proxy', 'h', 1, 0)`);
    api.says.uid = 'uid-three';
    const approval = ask('cluster.approve-rebuilt', { kubeSystemUid: 'uid-three' });
    await expect.poll(async () => (await row()).kubeSystemUid, { timeout: 10_000 }).toBe('uid-three');
    expect((await row()).state).toBe('wrong-cluster');
    await db.sql.query(`UPDATE replica SET beat_at = now(), seq = (SELECT seq FROM change_counter) WHERE id = 'x-slow'`);
    expect(await approval).toBe('done');
    expect((await row()).state).toBe('joining');
    await db.sql.query(`DELETE FROM replica`);
  });

  test('is no cluster that is registered already', async () => {
    await db.sql.query(
      `INSERT INTO cluster (id, name, server_url, ca_pem, kube_system_uid) VALUES ('c-west23', 'west', 'https://west.example', 'x', 'uid-two')`,
    );
    api.says.uid = 'uid-two';
    expect(await ask('cluster.approve-rebuilt', { kubeSystemUid: 'uid-two' })).toBe('cluster.already-registered');
  });
});

test('a proxy with a credential in its address is refused by the database too', async () => {
  await expect(db.sql.query(`UPDATE cluster SET proxy_url = 'http://user:pw@proxy.example' WHERE id = 'c-east23'`)).rejects.toThrow(
    /check/,
  );
});
