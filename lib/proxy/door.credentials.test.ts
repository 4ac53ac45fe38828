/** What a credential is good for at the door, and from when on it is good for nothing. */
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { credentialIdIn } from '#lib/credential/token.ts';
import { changing } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { platformAdminId, viewerId } from '#lib/entitlement/builtin-roles.ts';
import { startSession } from '#lib/session/mutations.ts';
import { alice, asked, execPath, frank, get, raw, shapes, stand, standBeforeTheDoor, statusIn, upstream } from './testing/front.ts';
import { ask, openRaw } from './testing/raw-client.ts';
import { ok, type ScriptedUpstream, startScriptedUpstream } from './testing/scripted-upstream.ts';
import { clusterId, personId, type Stand, startStand } from './testing/stand.ts';

const idOf = (token: string) => credentialIdIn(token) ?? '';
const dayAgo = `created_at - interval '2 days', expires_at = created_at - interval '1 day'`;

async function expired(token: string): Promise<string> {
  const id = idOf(token);
  await stand.write('credential', id, `UPDATE credential SET created_at = ${dayAgo} WHERE id = $1`, [id]);
  return token;
}

/** The lists of namespaces that the cluster was asked for with a selector of ours: as whom, and which. */
function lists(): { as: string | undefined; shows: string | undefined }[] {
  return upstream.seen.flatMap(({ line, headers }) => {
    const shows = /metadata\.name in \((.*?)\)/.exec(decodeURIComponent(line))?.[1];
    const as = headers
      .map((header) => /^Impersonate-User: gatehouse:(.*)@corp.example$/.exec(header)?.[1])
      .find((name) => name !== undefined);
    return shows === undefined ? [] : [{ as, shows }];
  });
}

describe('whose credential, and for where', () => {
  standBeforeTheDoor();

  test('a credential for one cluster opens no other, and is told of it what a stranger is told (SECURITY 10)', async () => {
    await stand.grant('alice', viewerId, { kind: 'namespaces', clusterId: clusterId('west'), namespaces: ['shop'] });
    const forWest = await stand.token('alice', { clusterIds: [clusterId('west')] });
    const [east, nowhere] = [await get('/clusters/east/version', forWest), await get('/clusters/nowhere/version', forWest)];
    expect([east.status, east.body]).toEqual([403, nowhere.body]);
    for (const shape of shapes) expect([shape, (await raw(...asked(shape, forWest))).status]).toEqual([shape, 403]);
    expect(upstream.seen).toEqual([]);
    expect((await get('/clusters/west/version', forWest)).status).toBe(200);
  });

  test('a session of the portal, as cookie or as bearer, and an API token are nothing here (SECURITY 10)', async () => {
    const { secret } = await changing(stand.db, (tx, touch) =>
      startSession(tx, touch, {
        hashKey: Buffer.alloc(32, 7),
        person: { id: personId('alice'), name: 'alice' },
        address: null,
        userAgent: null,
      }),
    );
    const api = await stand.token('alice', { kind: 'api' });
    for (const shape of shapes) {
      const answers = [
        await raw(...asked(shape, null, { headers: [`Cookie: gatehouse.session=${secret}; __Host-gatehouse.session=${secret}`] })),
        await raw(...asked(shape, secret)),
        await raw(...asked(shape, api)),
      ];
      expect([shape, answers.map(({ status }) => status)]).toEqual([shape, [401, 401, 401]]);
    }
    expect(upstream.seen).toEqual([]);
  });

  test('an expired credential is 401 wherever it comes: plain, WebSocket, SPDY, discovery, a stranger’s cluster, no cluster (SECURITY 43)', async () => {
    const token = await expired(await stand.token('alice'));
    for (const shape of shapes) expect([shape, (await raw(...asked(shape, token))).status]).toEqual([shape, 401]);
    const targets = [
      '/',
      '/clusters',
      '/clusters/east',
      '/clusters/east/version',
      '/clusters/east/apis',
      '/clusters/west/api',
      '/clusters/no/api',
    ];
    for (const target of targets)
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const client = await openRaw(stand.url, stand.caPem);
        client.send([`${method} ${target} HTTP/1.1`, 'Host: door', `Authorization: Bearer ${token}`, 'Content-Length: 0']);
        await client.until(/\r\n\r\n/, 15_000);
        client.destroy();
        expect([method, target, client.text().slice(0, 12)]).toEqual([method, target, 'HTTP/1.1 401']);
      }
    const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
    const inProtocol = asked('a WebSocket upgrade', null).map((line) =>
      line.startsWith('Sec-WebSocket-Protocol') ? `Sec-WebSocket-Protocol: ${protocol}, v5.channel.k8s.io` : line,
    );
    expect((await raw(...inProtocol)).status).toBe(401);
    expect(upstream.seen).toEqual([]);
  });

  test('a renewed credential: another value at once, and the old one 401 after the first use of the new one (SECURITY 59)', async () => {
    const deviceId = newId('dv');
    const [old, renewed] = [await stand.token('alice', { deviceId }), await stand.token('alice', { deviceId })];
    expect(renewed).not.toBe(old);
    expect((await get('/clusters/east/version', old)).status).toBe(200);
    expect((await get('/clusters/east/version', renewed)).status).toBe(200);
    const statusOfOld = async () => (await get('/clusters/east/version', old)).status;
    await expect.poll(statusOfOld, { timeout: 15_000, interval: 50 }).toBe(401);
    expect((await get('/clusters/east/version', renewed)).status).toBe(200);
  });

  test('one connection, three callers: each is themselves, and nobody is served with what another brought (SECURITY 46)', async () => {
    await stand.grant('frank', viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['pay'] });
    const client = await openRaw(stand.url, stand.caPem);
    const asks = [alice, null, frank, alice, 'no token', frank];
    let answers = 0;
    for (const token of asks) {
      client.send([
        'GET /clusters/east/api/v1/namespaces HTTP/1.1',
        'Host: door',
        ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
      ]);
      answers += 1;
      await client.until(new RegExp(`(?:HTTP/1\\.1 \\d+[\\s\\S]*?){${answers}}\\r\\n\\r\\n\\{[\\s\\S]*\\}`), 15_000);
    }
    client.destroy();
    const statuses = [...client.text().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual(['200', '401', '200', '200', '401', '200']);
    expect(lists().map(({ as, shows }) => `${as}: ${shows}`)).toEqual(['alice: shop', 'frank: pay', 'alice: shop', 'frank: pay']);
  });
});

