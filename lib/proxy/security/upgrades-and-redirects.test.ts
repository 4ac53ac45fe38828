/** Upgrades leave no authenticated pipe behind, redirects lead nowhere, and cookies are no credential (SECURITY 1a, 1b). */
import { describe, expect, test } from 'vitest';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import type { Log } from '#lib/log/log.ts';
import {
  alice,
  asked,
  auditIdIn,
  execPath,
  get,
  heard,
  protocolOf,
  raw,
  shapes,
  stand,
  standBeforeTheDoor,
  statusIn,
  upgrades,
  upstream,
} from '../testing/front.ts';
import { ask, openRaw } from '../testing/raw-client.ts';
import { ok, startScriptedUpstream, switching } from '../testing/scripted-upstream.ts';
import { clusterId, startStand } from '../testing/stand.ts';

standBeforeTheDoor();

const next = 'GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n';

describe.each(upgrades)('%s', (shape) => {
  test.each([400, 403, 404, 500])(
    'that the cluster answers with %s: the whole answer, then the end of both sockets, and nothing that stood behind it is served (SECURITY 13)',
    async (code) => {
      const body = JSON.stringify({ kind: 'Status', message: 'no', code, filler: 'x'.repeat(50_000) });
      upstream.script = (_request, socket) =>
        void socket.write(
          `HTTP/1.1 ${code} No\r\nContent-Type: application/json\r\nX-Own: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      const before = upstream.open().length;
      for (const late of [false, true]) {
        const client = await openRaw(stand.url, stand.caPem);
        client.send(asked(shape, alice), late ? '' : next + next);
        if (late) {
          await client.until(/\r\n\r\n/);
          client.socket.write(next);
        }
        await client.ended(10_000);
        expect(client.text()).toMatch(new RegExp(`^HTTP/1\\.1 ${code} [\\s\\S]*\\r\\nX-Own: a\\r\\n`));
        expect(client.text().endsWith(body)).toBe(true);
        expect(client.text().match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
      }
      expect(upstream.seen).toHaveLength(2);
      for (const request of upstream.seen) {
        expect(request.headers).toEqual(heard(shape, auditIdIn(request.headers)));
        expect(request.behind).toBe('');
      }
      await expect.poll(() => upstream.open().length, { timeout: 10_000 }).toBeLessThanOrEqual(before);
    },
  );

  test.each([200, 204, 300])('that the cluster answers with %s, which is no upgrade, is no pipe either (SECURITY 13)', async (code) => {
    upstream.script = (_request, socket) => void socket.write(`HTTP/1.1 ${code} Hm\r\nContent-Length: 0\r\n\r\n`);
    const client = await openRaw(stand.url, stand.caPem);
    client.send(asked(shape, alice), next);
    await client.ended(10_000);
    expect(client.text().match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${code === 300 ? 502 : code}`]);
    expect(upstream.seen.map(({ behind }) => behind)).toEqual(['']);
  });

  test('what stands behind it waits for the 101 and goes nowhere before (SECURITY 13; V5)', async () => {
    let agree = () => {};
    const asking = new Promise<void>((resolve) => {
      upstream.script = (_request, socket) => {
        agree = () => void socket.write(switching(protocolOf(shape)));
        resolve();
      };
    });
    const client = await openRaw(stand.url, stand.caPem);
    client.send(asked(shape, alice), 'early');
    await asking;
    client.socket.write(' and more');
    await client.socket.write('');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(upstream.seen[0]?.behind).toBe('');
    agree();
    await client.until(/101 Switching Protocols/);
    await expect.poll(() => upstream.seen[0]?.behind, { timeout: 10_000 }).toBe('early and more');
    client.destroy();
  });

  test('behind the 101 nobody reads along: what looks like a request is bytes of the new protocol (SECURITY 13)', async () => {
    upstream.script = (_request, socket) => void socket.write(switching(protocolOf(shape)));
    const client = await openRaw(stand.url, stand.caPem);
    client.send(asked(shape, alice));
    await client.until(/101 Switching Protocols[\s\S]*\r\n\r\n/);
    client.socket.write(next);
    await expect.poll(() => upstream.seen[0]?.behind, { timeout: 10_000 }).toBe(next);
    expect(upstream.seen).toHaveLength(1);
    client.destroy();
  });

  test('its answer goes down as it came, with the cluster’s own word for the protocol, and no cookie', async () => {
    upstream.script = (_request, socket) =>
      void socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${protocolOf(shape)}\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\nSet-Cookie: a=b\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n\u0081\u0001x`,
      );
    const client = await openRaw(stand.url, stand.caPem);
    client.send(asked(shape, alice));
    await client.until(/\r\n\r\n[\s\S]{3}/);
    expect(client.text()).toMatch(/\r\nSec-WebSocket-Accept: x\r\n/);
    expect(client.text()).toMatch(/\r\nX-Stream-Protocol-Version: v4\.channel\.k8s\.io\r\n/);
    expect(client.text()).not.toMatch(/set-cookie/i);
    client.destroy();
  });

  test('another protocol than was asked for is not agreed to', async () => {
    upstream.script = (_request, socket) =>
      void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n');
    const client = await openRaw(stand.url, stand.caPem);
    client.send(asked(shape, alice), next);
    await client.ended(10_000);
    expect(client.text()).toMatch(/^HTTP\/1\.1 502 /);
    expect(upstream.seen.map(({ behind }) => behind)).toEqual(['']);
  });

  test.each(['h2c', 'tcp', 'TLS/1.0', 'HTTP/2.0', 'websocket, h2c', 'SPDY/2', 'SPDY/3', 'websocket/13', ''])(
    'to %s is 400 and reaches nobody (SECURITY 19, F27)',
    async (protocol) => {
      const lines = asked(shape, alice).map((line) => (line.startsWith('Upgrade: ') ? `Upgrade: ${protocol}` : line));
      const answer = await raw(...lines, 'HTTP2-Settings: AAMAAABkAAQAAP__');
      if (protocol === '' && answer.status === 200) {
        // Without a word for it there is no upgrade: served as the plain request that it is.
        expect(upstream.seen[0]?.headers.join('\n')).not.toMatch(/upgrade/i);
        return;
      }
      expect(answer.status).toBe(400);
      expect(upstream.seen).toEqual([]);
    },
  );

  test.each([
    ['a second protocol in a second line', ['Upgrade: h2c']],
    ['a body', ['Content-Length: 3']],
    ['a chunked body', ['Transfer-Encoding: chunked']],
    ['an expectation', ['Expect: 100-continue']],
  ])('with %s is 400 and ends (F27)', async (_name, headers) => {
    const client = await openRaw(stand.url, stand.caPem);
    client.send(asked(shape, alice, { headers }), 'abc');
    await client.ended(10_000);
    expect(client.text()).toMatch(/^HTTP\/1\.1 400 /);
    expect(client.text().match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    expect(upstream.seen).toEqual([]);
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('by %s is 400 (F27)', async (method) => {
    const [line = '', ...rest] = asked(shape, alice);
    expect((await raw(line.replace(/^\w+/, method), ...rest)).status).toBe(400);
    expect(upstream.seen).toEqual([]);
  });
});

describe('a WebSocket (F27)', () => {
  test.each([
    ['no key', 'Sec-WebSocket-Key', null],
    ['a short key', 'Sec-WebSocket-Key', 'YQ=='],
    ['a key that is no base64', 'Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25j!!=='],
    ['no version', 'Sec-WebSocket-Version', null],
    ['an old version', 'Sec-WebSocket-Version', '8'],
    ['two versions in one', 'Sec-WebSocket-Version', '13, 8'],
  ])('with %s is 400', async (_name, name, value) => {
    const lines = asked('a WebSocket upgrade', alice).flatMap((line) =>
      line.startsWith(`${name}:`) ? (value === null ? [] : [`${name}: ${value}`]) : [line],
    );
    const answer = await raw(...lines);
    expect(answer.status).toBe(400);
    expect(statusIn(answer.body).kind).toBe('Status');
    expect(upstream.seen).toEqual([]);
  });

  test('with its key or version twice is 400', async () => {
    for (const header of ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'])
      expect((await raw(...asked('a WebSocket upgrade', alice, { headers: [header] }))).status).toBe(400);
    expect(upstream.seen).toEqual([]);
  });

  test('with a subprotocol that we do not know is the cluster’s or the application’s to judge', async () => {
    const lines = asked('a WebSocket upgrade', alice).map((line) => line.replace('v5.channel.k8s.io', 'graphql-ws, v9.channel.k8s.io'));
    upstream.script = (_request, socket) => void socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    expect((await raw(...lines)).status).toBe(403);
    expect(upstream.seen[0]?.headers).toContain('Sec-WebSocket-Protocol: graphql-ws, v9.channel.k8s.io');
  });
});

describe('a browser’s token, which comes as a subprotocol (SECURITY 18)', () => {
  const prefix = 'base64url.bearer.authorization.k8s.io.';
  const encoded = (token: string) => prefix + Buffer.from(token).toString('base64url');
  const withProtocols = (...protocols: string[]) => [
    ...asked('a WebSocket upgrade', null).filter((line) => !line.startsWith('Sec-WebSocket-Protocol')),
    ...protocols.map((protocol) => `Sec-WebSocket-Protocol: ${protocol}`),
  ];

  test('lets in, goes no further, is never echoed, logged or written down', async () => {
    const logged: string[] = [];
    const keep = (facts: object, message: string) => void logged.push(`${message} ${JSON.stringify(facts)}`);
    const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
    const own = await startStand({
      clusters: [{ name: 'east', serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop'] }],
      people: ['alice'],
      log,
    });
    await own.grant('alice', viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
    const token = await own.token('alice');
    const said: string[] = [];
    const put = async (...protocols: string[]) => {
      const answer = await ask(own.url, own.caPem, withProtocols(...protocols));
      said.push(answer.head, answer.body);
      return answer.status;
    };
    upstream.script = (_request, socket) =>
      void socket.write('HTTP/1.1 403 Forbidden\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\nContent-Length: 0\r\n\r\n');
    for (const protocols of [
      [`${encoded(token)}, v5.channel.k8s.io`],
      [`v5.channel.k8s.io,${encoded(token)}`],
      [encoded(token), 'v5.channel.k8s.io'],
      ['v5.channel.k8s.io, v4.channel.k8s.io', encoded(token)],
    ])
      expect(await put(...protocols)).toBe(403);
    expect(upstream.seen.map(({ headers }) => headers.filter((header) => /protocol/i.test(header)))).toEqual([
      ['Sec-WebSocket-Protocol: v5.channel.k8s.io'],
      ['Sec-WebSocket-Protocol: v5.channel.k8s.io'],
      ['Sec-WebSocket-Protocol: v5.channel.k8s.io'],
      ['Sec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io'],
    ]);
    upstream.script = (_request, socket) => void socket.destroy();
    expect(await put(`${encoded(token)}, v5.channel.k8s.io`)).toBe(502);
    expect(await put(`${encoded(`${token}x`)}, v5.channel.k8s.io`)).toBe(401);
    const { rows } = await own.db.sql.query<{ all: string | null }>(`SELECT string_agg(detail::text, ' ') AS all FROM audit_event`);
    const secret = token.slice(token.lastIndexOf('_') + 1);
    for (const text of [...logged, ...said, ...upstream.seen.map(({ head }) => head), rows[0]?.all ?? '']) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(encoded(token).slice(prefix.length + 8));
    }
    expect(logged.length).toBeGreaterThan(0);
    await own.stop();
  });

  test.each([
    ['a bad token', () => [`${encoded('gh_bad')}, v5.channel.k8s.io`], 401],
    ['an empty token', () => [`${prefix}, v5.channel.k8s.io`], 401],
    ['the bearer entry alone', () => [encoded(alice)], 400],
    ['two bearer entries', () => [`${encoded(alice)}, ${encoded(alice)}, v5.channel.k8s.io`], 400],
    ['two bearer entries in two lines', () => [`${encoded(alice)}, v5.channel.k8s.io`, encoded(alice)], 400],
    ['padding, which Kubernetes refuses as well', () => [`${encoded(alice)}==, v5.channel.k8s.io`], 401],
    ['letters that are no base64url', () => [`${encoded(alice).slice(0, -4)}!*${encoded(alice).slice(-4)}, v5.channel.k8s.io`], 401],
    ['the prefix in capitals', () => [`${encoded(alice).toUpperCase()}, v5.channel.k8s.io`], 401],
    ['a line break in the token', () => [`${encoded(`${alice}\r\n`)}, v5.channel.k8s.io`], 401],
  ] as const)('%s is refused', async (_name, protocols, code) => {
    expect((await raw(...withProtocols(...protocols()))).status).toBe(code);
    expect(upstream.seen).toEqual([]);
  });

  test('besides an Authorization it is one too many', async () => {
    const lines = [...withProtocols(`${encoded(alice)}, v5.channel.k8s.io`), `Authorization: Bearer ${alice}`];
    expect((await raw(...lines)).status).toBe(400);
    expect(upstream.seen).toEqual([]);
  });
});

describe('cookies and origins mean nothing here (SECURITY 17)', () => {
  test.each(shapes)('%s with a cookie, from whatever origin, is nobody', async (shape) => {
    for (const origin of [[], ['Origin: https://evil.example'], ['Origin: null'], [`Origin: ${stand.url}`]])
      expect(
        (await raw(...asked(shape, null, { headers: ['Cookie: __Host-gatehouse.session=abc; gatehouse=abc', ...origin] }))).status,
      ).toBe(401);
    expect(upstream.seen).toEqual([]);
  });

  test('an answer allows no origin anything, and sets no cookie', async () => {
    upstream.script = (_request, socket) => void socket.write(ok('{}', 'Set-Cookie: a=b\r\nContent-Type: application/json\r\n'));
    const answer = await get('/clusters/east/version', alice, 'Origin: https://evil.example');
    expect(answer.head).not.toMatch(/set-cookie|access-control-/i);
    const preflight = await raw(
      'OPTIONS /clusters/east/version HTTP/1.1',
      'Host: door',
      'Origin: https://evil.example',
      'Access-Control-Request-Method: GET',
    );
    expect(preflight.status).toBe(401);
    expect(preflight.head).not.toMatch(/access-control-/i);
  });
});

describe('redirects (SECURITY 7, 14)', () => {
  test.each([301, 302, 303, 307, 308])(
    '%s is followed by nobody and told to nobody: 502, for requests and upgrades alike',
    async (code) => {
      const collector = await startScriptedUpstream();
      upstream.script = (_request, socket) =>
        void socket.write(`HTTP/1.1 ${code} Moved\r\nLocation: ${collector.url}/${code}\r\nContent-Length: 5\r\n\r\nmoved`);
      const targets = [
        '/clusters/east/api/v1/pods',
        '/clusters/east/api/v1/pods?watch=1',
        '/clusters/east/apis',
        '/clusters/east/apis/metrics.k8s.io/v1beta1/nodes',
        execPath,
      ];
      for (const target of targets) {
        for (const shape of target === execPath ? shapes : (['a plain request'] as const)) {
          const answer = await raw(...asked(shape, alice, { target }));
          expect(answer.status).toBe(502);
          expect(statusIn(answer.body)).toMatchObject({ kind: 'Status', code: 502 });
          expect(answer.head + answer.body).not.toContain(collector.url);
        }
      }
      expect(collector.connections()).toBe(0);
      await collector.close();
    },
  );

  test('304 passes; an application behind a service may redirect, without anything of ours', async () => {
    upstream.script = (_request, socket) => void socket.write('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n');
    expect((await get('/clusters/east/openapi/v3', alice, 'If-None-Match: "a"')).status).toBe(304);
    upstream.script = (_request, socket) => void socket.write('HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n');
    const answer = await get('/clusters/east/api/v1/namespaces/shop/services/web/proxy/', alice);
    expect(answer.status).toBe(302);
    expect(answer.head).not.toMatch(/door-token|gatehouse:/);
  });
});
