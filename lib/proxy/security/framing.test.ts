/** Where one request ends and the next begins: whatever two readers could measure differently is refused, and with it the connection (SECURITY 1c). */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import {
  alice,
  asked,
  auditIdIn,
  get,
  heard,
  raw,
  shapes,
  stand,
  standBeforeTheDoor,
  statusIn,
  upgrades,
  upstream,
} from '../testing/front.ts';
import { openRaw } from '../testing/raw-client.ts';
import { ok } from '../testing/scripted-upstream.ts';

standBeforeTheDoor();

const path = '/clusters/east/api/v1/namespaces/shop/configmaps';
const smuggled = `GET /clusters/east/api/v1/secrets HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer `;
const post = (...headers: string[]) => [`POST ${path} HTTP/1.1`, 'Host: door', `Authorization: Bearer ${alice}`, ...headers];

/** Sends bytes as they are, with a good second request behind them, and gives all that came back until the door hung up. */
async function refused(bytes: string): Promise<string> {
  const client = await openRaw(stand.url, stand.caPem);
  client.socket.write(bytes, 'latin1');
  client.socket.write(`${smuggled}${alice}\r\n\r\n`, 'latin1');
  await client.ended(10_000);
  return client.text();
}

function expectOneRefusal(text: string): void {
  expect(text).toMatch(/^HTTP\/1\.1 400 [^\r]+\r\n/);
  expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  expect(text).toMatch(/\r\nConnection: close\r\n/i);
  expect(statusIn(text.slice(text.indexOf('\r\n\r\n') + 4))).toMatchObject({ kind: 'Status', code: 400, reason: 'BadRequest' });
}