describe('a credential for some namespaces', () => {
  standBeforeTheDoor();
  const east = '/clusters/east';

  beforeAll(async () => {
    await stand.grant('gina', platformAdminId, { kind: 'cluster', clusterId: clusterId('east') });
  });

  test('reaches these, and for the rest the door says that it is narrowed; the cluster hears nothing of it', async () => {
    const token = await stand.token('gina', { namespaces: ['shop', 'pay'] });
    for (const inside of ['/api/v1/namespaces/shop/pods', '/api/v1/namespaces/pay', '/apis', '/version'])
      expect([inside, (await get(east + inside, token)).status]).toEqual([inside, 200]);
    upstream.seen.length = 0;
    for (const outside of [
      '/api/v1/namespaces/kube-system/secrets',
      '/api/v1/pods',
      '/api/v1/nodes',
      '/metrics',
      '/api/v1/namespaces/other',
    ]) {
      const answer = await get(east + outside, token);
      expect([outside, answer.status, statusIn(answer.body).reason]).toEqual([outside, 403, 'Forbidden']);
      expect(statusIn(answer.body).message).toContain('narrowed to the namespaces shop, pay');
    }
    for (const shape of shapes) {
      const target = execPath.replace('/namespaces/shop/', '/namespaces/kube-system/');
      expect([shape, (await raw(...asked(shape, token, { target }))).status]).toEqual([shape, 403]);
    }
    expect(upstream.seen).toEqual([]);
    expect((await get(`${east}/api/v1/nodes`, await stand.token('gina'))).status).toBe(200);
  });

  test('is shown these namespaces alone, also where its person may list them all, in every spelling of the list', async () => {
    const narrowed = await stand.token('gina', { namespaces: ['pay', 'shop'] });
    const spellings = ['/api/v1/namespaces', '/api/v1/namespaces/', '/api/v1/%6eamespaces', '/api/v1/namespaces?labelSelector=a%3Db'];
    for (const spelling of spellings) await get(east + spelling, narrowed);
    expect(lists()).toEqual(spellings.map(() => ({ as: 'gina', shows: 'pay,shop' })));
    upstream.seen.length = 0;
    await get(`${east}/api/v1/namespaces`, await stand.token('gina'));
    expect(upstream.seen[0]?.line).not.toContain('labelSelector');
  });

  test('of a person who sees few shows what both have in common', async () => {
    await get(`${east}/api/v1/namespaces`, await stand.token('alice', { namespaces: ['pay', 'shop'] }));
    expect(lists()).toEqual([{ as: 'alice', shows: 'shop' }]);
    upstream.seen.length = 0;
    await get(`${east}/api/v1/namespaces`, await stand.token('alice', { namespaces: ['pay'] }));
    expect(lists()).toEqual([]);
    expect(decodeURIComponent(upstream.seen.at(-1)?.line ?? '')).toContain('kubernetes.io/metadata.name,!kubernetes.io/metadata.name');
  });

  test('keeps a watch of its namespaces open while only others come and go, and loses it with its own revocation', async () => {
    const token = await stand.token('gina', { namespaces: ['shop'] });
    upstream.script = (_request, socket) =>
      void socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{"type":"ADDED"}\r\n\r\n',
      );
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send([`GET ${east}/api/v1/namespaces?watch=1 HTTP/1.1`, 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/ADDED/, 15_000);
    await stand.write(
      'cluster-namespace',
      clusterId('east'),
      `INSERT INTO cluster_namespace (cluster_id, name, uid) VALUES ($1, 'brand-new', 'uid')`,
      [clusterId('east')],
    );
    expect(stand.door.snapshotStreams()).toHaveLength(1);
    await stand.write('credential', idOf(token), 'UPDATE credential SET revoked_at = now() WHERE id = $1', [idOf(token)]);
    await watch.until(/\r\n0\r\n\r\n$/, 15_000);
    upstream.script = (_request, socket) => void socket.write(ok());
    expect((await get(`${east}/version`, token)).status).toBe(401);
    watch.destroy();
  });
});

