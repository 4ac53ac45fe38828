import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { ask, openRaw } from './testing/raw-client.ts';
import { ok, type ScriptedUpstream, startScriptedUpstream } from './testing/scripted-upstream.ts';
import { clusterId, type Stand, startStand } from './testing/stand.ts';

let upstream: ScriptedUpstream;
let stand: Stand;
let alice: string;
let frank: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const cluster = { serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop', 'pay', 'kube-system'] };
  stand = await startStand({
    clusters: [
      { name: 'east', ...cluster },
      { name: 'west', ...cluster },
    ],
    people: ['alice', 'frank', 'gina'],
  });
  await stand.grant('alice', viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
  alice = await stand.token('alice');
  frank = await stand.token('frank');
});

afterAll(async () => {
  await stand?.stop();
  await upstream?.close();
});

beforeEach(() => {
  upstream.seen.length = 0;
  upstream.script = (_request, socket) => void socket.write(ok());
});

const get = (target: string, token: string | null, ...headers: string[]) =>
  ask(stand.url, stand.caPem, [
    `GET ${target} HTTP/1.1`,
    'Host: door',
    ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
    ...headers,
  ]);
const raw = (...lines: string[]) => ask(stand.url, stand.caPem, lines);
const status = (body: string) => JSON.parse(body) as { kind: string; code: number; reason: string; message: string };
const upgradeLines = (token: string, ...headers: string[]) => [
  'GET /clusters/east/api/v1/namespaces/shop/pods/web/exec?command=sh HTTP/1.1',
  'Host: door',
  `Authorization: Bearer ${token}`,
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: v5.channel.k8s.io',
  ...headers,
];

describe('what a cluster hears', () => {
  test('exactly our account, this person, their groups one line each, and nothing that the client made up (SECURITY 1, 3, 6)', async () => {
    const { status: code } = await get(
      '/clusters/east/api/v1/namespaces/shop/pods?limit=500',
      alice,
      'Accept: application/json',
      'User-Agent: kubectl/v1',
      'Connection: close, Impersonate-User, Impersonate-Group, Authorization',
      'X-Remote-User: system:admin',
      'X-Forwarded-User: system:admin',
      'Cookie: gatehouse=1',
    );
    expect(code).toBe(200);
    const [request] = upstream.seen;
    expect(request?.line).toBe('GET /api/v1/namespaces/shop/pods?limit=500 HTTP/1.1');
    const [group] = stand.world.platformGroups('p-alice', clusterId('east'), new Date());
    const auditId = request?.headers.find((header) => header.startsWith('Audit-Id: '));
    expect(request?.headers).toEqual([
      `Host: ${new URL(upstream.url).host}`,
      'Authorization: Bearer door-token',
      'Impersonate-User: gatehouse:alice@corp.example',
      `Impersonate-Uid: ${stand.world.person('p-alice')?.objectGuid}`,
      `Impersonate-Group: ${group}`,
      'Impersonate-Group: system:authenticated',
      auditId,
      'Accept: application/json',
      'User-Agent: kubectl/v1',
      'Connection: keep-alive',
    ]);
    expect(upstream.seen).toHaveLength(1);
  });

  test('the group that lists namespaces goes only with a request whose selector we wrote', async () => {
    await get('/clusters/east/api/v1/namespaces', alice);
    expect(decodeURIComponent(upstream.seen[0]?.line ?? '')).toContain('labelSelector=kubernetes.io/metadata.name in (shop)');
    expect(upstream.seen[0]?.headers).toContain(`Impersonate-Group: gatehouse:${stand.installationId}:namespace-list`);
    await get('/clusters/east/api/v1/namespaces/shop', alice);
    expect(upstream.seen[1]?.headers.join()).not.toContain('namespace-list');
  });
});