describe('a head that can be read in two ways is 400, the connection ends, and nothing behind it is served (SECURITY 25)', () => {
  const lines = (...headers: string[]) => `${post(...headers).join('\r\n')}\r\n\r\n`;
  const heads: [string, () => string][] = [
    ['Content-Length with Transfer-Encoding', () => `${lines('Content-Length: 3', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
    ['Transfer-Encoding before Content-Length', () => `${lines('Transfer-Encoding: chunked', 'Content-Length: 3')}0\r\n\r\n`],
    ['Transfer-Encoding: x, chunked', () => `${lines('Transfer-Encoding: x, chunked')}0\r\n\r\n`],
    ['Transfer-Encoding: chunked, identity', () => `${lines('Transfer-Encoding: chunked, identity')}0\r\n\r\n`],
    ['Transfer-Encoding: gzip, chunked', () => `${lines('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`],
    ['Transfer-Encoding: identity', () => lines('Transfer-Encoding: identity')],
    ['Transfer-Encoding: chunked twice', () => `${lines('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
    ['Transfer-Encoding: xchunked', () => `${lines('Transfer-Encoding: xchunked')}0\r\n\r\n`],
    ['Transfer-Encoding: "chunked"', () => `${lines('Transfer-Encoding: "chunked"')}0\r\n\r\n`],
    ['an empty Transfer-Encoding', () => lines('Transfer-Encoding:')],
    ['a space before the colon', () => lines('Transfer-Encoding : chunked')],
    ['a space before the colon of Authorization', () => `GET ${path} HTTP/1.1\r\nHost: door\r\nAuthorization : Bearer ${alice}\r\n\r\n`],
    ['a folded header', () => lines('Accept: a', ' b')],
    ['a folded Authorization', () => `GET ${path} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer\r\n ${alice}\r\n\r\n`],
    ['a line that begins with a space before any header', () => `GET ${path} HTTP/1.1\r\n Host: door\r\nHost: door\r\n\r\n`],
    ['a folded Content-Length', () => lines('Content-Length:', ' 3')],
    ['Content-Length: +3', () => `${lines('Content-Length: +3')}abc`],
    ['Content-Length: -1', () => lines('Content-Length: -1')],
    ['Content-Length: 0x3', () => `${lines('Content-Length: 0x3')}abc`],
    ['Content-Length: 3, 3', () => `${lines('Content-Length: 3, 3')}abc`],
    ['Content-Length: 3 4', () => `${lines('Content-Length: 3 4')}abc`],
    ['Content-Length beyond 2^64', () => lines('Content-Length: 18446744073709551619')],
    ['an empty Content-Length', () => lines('Content-Length:')],
    ['two lengths', () => `${lines('Content-Length: 3', 'Content-Length: 4')}abc`],
    ['the same length twice', () => `${lines('Content-Length: 3', 'content-length: 3')}abc`],
    ['a bare CR in a value', () => lines('Accept: a\rTransfer-Encoding: chunked')],
    ['a bare CR that ends a line', () => `GET ${path} HTTP/1.1\r\nHost: door\rAuthorization: Bearer ${alice}\r\n\r\n`],
    ['a bare LF that ends a header', () => `GET ${path} HTTP/1.1\r\nHost: door\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['a bare LF that ends the request line', () => `GET ${path} HTTP/1.1\nHost: door\r\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['a bare LF that ends the head', () => `GET ${path} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer ${alice}\n\n`],
    ['a NUL in a value', () => lines('Accept: a\u0000b')],
    ['a NUL in a name', () => lines('Acc\u0000ept: a')],
    ['a name with a space', () => lines('X Y: a')],
    ['a name with a byte beyond ASCII', () => lines('X\u00e9: a')],
    ['a header without a colon', () => lines('Accept')],
    ['an empty name', () => lines(': a')],
    ['HTTP/1.0', () => `GET ${path} HTTP/1.0\r\nHost: door\r\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['HTTP/1.2', () => `GET ${path} HTTP/1.2\r\nHost: door\r\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['HTTP/0.9', () => `GET ${path}\r\n\r\n`],
    ['a tab in the request line', () => `GET\t${path} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['a second Host', () => lines('Host: other')],
    ['no Host', () => `GET ${path} HTTP/1.1\r\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['a second Authorization', () => lines(`Authorization: Bearer ${alice}`)],
    ['a method in lower case', () => `get ${path} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['a method of somebody’s own', () => `LIST ${path} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['CONNECT', () => `CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['CONNECT to a path', () => `CONNECT ${path} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['TRACE', () => `TRACE ${path} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer ${alice}\r\n\r\n`],
    ['an HTTP/2 preface', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a TLS record', () => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001'],
    ['no request at all', () => 'hello\r\n\r\n'],
    ['an unknown expectation', () => `${lines('Expect: tea', 'Content-Length: 3')}abc`],
    ['an expectation without a body', () => lines('Expect: 100-continue')],
  ];
  test.each(heads)('%s', async (_name, bytes) => {
    expectOneRefusal(await refused(bytes()));
    expect(upstream.seen).toEqual([]);
    expect(upstream.garbage).toEqual([]);
  });

  test.each(upgrades)('the same in %s: length with chunked, two Host, a folded line, a bare LF, HTTP/1.0', async (shape) => {
    const [line = '', ...rest] = asked(shape, alice);
    const text = (...more: string[]) => `${[line, ...rest, ...more].join('\r\n')}\r\n\r\n`;
    for (const bytes of [
      text('Content-Length: 3', 'Transfer-Encoding: chunked'),
      text('Transfer-Encoding: x, chunked'),
      text('Host: other'),
      text('Accept: a', ' b'),
      text('Accept: a\nImpersonate-User: x'),
      text().replace('HTTP/1.1', 'HTTP/1.0'),
      text('Content-Length: 0', 'Content-Length: 0'),
    ])
      expectOneRefusal(await refused(bytes));
    expect(upstream.seen).toEqual([]);
  });
});

describe('a body that breaks its framing', () => {
  const chunked = () => `${post('Transfer-Encoding: chunked').join('\r\n')}\r\n\r\n`;
  test.each([
    ['a size that is no number', 'zz\r\nabc\r\n0\r\n\r\n'],
    ['a negative size', '-1\r\nabc\r\n0\r\n\r\n'],
    ['a size of more than 64 bits', 'fffffffffffffffff\r\nabc'],
    ['0x before the size', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a space before the size', ' 3\r\nabc\r\n0\r\n\r\n'],
    ['a chunk longer than it says', '3\r\nabcd\r\n0\r\n\r\n'],
    ['a bare LF behind the size', '3\nabc\r\n0\r\n\r\n'],
    ['a bare LF behind the chunk', '3\r\nabc\n0\r\n\r\n'],
    ['a bare CR behind the size', '3\rabc\r\n0\r\n\r\n'],
    ['a bare CR in an extension', '3;a\rb\r\nabc\r\n0\r\n\r\n'],
  ])('%s: 400 and the end, never a whole request at the cluster (SECURITY 25)', async (_name, body) => {
    const text = await refused(`${chunked()}${body}`);
    expectOneRefusal(text);
    // The head went on when it came, as it must for a body that flows; the cluster never heard the end of it.
    expect(upstream.seen).toEqual([]);
    expect(upstream.garbage).toEqual([]);
  });

  test('extensions and trailers are read and dropped: the cluster hears the bytes and nothing else (SECURITY 25, DECISIONS)', async () => {
    const client = await openRaw(stand.url, stand.caPem);
    client.send(post('Transfer-Encoding: chunked'), '3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nImpersonate-User: system:admin\r\nX-Late: 1\r\n\r\n');
    await client.until(/HTTP\/1\.1 200 /);
    client.destroy();
    const [request] = upstream.seen;
    expect(request?.body).toBe('abcde');
    const [, ...rest] = heard('a plain request', auditIdIn(request?.headers ?? [])).toReversed();
    expect(request?.headers).toEqual([...rest.toReversed(), 'Transfer-Encoding: chunked', 'Connection: keep-alive']);
    expect(upstream.garbage).toEqual([]);
  });

  test('chunk extensions without end are cut short with 400 or 413, a trailer without end with 431 (SECURITY 27)', async () => {
    for (const [flood, code] of [
      [`1;${'a'.repeat(1024)}\r\n`, /^HTTP\/1\.1 (?:400|413) /],
      [`1\r\na\r\n0\r\n${`X-${'a'.repeat(60)}: b\r\n`.repeat(20)}`, /^HTTP\/1\.1 (?:400|431) /],
    ] as const) {
      const client = await openRaw(stand.url, stand.caPem);
      client.socket.write(chunked(), 'latin1');
      const start = flood.startsWith('1;') ? '1;' : '1\r\na\r\n0\r\n';
      client.socket.write(start, 'latin1');
      const more = flood.startsWith('1;') ? 'a'.repeat(4096) : `X-${'a'.repeat(200)}: b\r\n`.repeat(20);
      const pour = setInterval(() => client.socket.writable && client.socket.write(more, 'latin1'), 2);
      await client.ended(20_000).finally(() => clearInterval(pour));
      expect(client.text()).toMatch(code);
      expect(upstream.seen).toEqual([]);
    }
  });
});

describe('one request behind another', () => {
  test('a cluster sees what was asked for behind one another on a socket one at a time, and more than 64 of them end it (SECURITY 25, 27)', async () => {
    const { script } = upstream;
    const client = await openRaw(stand.url, stand.caPem);
    const request = `${smuggled}${alice}\r\n\r\n`;
    let underWay = 0;
    let most = 0;
    upstream.script = (_request, socket) => {
      underWay += 1;
      most = Math.max(most, underWay);
      setTimeout(() => {
        underWay -= 1;
        socket.write(ok());
      }, 20);
    };
    client.socket.write(request.repeat(5), 'latin1');
    await client.until(/(?:HTTP\/1\.1 200[\s\S]*){5}/);
    expect(most).toBe(1);
    upstream.script = () => {};
    client.socket.write(request.repeat(70), 'latin1');
    await client.ended(10_000);
    upstream.script = script;
  });

  test('pipelined requests are judged one by one, each as whoever its own credential names (SECURITY 25)', async () => {
    const client = await openRaw(stand.url, stand.caPem);
    const one = (token: string, target: string) => `GET ${target} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    client.socket.write(one(alice, '/clusters/east/version') + one('gh_bad', '/clusters/east/version') + one(alice, '/clusters/east/api'));
    await client.until(/(?:HTTP\/1\.1 [\s\S]*){3}\}/);
    expect(client.text().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 200']);
    expect(upstream.seen.map(({ line }) => line).toSorted()).toEqual(['GET /api HTTP/1.1', 'GET /version HTTP/1.1']);
    client.destroy();
  });

  test('an upgrade behind a request that is still being answered ends the connection and reaches nobody (SECURITY 13)', async () => {
    for (const shape of upgrades) {
      upstream.seen.length = 0;
      const client = await openRaw(stand.url, stand.caPem);
      upstream.script = () => {};
      client.send([`GET ${path} HTTP/1.1`, 'Host: door', `Authorization: Bearer ${alice}`, '', ...asked(shape, alice)]);
      await client.ended(10_000);
      expect(client.text()).toBe('');
      for (const { line } of upstream.seen) expect(line).toBe(`GET ${path.slice('/clusters/east'.length)} HTTP/1.1`);
    }
  });

  test('a body’s bytes are a body, however much they look like a request; a whole one arrives byte for byte (SECURITY 25)', async () => {
    const body = `${smuggled}x\r\n\r\n0\r\n\r\n\u0000\u00ff`;
    const client = await openRaw(stand.url, stand.caPem);
    client.send(post(`Content-Length: ${body.length}`), body);
    await client.until(/HTTP\/1\.1 200 /);
    // The reads of the test before may be heard as late as this.
    expect(upstream.seen.filter(({ line }) => line.startsWith('POST ')).map((request) => request.body)).toEqual([body]);
    client.destroy();
  });

  test('a refusal before the body is whole ends the connection: what is left of it is never read as a request (SECURITY 25)', async () => {
    for (const code of [401, 403] as const) {
      const client = await openRaw(stand.url, stand.caPem);
      const token = code === 401 ? 'gh_bad' : alice;
      const extra = code === 403 ? ['Impersonate-User: x'] : [];
      client.send([`POST ${path} HTTP/1.1`, 'Host: door', `Authorization: Bearer ${token}`, ...extra, 'Content-Length: 100000'], smuggled);
      await client.ended(10_000);
      expect(client.text().match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${code}`]);
      expect(upstream.seen).toEqual([]);
    }
  });

  test('a body with a reading is as good with GET and DELETE as with POST', async () => {
    for (const method of ['GET', 'DELETE']) {
      const client = await openRaw(stand.url, stand.caPem);
      client.send([`${method} ${path} HTTP/1.1`, 'Host: door', `Authorization: Bearer ${alice}`, 'Content-Length: 2'], '{}');
      await client.until(/HTTP\/1\.1 200 /);
      client.destroy();
    }
    expect(upstream.seen.map(({ body }) => body)).toEqual(['{}', '{}']);
  });
});

describe('what has brought down others: the same process, and the next request is served (SECURITY 26)', () => {
  const served = async () => expect((await get('/clusters/east/version', alice)).status).toBe(200);

  test('headers and queries that are called like an object’s own parts', async () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'prototype', '__defineGetter__'];
    for (const shape of shapes) {
      for (const name of names.filter((candidate) => !candidate.includes('_'))) {
        upstream.seen.length = 0;
        await raw(...asked(shape, alice, { headers: [`${name}: x`, `${name}: y`] }));
        expect(upstream.seen[0]?.headers).toEqual(heard(shape, auditIdIn(upstream.seen[0]?.headers ?? [])));
      }
      for (const name of names.filter((candidate) => candidate.includes('_')))
        expect((await raw(...asked(shape, alice, { headers: [`${name}: x`, `${name}: y`] }))).status).toBe(400);
    }
    upstream.seen.length = 0;
    await get('/clusters/east/api/v1/pods?__proto__=1&constructor=2&__proto__[x]=3', alice);
    expect(upstream.seen[0]?.line).toBe('GET /api/v1/pods?__proto__=1&constructor=2&__proto__%5Bx%5D=3 HTTP/1.1');
    expect((await get('/clusters/constructor/version', alice)).status).toBe(403);
    expect((await get('/clusters/east/version', '__proto__')).status).toBe(401);
    await served();
  });

  test.each(['__proto__', 'constructor', '..', 'a'.repeat(63), `${'a.'.repeat(120)}a`, '*.door', 'xn--zzzzzz', 'é'.normalize('NFD')])(
    'the server name %s',
    async (servername) => {
      const { hostname, port } = new URL(stand.url);
      await new Promise<void>((resolve) => {
        const socket = connect({ host: hostname, port: Number(port), servername, rejectUnauthorized: false });
        socket.once('error', () => resolve());
        socket.once('close', () => resolve());
        socket.once('secureConnect', () => socket.destroy());
      });
      await served();
    },
  );

  test('plain HTTP, garbage and half a handshake on the TLS port; HTTP/2 by name and by force', async () => {
    const { hostname, port } = new URL(stand.url);
    for (const bytes of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\u0000'.repeat(1_000), '\u0016\u0003\u0001\u00ff\u00ff\u0001', '']) {
      await new Promise<void>((resolve) => {
        const socket = connectPlain({ host: hostname, port: Number(port) });
        socket.on('error', () => {});
        socket.once('close', () => resolve());
        socket.once('connect', () => {
          socket.write(bytes, 'latin1');
          setTimeout(() => socket.resetAndDestroy(), 30);
        });
      });
    }
    const protocols = await new Promise((resolve) => {
      const socket = connect({ host: hostname, port: Number(port), ca: stand.caPem, servername: 'localhost', ALPNProtocols: ['h2'] });
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.once('secureConnect', () => resolve(socket.alpnProtocol));
    });
    expect(protocols).not.toBe('h2');
    const frames = await openRaw(stand.url, stand.caPem);
    frames.socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0012\u0004\u0000\u0000\u0000\u0000\u0000', 'latin1');
    await frames.ended(10_000);
    await served();
  });
});

test('the lenient parser is asked for nowhere (SECURITY 25)', () => {
  const root = join(import.meta.dirname, '../../..');
  const word = new RegExp(['insecure', '-?http-?parser'].join(''), 'i');
  const sources = globSync(['*.ts', '*.json', 'Dockerfile*', '{app,bench,components,e2e,lib,scripts}/**/*.{ts,tsx,sh,json}'], {
    cwd: root,
  });
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.filter((file) => existsSync(join(root, file)) && word.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  expect(process.execArgv.filter((option) => word.test(option))).toEqual([]);
});
