import { describe, expect, test } from 'vitest';
import { alice, frank, get, raw, stand, standBeforeTheDoor, statusIn, upgradeLines, upstream } from './testing/front.ts';
import { openRaw } from './testing/raw-client.ts';
import { clusterId } from './testing/stand.ts';

standBeforeTheDoor();

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
      expect(statusIn(plain.body)).toMatchObject({ kind: 'Status', code: 403, reason: 'Forbidden' });
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
    expect(statusIn(answer.body)).toMatchObject({ kind: 'Status', code: 401, reason: 'Unauthorized' });
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