describe('who is turned away, and nothing reaches the cluster', () => {
  test.each([
    'Impersonate-User',
    'impersonate-group',
    'IMPERSONATE-UID',
    'Impersonate-Extra-foo',
    'Impersonate_User',
    'Impersonate-Whatever',
  ])('the client’s own %s is 403, for requests and upgrades alike, also when empty (SECURITY 2)', async (name) => {
    for (const value of ['system:admin', '']) {
      const plain = await get('/clusters/east/api/v1/pods', alice, `${name}: ${value}`);
      expect(plain.status).toBe(403);
      expect(status(plain.body)).toMatchObject({ kind: 'Status', code: 403, reason: 'Forbidden' });
      expect((await raw(...upgradeLines(alice, `${name}: ${value}`))).status).toBe(403);
    }
    expect(upstream.seen).toEqual([]);
  });

  test.each([
    ['no token', null],
    ['a token of another make', 'eyJhbGciOiJub25lIn0.e30.'],
    ['a broken escape', '%E0%A4%A'],
  ])('%s is 401 with a Status (SECURITY 8, 12)', async (_name, token) => {
    const answer = await get('/clusters/east/version', token);
    expect(answer.status).toBe(401);
    expect(status(answer.body)).toMatchObject({ kind: 'Status', code: 401, reason: 'Unauthorized' });
    expect(upstream.seen).toEqual([]);
  });

  test('a bad token is 401 before the cluster’s name is looked at, whatever the path or its disguise (SECURITY 22)', async () => {
    for (const path of ['/clusters/east/version', '/clusters/nowhere/version', '/healthz', '/'])
      expect((await get(path, 'gh_bad', 'X-Original-URL: /healthz', 'User-Agent: kube-probe/1.33')).status).toBe(401);
  });

  test('an unknown cluster and one without a right are told apart by nothing (SECURITY 28)', async () => {
    const [unknown, forbidden, narrowed] = [
      await get('/clusters/nowhere/version', frank),
      await get('/clusters/east/version', frank),
      await get('/clusters/east/version', await stand.token('alice', { clusterIds: [clusterId('west')] })),
    ];
    expect(unknown.status).toBe(403);
    expect(forbidden.body).toBe(unknown.body);
    expect(narrowed.body).toBe(unknown.body);
    expect(upstream.seen).toEqual([]);
  });

  test('an API token is no key to this door (SECURITY 10)', async () => {
    expect((await get('/clusters/east/version', await stand.token('alice', { kind: 'api' }))).status).toBe(401);
  });

  test('a credential that may only read changes nothing and opens no shell, but may ask about itself', async () => {
    const token = await stand.token('alice', { readOnly: true });
    const post = (path: string) => raw(`POST ${path} HTTP/1.1`, 'Host: door', `Authorization: Bearer ${token}`, 'Content-Length: 0');
    expect((await post('/clusters/east/api/v1/namespaces/shop/pods')).status).toBe(403);
    expect((await raw(...upgradeLines(token))).status).toBe(403);
    expect((await get('/clusters/east/api/v1/namespaces/shop/services/x/proxy/', token)).status).toBe(403);
    expect(upstream.seen).toEqual([]);
    expect((await get('/clusters/east/api/v1/namespaces/shop/pods', token)).status).toBe(200);
    expect((await post('/clusters/east/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')).status).toBe(200);
  });
});

