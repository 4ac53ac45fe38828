import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createPortalServer } from './front.ts';

type Seen = { url: string | undefined; headers: NodeJS.Dict<string | string[]> };
let stop: () => Promise<void> = async () => {};
afterEach(() => stop());

/** A portal whose pages only note what got through to them. */
async function front(options: { trustedProxies?: string[]; portalUrl?: string } = {}) {
  const seen: Seen[] = [];
  const server = createPortalServer({
    portalUrl: options.portalUrl ?? 'http://127.0.0.1',
    trustedProxies: options.trustedProxies ?? [],
    async handle(request, response) {
      seen.push({ url: request.url, headers: { ...request.headers } });
      response.end('page');
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  stop = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  const raw = (bytes: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', () => resolve(answer));
      setTimeout(() => socket.destroy(), 1500);
    });
  const get = (path: string, headers: string[] = [], method = 'GET') =>
    raw(`${method} ${path} HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`);
  return { server, seen, raw, get };
}

const status = (answer: string) => Number(answer.split(' ')[1]);
const header = (answer: string, name: string) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(answer)?.[1];

describe('the front of the portal', () => {
  test('refuses what could be read in two ways, before any page sees it', async () => {
    const { seen, get, raw } = await front();
    const refused = [
      await get('http://169.254.169.254/'),
      await get('//evil.example/'),
      await get('/a\\b'),
      await get('/a#/healthz'),
      await get('/a%00b'),
      await get('/..%5c..%5cadmin'),
      await get('/', ['Host: other']),
      await get('/', ['Authorization: Bearer a', 'Authorization: Bearer b']),
      await get('/api/v1/me', ['Transfer-Encoding: x, chunked'], 'POST'),
      await get('/api/v1/me', ['Content-Length: 4', 'Transfer-Encoding: chunked'], 'POST'),
      await get('/api/v1/me', ['Content-Length: 4', 'Content-Length: 5'], 'POST'),
      await raw('GET / HTTP/1.1\r\nHost : portal\r\n\r\n'),
      await raw('GET / HTTP/1.1\r\nHost: portal\r\n folded: yes\r\n\r\n'),
    ];
    expect(refused.map(status)).toEqual(refused.map(() => 400));
    expect(seen).toEqual([]);
  });

  test('upgrades nothing, connects nowhere and traces nothing', async () => {
    const { seen, get, raw, server } = await front();
    for (const upgrade of ['websocket', 'h2c', 'tcp'])
      expect(status(await get('/', [`Upgrade: ${upgrade}`, 'Connection: Upgrade']))).toBe(400);
    expect(status(await raw('CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n'))).toBe(400);
    expect([status(await get('/', [], 'TRACE')), status(await get('/', [], 'OPTIONS'))]).toEqual([405, 405]);
    expect(seen).toEqual([]);
    expect([server.listenerCount('upgrade'), server.listenerCount('connect'), server.listenerCount('request')]).toEqual([1, 1, 1]);
  });

  test('takes a change only under /api/, so that no page can be made to act', async () => {
    const { seen, get } = await front();
    const began = performance.now();
    for (const path of ['/', '/login', '/admin', '/apix'])
      expect(status(await get(path, ['Next-Action: 00', 'Content-Type: text/plain'], 'POST'))).toBe(405);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(seen).toEqual([]);
  });

  test('takes away every header that only we or the framework may say', async () => {
    const { seen, get } = await front();
    const forged = [
      'x-middleware-subrequest: middleware:middleware:middleware:middleware:middleware',
      'x-forwarded-host: evil.example',
      'x-forwarded-for: 10.0.0.1',
      'x-forwarded-uri: /healthz',
      'x-original-url: /healthz',
      'x-rewrite-url: /healthz',
      'x-gatehouse-address: 10.0.0.1',
      'x-gatehouse-path: /admin',
      'x-nonce: forged',
      'next-action: 00',
      'content-security-policy: script-src *',
    ];
    await get('/login', [...forged, 'x-gatehouse-request: 1']);
    const [{ headers } = { headers: {} }] = seen;
    expect(headers).toMatchObject({ 'x-gatehouse-address': '127.0.0.1', 'x-gatehouse-path': '/login', 'x-gatehouse-request': '1' });
    expect(JSON.stringify(headers)).not.toMatch(/evil|healthz|forged|10\.0\.0\.1|subrequest|script-src \*|"00"/);
  });

  test('believes X-Forwarded-For only from a proxy that is trusted, and then the last address that is not one', async () => {
    const { seen, get } = await front({ trustedProxies: ['127.0.0.0/8', '10.1.0.0/16'] });
    await get('/', ['X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.1.2.3']);
    await get('/', ['X-Forwarded-For: nonsense']);
    expect(seen.map(({ headers }) => headers['x-gatehouse-address'])).toEqual(['203.0.113.9', '127.0.0.1']);
  });

  test('puts the security headers on every answer, with a nonce of its own each time', async () => {
    const { get } = await front();
    const [one, other] = [await get('/'), await get('/')];
    const nonce = (answer: string) => /'nonce-([^']+)'/.exec(header(answer, 'content-security-policy') ?? '')?.[1];
    expect(nonce(one)).toMatch(/^.{20,}$/);
    expect(nonce(one)).not.toBe(nonce(other));
    for (const directive of [
      "default-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "form-action 'self'",
    ]) {
      expect(header(one, 'content-security-policy')).toContain(directive);
    }
    expect(header(one, 'content-security-policy')).not.toMatch(/script-src[^;]*unsafe/);
    expect([header(one, 'x-content-type-options'), header(one, 'referrer-policy'), header(one, 'cache-control')]).toEqual([
      'nosniff',
      'no-referrer',
      'no-store',
    ]);
    expect(header(one, 'strict-transport-security')).toBeUndefined();
  });

  test('asks for https for good where the portal is https', async () => {
    const { get } = await front({ portalUrl: 'https://portal.example' });
    expect(header(await get('/'), 'strict-transport-security')).toMatch(/max-age=31536000/);
  });

  test('has bounds: address, headers and body', async () => {
    const { seen, get } = await front();
    expect(status(await get(`/${'a'.repeat(9000)}`))).toBe(414);
    expect(status(await get('/', [`X-Long: ${'a'.repeat(40_000)}`]))).toBe(431);
    expect(status(await get('/api/v1/me', ['Content-Length: 1073741824'], 'POST'))).toBe(413);
    expect(seen).toEqual([]);
  });
});