describe('a secret stays one', () => {
  let behind: ScriptedUpstream;
  let watched: Stand;
  const logged: string[] = [];
  const note = (facts: object, message: string) => void logged.push(inspect(facts, { depth: 20 }), message);
  const canary = 'canary-of-the-door-8c1f';

  beforeAll(async () => {
    behind = await startScriptedUpstream();
    const cluster = { serverUrl: behind.url, caPem: behind.caPem, namespaces: ['shop'] };
    watched = await startStand({
      clusters: [
        { name: 'east', ...cluster },
        { name: 'west', ...cluster, caPem: (await startAndStop()).caPem },
      ],
      people: ['alice'],
      doorCredentials: { token: async () => canary, forget: () => {} },
      log: { debug: note, info: note, warn: note, error: note },
    });
    for (const name of ['east', 'west']) await watched.grant('alice', viewerId, { kind: 'cluster', clusterId: clusterId(name) });
  });
  afterAll(async () => {
    await watched?.stop();
    await behind?.close();
  });

  /** A certificate authority that signed nothing which is still there. */
  async function startAndStop(): Promise<ScriptedUpstream> {
    const other = await startScriptedUpstream();
    await other.close();
    return other;
  }

  test('a token in the address is no credential; and of no token anything is logged, kept or told, whatever goes wrong (SECURITY 58)', async () => {
    const token = await watched.token('alice');
    const body = 'canary-of-a-secret-5d2e';
    const told: string[] = [];
    const say = async (lines: string[], sent = '') => {
      const answer = await ask(watched.url, watched.caPem, lines, sent);
      told.push(answer.head, answer.body);
      return answer.status;
    };
    const bearer = `Authorization: Bearer ${token}`;
    for (const name of ['token', 'access_token', 'authorization'])
      expect(await say([`GET /clusters/east/version?${name}=${token} HTTP/1.1`, 'Host: door'])).toBe(401);
    expect(await say([`GET /clusters/east/${token} HTTP/1.1`, 'Host: door'])).toBe(401);
    expect(await say(['GET /clusters/east/version HTTP/1.1', 'Host: door', `Authorization: Bearer ${token.slice(0, -1)}!`])).toBe(401);
    expect(await say(['GET /clusters/east/version HTTP/1.1', 'Host: door', bearer, bearer])).toBe(400);
    expect(await say([`GET /clusters/${token}/version HTTP/1.1`, 'Host: door', bearer])).toBe(400);
    expect(await say(['GET /clusters/east//version HTTP/1.1', 'Host: door', bearer])).toBe(400);
    expect(await say(['GET /clusters/nowhere/version HTTP/1.1', 'Host: door', bearer])).toBe(403);
    expect(await say(['GET /clusters/east/version HTTP/1.1', 'Host: door', bearer, `Impersonate-User: ${body}`])).toBe(403);
    expect(await say(['GET /clusters/west/version HTTP/1.1', 'Host: door', bearer])).toBe(502);
    behind.script = (_request, socket) =>
      void socket.write(`HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: ${canary.length}\r\n\r\n${canary}`);
    expect(await say(['GET /clusters/east/version HTTP/1.1', 'Host: door', bearer])).toBe(502);
    behind.script = (_request, socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n');
    expect(await say(['GET /clusters/east/version HTTP/1.1', 'Host: door', bearer])).toBe(502);
    behind.script = (_request, socket) => void socket.write(ok());
    const secret = JSON.stringify({ kind: 'Secret', stringData: { key: body } });
    const create = ['POST /clusters/east/api/v1/namespaces/shop/secrets HTTP/1.1', 'Host: door', bearer, 'Content-Type: application/json'];
    expect(await say([...create, `Content-Length: ${secret.length}`], secret)).toBe(200);
    expect(behind.seen.at(-1)?.body).toBe(secret);

    await watched.door.stop();
    const { rows: tables } = await watched.db.sql.query<{ name: string }>(
      `SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
    );
    const kept: string[] = [];
    for (const { name } of tables) {
      const { rows } = await watched.db.sql.query<{ text: string }>(`SELECT to_jsonb(t)::text AS text FROM ${name} t`);
      kept.push(...rows.map(({ text }) => text));
    }
    const heard = behind.seen.flatMap(({ line, headers }) => [line, ...headers]);
    expect(logged.join('\n')).toContain('door.cluster-credential-invalid');
    expect(kept.join('\n')).toContain(idOf(token));
    const secretPart = token.slice(-49, -10);
    for (const [place, texts] of Object.entries({ logged, kept, told, heard })) {
      const all = texts.join('\n');
      expect([place, all.includes(secretPart), all.includes(body)]).toEqual([place, false, false]);
      if (place !== 'heard') expect([place, all.includes(canary)]).toEqual([place, false]);
    }
  });
});