describe('what is malformed is 400 and the connection ends (SECURITY 13, 19, 21, 25)', () => {
  const auth = () => `Authorization: Bearer ${alice}`;
  const path = 'GET /clusters/east/version HTTP/1.1';
  test.each([
    ['a second Authorization', () => [path, 'Host: door', auth(), auth()]],
    ['a second Host', () => [path, 'Host: door', 'Host: other', auth()]],
    ['no Host', () => [path, auth()]],
    ['absolute form', () => ['GET https://door/clusters/east/version HTTP/1.1', 'Host: door', auth()]],
    ['absolute form with an upgrade', () => ['GET http://169.254.169.254/ HTTP/1.1', ...upgradeLines(alice).slice(1)]],
    ['an empty segment', () => ['GET /clusters/east//version HTTP/1.1', 'Host: door', auth()]],
    ['encoded dots', () => ['GET /clusters/east/%2e%2e/west/version HTTP/1.1', 'Host: door', auth()]],
    ['a fragment', () => ['GET /clusters/east/version#/healthz HTTP/1.1', 'Host: door', auth()]],
    ['CONNECT', () => ['CONNECT door:443 HTTP/1.1', 'Host: door', auth()]],
    ['TRACE', () => ['TRACE /clusters/east/version HTTP/1.1', 'Host: door', auth()]],
    ['HTTP/1.0', () => ['GET /clusters/east/version HTTP/1.0', 'Host: door', auth()]],
    ['Content-Length with Transfer-Encoding', () => [path, 'Host: door', auth(), 'Content-Length: 3', 'Transfer-Encoding: chunked']],
    ['Transfer-Encoding: x, chunked', () => [path, 'Host: door', auth(), 'Transfer-Encoding: x, chunked']],
    ['a space before the colon', () => [path, 'Host: door', `Authorization : Bearer ${alice}`]],
    ['a folded header', () => [path, 'Host: door', 'Accept: a', ' b', auth()]],
    ['two lengths', () => [path, 'Host: door', auth(), 'Content-Length: 0', 'Content-Length: 1']],
    ['Upgrade: h2c', () => [path, 'Host: door', auth(), 'Connection: Upgrade', 'Upgrade: h2c']],
    ['an upgrade with a body', () => [...upgradeLines(alice), 'Content-Length: 3']],
    ['an upgrade without its key', () => upgradeLines(alice).filter((line) => !line.startsWith('Sec-WebSocket-Key'))],
    ['no request at all', () => ['\u0016\u0003\u0001 hello']],
  ])('%s', async (_name, lines) => {
    const client = await openRaw(stand.url, stand.caPem);
    client.send(lines());
    await client.ended();
    expect(client.text()).toMatch(/^HTTP\/1\.1 400 /);
    expect(client.text()).toContain('"kind":"Status"');
    expect(upstream.seen).toEqual([]);
  });

  test('a head above 64 KiB is 431 (F26)', async () => {
    expect((await get('/clusters/east/version', alice, `Accept: ${'a'.repeat(70_000)}`)).status).toBe(431);
    expect(upstream.seen).toEqual([]);
  });

  test('many headers are all judged: the last of thousands counts like the first', async () => {
    const many = Array.from({ length: 3_000 }, (_, i) => `X-${i}: 1`);
    expect((await get('/clusters/east/version', alice, ...many, 'Impersonate-User: x')).status).toBe(403);
  });

  test('what stands behind a refused request on the same connection is never served', async () => {
    const client = await openRaw(stand.url, stand.caPem);
    client.send(['GET /clusters/east//version HTTP/1.1', 'Host: door', auth(), '', path, 'Host: door', auth()]);
    await client.ended();
    expect(client.text().match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(upstream.seen).toEqual([]);
  });
});

describe('what a cluster answers', () => {
  test('passes with its status, headers and bytes', async () => {
    upstream.script = (_request, socket) =>
      void socket.write(
        'HTTP/1.1 409 Conflict\r\nX-Kubernetes-Pf-Flowschema-Uid: a\r\nContent-Type: application/vnd.kubernetes.protobuf\r\nSet-Cookie: a=b\r\nContent-Length: 4\r\n\r\nk8s\u0000',
      );
    const answer = await get('/clusters/east/api/v1/pods', alice);
    expect(answer.status).toBe(409);
    expect(answer.body).toBe('k8s\u0000');
    expect(answer.head).toContain('X-Kubernetes-Pf-Flowschema-Uid: a');
    expect(answer.head).not.toContain('Set-Cookie');
  });

  test.each([301, 302, 307, 308])('a redirect (%s) is never followed nor passed on: 502 (SECURITY 7, 14)', async (code) => {
    upstream.script = (_request, socket) =>
      void socket.write(`HTTP/1.1 ${code} Moved\r\nLocation: ${upstream.url}/elsewhere\r\nContent-Length: 0\r\n\r\n`);
    expect((await get('/clusters/east/api/v1/pods', alice)).status).toBe(502);
    expect((await raw(...upgradeLines(alice))).status).toBe(502);
    expect(upstream.seen).toHaveLength(2);
  });

  test('304 passes, and an application behind a service may redirect', async () => {
    upstream.script = (_request, socket) => void socket.write('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n');
    expect((await get('/clusters/east/openapi/v3', alice, 'If-None-Match: "a"')).status).toBe(304);
    upstream.script = (_request, socket) => void socket.write('HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n');
    expect((await get('/clusters/east/api/v1/namespaces/shop/services/web/proxy/', alice)).status).toBe(302);
  });

  test('a refusal of our own account is 502, never passed as the person’s; a refusal of the person is theirs; a group that has not arrived is on its way (DECISIONS 11, F17)', async () => {
    const refuse = (message: string) => (_request: unknown, socket: { write(text: string): unknown }) => {
      const body = JSON.stringify({ kind: 'Status', message, code: 403 });
      socket.write(`HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    };
    const account = 'system:serviceaccount:gatehouse-system:gatehouse-door';
    upstream.script = refuse(`users "a" is forbidden: User "${account}" cannot impersonate resource "users"`);
    expect((await get('/clusters/east/api/v1/pods', alice)).status).toBe(502);
    expect((await raw(...upgradeLines(alice))).status).toBe(502);
    upstream.script = refuse(
      `groups "g" is forbidden: User "${account}" cannot impersonate resource "groups" in API group "" at the cluster scope`,
    );
    const onItsWay = await get('/clusters/east/api/v1/pods', alice);
    expect(onItsWay.status).toBe(503);
    expect(onItsWay.head).toMatch(/Retry-After: 1/);
    upstream.script = refuse('pods is forbidden: User "gatehouse:alice@corp.example" cannot list resource "pods"');
    expect((await get('/clusters/east/api/v1/pods', alice)).status).toBe(403);
    upstream.script = refuse(
      `pods "User \\"${account}\\" cannot impersonate" is forbidden: User "gatehouse:alice@corp.example" cannot get`,
    );
    expect((await get('/clusters/east/api/v1/pods', alice)).status).toBe(403);
    upstream.script = (_request, socket) => void socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    expect((await get('/clusters/east/api/v1/pods', alice)).status).toBe(502);
    expect(upstream.seen.every(({ headers }) => headers.some((header) => header.startsWith('Impersonate-User: ')))).toBe(true);
  });

  test.each([
    ['garbage', 'hello\r\n\r\n'],
    ['length and chunked together', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('%s is 502', async (_name, text) => {
    upstream.script = (_request, socket) => void socket.write(text);
    expect((await get('/clusters/east/api/v1/pods', alice)).status).toBe(502);
  });

  test('a cluster that hangs up without a word is 502; an answer cut in half never looks whole', async () => {
    upstream.script = (_request, socket) => void socket.destroy();
    expect((await get('/clusters/east/api/v1/pods', alice)).status).toBe(502);
    upstream.script = (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      setTimeout(() => socket.destroy(), 20);
    };
    const client = await openRaw(stand.url, stand.caPem);
    client.send(['GET /clusters/east/api/v1/pods HTTP/1.1', 'Host: door', `Authorization: Bearer ${alice}`]);
    await client.ended();
    expect(client.text()).toContain('hello');
    expect(client.text()).not.toContain('\r\n0\r\n\r\n');
  });

  test('Expect: 100-continue is answered only once the person is let in', async () => {
    const lines = (token: string) => [
      'POST /clusters/east/api/v1/namespaces/shop/pods HTTP/1.1',
      'Host: door',
      `Authorization: Bearer ${token}`,
      'Expect: 100-continue',
      'Content-Length: 2',
    ];
    const refused = await openRaw(stand.url, stand.caPem);
    refused.send(lines('gh_bad'));
    await refused.ended();
    expect(refused.text()).toMatch(/^HTTP\/1\.1 401 /);
    const client = await openRaw(stand.url, stand.caPem);
    client.send(lines(alice));
    await client.until(/^HTTP\/1\.1 100 Continue/);
    expect(upstream.seen).toEqual([]);
    client.socket.write('{}');
    await client.until(/HTTP\/1\.1 200 OK/);
    expect(upstream.seen[0]).toMatchObject({ body: '{}' });
    expect(upstream.seen[0]?.headers.join()).not.toMatch(/expect/i);
    client.destroy();
  });
});

describe('upgrades', () => {
  test('a refused upgrade is relayed with its body, both sockets end, and nothing behind it is served (SECURITY 13, V5)', async () => {
    upstream.script = (_request, socket) =>
      void socket.write('HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"no":"exec"}');
    const client = await openRaw(stand.url, stand.caPem);
    client.send([...upgradeLines(alice), '', 'GET /api/v1/secrets HTTP/1.1', 'Host: door']);
    await client.ended();
    expect(client.text()).toMatch(/^HTTP\/1\.1 403 Forbidden/);
    expect(client.text()).toContain('{"no":"exec"}');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(upstream.seen).toHaveLength(1);
    expect(upstream.open().filter((socket) => !socket.destroyed && socket.readyState === 'open').length).toBeLessThanOrEqual(1);
  });

  test('behind the 101 bytes go both ways, and what came early waits for it', async () => {
    upstream.script = (_request, socket) => {
      let heard = '';
      socket.on('data', (chunk) => {
        heard += chunk.toString('latin1');
        socket.write(`heard ${heard}`);
      });
      setTimeout(
        () =>
          socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n'),
        30,
      );
    };
    const client = await openRaw(stand.url, stand.caPem);
    client.send(upgradeLines(alice), 'early');
    await client.until(/101 Switching Protocols[\s\S]*heard early/);
    expect(client.text()).toContain('Sec-WebSocket-Accept: x');
    expect(upstream.seen[0]?.headers).toEqual(
      expect.arrayContaining(['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Protocol: v5.channel.k8s.io']),
    );
    client.destroy();
    await expect.poll(() => upstream.open().some((socket) => socket.listenerCount('data') > 1)).toBe(false);
  });
});

describe('nothing is left over', () => {
  const openSockets = () => upstream.open().filter((socket) => !socket.destroyed).length;

  test('a client that goes away takes its upstream socket along, for watches and upgrades alike (F14, F28)', async () => {
    await expect.poll(openSockets).toBeLessThanOrEqual(64);
    const before = openSockets();
    const cycles = 60;
    for (let i = 0; i < cycles; i += 1) {
      const isUpgrade = i % 2 === 0;
      upstream.script = (_request, socket) =>
        void socket.write(
          isUpgrade
            ? 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
            : 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n',
        );
      const client = await openRaw(stand.url, stand.caPem);
      client.send(
        isUpgrade
          ? upgradeLines(alice)
          : ['GET /clusters/east/api/v1/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${alice}`],
      );
      await client.until(/\r\n\r\n/);
      client.destroy();
    }
    await expect.poll(() => stand.door.snapshotStreams().length).toBe(0);
    await expect.poll(openSockets).toBeLessThanOrEqual(before);
  });

  test.each(['an answer', 'a tunnel'])('a slow reader holds the cluster back instead of filling our memory: %s (F23)', async (what) => {
    const block = Buffer.alloc(256 * 1024, 'a');
    let written = 0;
    upstream.script = (_request, socket) => {
      socket.write(
        what === 'a tunnel'
          ? 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n',
      );
      const pour = () => {
        while (written < 1_000_000_000) {
          written += block.length;
          if (!socket.write(block)) {
            socket.once('drain', pour);
            return;
          }
        }
      };
      pour();
    };
    const client = await openRaw(stand.url, stand.caPem);
    client.send(
      what === 'a tunnel'
        ? upgradeLines(alice)
        : ['GET /clusters/east/api/v1/namespaces/shop/pods/web/log HTTP/1.1', 'Host: door', `Authorization: Bearer ${alice}`],
    );
    await client.until(/\r\n\r\n/);
    client.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 700));
    const stalledAt = written;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(written).toBe(stalledAt);
    expect(written).toBeLessThan(64 * 1024 * 1024);
    client.destroy();
  });

  test('a body flows up as it comes, and an early answer is not lost', async () => {
    upstream.script = (_request, socket) => void socket.write('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig');
    const client = await openRaw(stand.url, stand.caPem);
    client.send(
      [
        'POST /clusters/east/api/v1/namespaces/shop/pods HTTP/1.1',
        'Host: door',
        `Authorization: Bearer ${alice}`,
        'Transfer-Encoding: chunked',
      ],
      '5\r\nhello\r\n',
    );
    await client.ended();
    expect(client.text()).toMatch(/^HTTP\/1\.1 413 [\s\S]*big$/);
  });
});

