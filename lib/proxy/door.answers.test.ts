import { describe, expect, test } from 'vitest';
import { alice, get, raw, stand, standBeforeTheDoor, upgradeLines, upstream } from './testing/front.ts';
import { openRaw } from './testing/raw-client.ts';

standBeforeTheDoor();

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

  test('an application’s redirect within its cluster leads back through this door; any other stays as it is, and nobody’s credential goes with it', async () => {
    const proxied = '/clusters/east/api/v1/namespaces/shop/services/web/proxy/';
    for (const [said, heard] of [
      ['/api/v1/namespaces/shop/services/web/proxy/login', '/clusters/east/api/v1/namespaces/shop/services/web/proxy/login'],
      ['/apis/metrics.k8s.io/v1', '/clusters/east/apis/metrics.k8s.io/v1'],
      ['/login', '/login'],
      ['login', 'login'],
      ['//evil.example/api/', '//evil.example/api/'],
      ['https://evil.example/api/', 'https://evil.example/api/'],
    ]) {
      upstream.script = (_request, socket) =>
        void socket.write(`HTTP/1.1 302 Found\r\nLocation: ${said}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n`);
      const answer = await get(proxied, alice);
      expect(answer.status).toBe(302);
      expect(answer.head).toContain(`\r\nLocation: ${heard}`);
      expect(answer.head).not.toMatch(/bearer|set-cookie/i);
    }
  });

  test('an answer that only the end of its connection ends is passed on as such, and never looks whole', async () => {
    upstream.script = (_request, socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello');
    const client = await openRaw(stand.url, stand.caPem);
    client.send(['GET /clusters/east/api/v1/pods HTTP/1.1', 'Host: door', `Authorization: Bearer ${alice}`]);
    await client.ended();
    expect(client.text()).toMatch(/\r\nConnection: close\r\n(?:.*\r\n)*\r\nhello$/i);
    expect(client.text()).not.toMatch(/transfer-encoding|content-length/i);
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

  test('a body flows up as it comes, and an early answer is not lost', async () => {
    upstream.takesOver = (_head, socket) => socket.write('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig');
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