describe('what ends, ends', () => {
  const heldOpen = (head: string) => {
    upstream.script = (_request, socket) => void socket.write(head, 'latin1');
  };
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const jsonStream = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';

  async function openThree(person: string) {
    await stand.grant(person, viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
    const token = await stand.token(person);
    const [watch, logs, exec] = [
      await openRaw(stand.url, stand.caPem),
      await openRaw(stand.url, stand.caPem),
      await openRaw(stand.url, stand.caPem),
    ];
    heldOpen(`${jsonStream}${chunk('{"type":"ADDED"}\n')}`);
    watch.send(['GET /clusters/east/api/v1/namespaces/shop/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/ADDED/);
    heldOpen(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('a line\n')}`);
    logs.send([
      'GET /clusters/east/api/v1/namespaces/shop/pods/web/log?follow=true HTTP/1.1',
      'Host: door',
      `Authorization: Bearer ${token}`,
    ]);
    await logs.until(/a line/);
    heldOpen('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\u0082\u0003abc');
    exec.send(upgradeLines(token));
    await exec.until(/abc/);
    return { token, watch, logs, exec };
  }

  test('a disabled account: all its streams within a second, each with a true end, the next request 401, and the acknowledgement says so', async () => {
    const { token, watch, logs, exec } = await openThree('gina');
    expect(stand.door.snapshotStreams()).toHaveLength(3);
    const began = performance.now();
    const revocationId = await stand.disable('gina');
    await Promise.all([watch.until(/\r\n0\r\n\r\n$/), logs.ended(), exec.ended()]);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(logs.text()).not.toContain('\r\n0\r\n\r\n');
    // 0x88: close; 1008: policy violation.
    expect(exec.text()).toContain('abc\u0088\u0018\u0003\u00f0Your access has ended.');
    expect((await get('/clusters/east/version', token)).status).toBe(401);
    expect(stand.door.snapshotStreams()).toEqual([]);
    await expect
      .poll(
        async () =>
          (
            await stand.db.sql.query('SELECT replica_id, jsonb_array_length(cut) AS cut FROM revocation_ack WHERE revocation_id = $1', [
              revocationId,
            ])
          ).rows,
      )
      .toEqual([{ replica_id: 'x-test', cut: 3 }]);
    await expect
      .poll(
        async () =>
          (
            await stand.db.sql.query(
              `SELECT detail->>'reason' AS reason FROM audit_event WHERE event = 'stream.cut' AND subject_id = 'p-gina'`,
            )
          ).rows,
      )
      .toEqual(Array(3).fill({ reason: 'account-disabled' }));
    watch.destroy();
  });

  test('a watch in the middle of an event is broken off, never ended', async () => {
    const token = await stand.token('alice');
    heldOpen(`${jsonStream}${chunk('{"type":"ADD')}`);
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(['GET /clusters/east/api/v1/namespaces/shop/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/ADD/);
    await stand.write('credential', 'k-', `UPDATE credential SET revoked_at = now() WHERE person_id = 'p-alice' AND id = $1`, [
      `k-${token.slice(3, 15)}`,
    ]);
    await changedCredential(token);
    await watch.ended();
    expect(watch.text()).not.toContain('\r\n0\r\n\r\n');
  });

  async function changedCredential(token: string) {
    await stand.write('credential', `k-${token.slice(3, 15)}`, 'SELECT 1');
  }

  test('a grant that ends takes the streams that were opened with it', async () => {
    const token = await stand.token('frank');
    const id = await stand.grant('frank', viewerId, { kind: 'namespaces', clusterId: clusterId('west'), namespaces: ['pay'] });
    heldOpen(`${jsonStream}${chunk('{"type":"ADDED"}\n')}`);
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(['GET /clusters/west/api/v1/namespaces/pay/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/ADDED/);
    await stand.write('binding', id, 'UPDATE binding SET revoked_at = now() WHERE id = $1', [id]);
    await watch.until(/\r\n0\r\n\r\n$/, 1_000);
    expect((await get('/clusters/west/version', token)).status).toBe(403);
    watch.destroy();
  });

  test('a changed set of namespaces closes the watch of them, and the next that resumes is told to list again (PROTOCOLS B3)', async () => {
    const token = await stand.token('alice');
    heldOpen(`${jsonStream}${chunk('{"type":"BOOKMARK"}\n')}`);
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(['GET /clusters/east/api/v1/namespaces?watch=1&resourceVersion=5 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/BOOKMARK/);
    await stand.grant('alice', viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['pay'] });
    await watch.until(/\r\n0\r\n\r\n$/, 1_000);
    upstream.script = (_request, socket) => void socket.write(ok());
    const resumed = await get('/clusters/east/api/v1/namespaces?watch=1&resourceVersion=5', token);
    expect(resumed.status).toBe(410);
    expect(status(resumed.body).reason).toBe('Expired');
    expect((await get('/clusters/east/api/v1/namespaces', token)).status).toBe(200);
    expect(decodeURIComponent(upstream.seen.at(-1)?.line ?? '')).toContain('in (pay,shop)');
    expect((await get('/clusters/east/api/v1/namespaces?watch=1&resourceVersion=6', token)).status).toBe(200);
    watch.destroy();
  });

  test('a role that lost a rule: its streams are asked again once the cluster has it, and cut when the cluster says no (DECISIONS 18)', async () => {
    const token = await stand.token('alice');
    heldOpen(`${jsonStream}${chunk('{"type":"ADDED"}\n')}`);
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(['GET /clusters/east/api/v1/namespaces/shop/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/ADDED/);
    let allowed = true;
    upstream.script = (_request, socket) => void socket.write(ok(JSON.stringify({ status: { allowed } })));
    const convergedOnRole = async () => {
      upstream.seen.length = 0;
      await stand.write('role', viewerId, 'UPDATE role SET version = version + 1 WHERE id = $1', [viewerId]);
      expect(upstream.seen).toEqual([]);
      await stand.db.sql.query(
        `INSERT INTO cluster_status (cluster_id, converged_seq) VALUES ($1, $2) ON CONFLICT (cluster_id) DO UPDATE SET converged_seq = $2`,
        [clusterId('east'), stand.feed.seq.toString()],
      );
      await expect.poll(() => upstream.seen.length).toBe(1);
      return JSON.parse(upstream.seen[0]?.body ?? '').spec.resourceAttributes;
    };
    expect(await convergedOnRole()).toMatchObject({ verb: 'watch', resource: 'pods', namespace: 'shop' });
    expect(upstream.seen[0]?.headers).toContain('Impersonate-User: gatehouse:alice@corp.example');
    expect(watch.text()).not.toContain('\r\n0\r\n\r\n');
    allowed = false;
    await convergedOnRole();
    await watch.until(/\r\n0\r\n\r\n$/, 1_000);
    watch.destroy();
  });

  test('renewing on a device: the old credential ends at the new one’s first use', async () => {
    const older = await stand.token('alice', { deviceId: 'dv-1' });
    const newer = await stand.token('alice', { deviceId: 'dv-1' });
    expect((await get('/clusters/east/version', older)).status).toBe(200);
    expect((await get('/clusters/east/version', newer)).status).toBe(200);
    await expect.poll(async () => (await get('/clusters/east/version', older)).status).toBe(401);
  });
});

describe('when we do not know, we do not serve', () => {
  test('a name that the cluster has not confirmed yet is 503 with Retry-After', async () => {
    await stand.write('cluster-entry', clusterId('east'), `DELETE FROM cluster_entry WHERE person_id = 'p-alice' AND cluster_id = $1`, [
      clusterId('east'),
    ]);
    const answer = await get('/clusters/east/version', alice);
    expect(answer.status).toBe(503);
    expect(answer.head).toMatch(/Retry-After: \d/);
    await stand.write(
      'cluster-entry',
      clusterId('east'),
      `INSERT INTO cluster_entry (cluster_id, wire_name, person_id) VALUES ($1, 'gatehouse:alice@corp.example', 'p-alice')`,
      [clusterId('east')],
    );
    expect((await get('/clusters/east/version', alice)).status).toBe(200);
  });

  test('a directory that has been silent for 20 minutes: secrets and shells 503, ordinary reading still served; after two hours nothing is', async () => {
    const silentFor = (minutes: number) =>
      stand.write('domain-controller', 'dc-1', `UPDATE domain_controller SET fresh_at = now() - make_interval(mins => $1)`, [minutes]);
    await silentFor(20);
    expect((await get('/clusters/east/api/v1/namespaces/shop/secrets', alice)).status).toBe(503);
    expect((await raw(...upgradeLines(alice))).status).toBe(503);
    expect((await get('/clusters/east/api/v1/namespaces/shop/pods', alice)).status).toBe(200);
    await silentFor(120);
    expect((await get('/clusters/east/api/v1/namespaces/shop/pods', alice)).status).toBe(503);
    await silentFor(0);
    expect((await get('/clusters/east/api/v1/namespaces/shop/pods', alice)).status).toBe(200);
  });

  test('a cluster that is down is 502 for itself and nothing for the others (F13)', async () => {
    await stand.grant('alice', viewerId, { kind: 'cluster', clusterId: clusterId('west') });
    await stand.write('cluster', clusterId('west'), `UPDATE cluster SET server_url = 'https://127.0.0.1:1' WHERE id = $1`, [
      clusterId('west'),
    ]);
    expect((await get('/clusters/west/version', alice)).status).toBe(502);
    expect((await get('/clusters/east/version', alice)).status).toBe(200);
  });

  test('a cluster behind another certificate hears not a byte of us (F16)', async () => {
    const other = await startScriptedUpstream();
    await stand.write('cluster', clusterId('west'), 'UPDATE cluster SET server_url = $2 WHERE id = $1', [clusterId('west'), other.url]);
    expect((await get('/clusters/west/version', alice)).status).toBe(502);
    expect(other.seen).toEqual([]);
    await other.close();
  });

  test('a lease that is over: requests 503 and open streams cut, within the lease and not after it (F11, F21)', async () => {
    const token = await stand.token('alice');
    upstream.script = (_request, socket) =>
      void socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n');
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(['GET /clusters/east/api/v1/namespaces/shop/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/\{\}/);
    await stand.feed.stop();
    await watch.until(/\r\n0\r\n\r\n$/, 6_000);
    const answer = await get('/clusters/east/version', token);
    expect(answer.status).toBe(503);
    expect(answer.head).toMatch(/Retry-After: \d/);
    await stand.feed.start();
    upstream.script = (_request, socket) => void socket.write(ok());
    expect((await get('/clusters/east/version', token)).status).toBe(200);
    watch.destroy();
  });
});
