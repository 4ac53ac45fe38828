// A cluster behind an HTTP proxy: the tunnel is asked for as one asks a proxy, and TLS with the cluster is inside it.
import { once } from 'node:events';
import { createServer as createPlainServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createUpstreams, type Upstreams } from '../upstream.ts';
import { ask, type Certificate, type Cluster, certificateFor, get, hear, startCluster } from './testing-cluster.ts';

let certificate: Certificate;
let proxyCertificate: Certificate;
let cluster: Cluster;
let upstreams: Upstreams;
const trusted = getCACertificates('default');
const within = { timeout: 20_000 };

beforeAll(async () => {
  certificate = await certificateFor('127.0.0.1');
  proxyCertificate = await certificateFor('127.0.0.1');
});

beforeEach(async () => {
  cluster = await startCluster(certificate);
  upstreams = createUpstreams({ connectMs: 25_000 });
});

afterEach(async () => {
  upstreams.close();
  await cluster.close();
});

afterAll(() => setDefaultCACertificates(trusted));

interface Proxy {
  readonly url: (credentials?: string) => string;
  readonly asked: { target: string | undefined; authorization: string | undefined }[];
  answer: (request: IncomingMessage, socket: Duplex) => void;
  readonly open: () => number;
}

async function startProxy(isTls = false): Promise<Proxy> {
  const server: Server = isTls ? createTlsServer({ cert: proxyCertificate.cert, key: proxyCertificate.key }) : createPlainServer();
  const sockets = new Set<Duplex>();
  const proxy: Proxy = {
    asked: [],
    url: (credentials = '') => `${isTls ? 'https' : 'http'}://${credentials}127.0.0.1:${(server.address() as AddressInfo).port}`,
    open: () => sockets.size,
    answer(request, socket) {
      const onward = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\nVia: a\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      onward.on('error', () => socket.destroy());
      socket.once('close', () => onward.destroy());
    },
  };
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    proxy.asked.push({ target: request.url, authorization: request.headers['proxy-authorization'] });
    proxy.answer(request, socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return proxy;
}

const through = (proxyUrl: string) => ({ ...cluster.address, proxyUrl });

describe('through an HTTP proxy', () => {
  test('requests, watches and upgrades reach the cluster over tunnels, each kept and used again', async () => {
    const proxy = await startProxy();
    const address = through(proxy.url());
    for (let i = 0; i < 3; i += 1) expect(await ask(upstreams, address)).toMatchObject({ status: 200, isWhole: true });
    expect(proxy.asked).toEqual([{ target: `127.0.0.1:${cluster.port}`, authorization: undefined }]);
    expect(await hear((listener) => upstreams.follow(address, get('/watch'), listener)).done).toMatchObject({ status: 200 });
    cluster.onBytes = (socket) => void socket.write('HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst');
    const call = get('/exec', 'Connection', 'Upgrade', 'Upgrade', 'websocket');
    const rest = await new Promise((resolve, reject) => {
      upstreams.upgrade(address, call, {
        onHead() {},
        onData() {},
        onEnd() {},
        onError: reject,
        onSwitch(_head, socket, bytes) {
          socket.destroy();
          resolve(bytes.toString());
        },
      });
    });
    expect(rest).toBe('first');
    upstreams.close();
    await expect.poll(() => proxy.open() + cluster.open(), within).toBe(0);
  });

  test('the proxy hears its own credentials and nothing of ours', async () => {
    const proxy = await startProxy();
    expect(await ask(upstreams, through(proxy.url('door:p%40ss%3Aword@')))).toMatchObject({ status: 200 });
    expect(proxy.asked[0]?.authorization).toBe(`Basic ${Buffer.from('door:p@ss:word').toString('base64')}`);
    expect(cluster.heard()).not.toMatch(/proxy-authorization/i);
  });

  test('a proxy that speaks TLS is held against the CAs that this system trusts', async () => {
    const proxy = await startProxy(true);
    expect((await ask(upstreams, through(proxy.url()))).error?.facts.status).toBe(502);
    expect(proxy.asked).toEqual([]);
    setDefaultCACertificates([...trusted, proxyCertificate.caPem]);
    onTestFinished(() => setDefaultCACertificates(trusted));
    expect(await ask(upstreams, through(proxy.url('a:b@')))).toMatchObject({ status: 200, isWhole: true });
    upstreams.close();
    await expect.poll(() => proxy.open() + cluster.open(), within).toBe(0);
  });

  test('what stands at the tunnel’s far end is held against the cluster’s CA: a proxy can lead astray and not deceive (F16)', async () => {
    const stranger = await startCluster(await certificateFor('127.0.0.1'));
    onTestFinished(() => stranger.close());
    const proxy = await startProxy();
    const answer = proxy.answer;
    proxy.answer = (request, socket) => {
      request.url = `127.0.0.1:${stranger.port}`;
      answer(request, socket);
    };
    expect((await ask(upstreams, through(proxy.url()))).error?.facts.status).toBe(502);
    expect(stranger.heard()).toBe('');
  });

  test.each([
    ['refuses', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'],
    ['asks for credentials', 'HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n'],
    ['redirects', 'HTTP/1.1 302 There\r\nLocation: https://127.0.0.1\r\n\r\n'],
    ['talks nonsense', 'hello there\r\n\r\n'],
    ['speaks into the tunnel', 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['talks without end', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(4_000)}`],
    ['says nothing', ''],
    ['hangs up', null],
  ])('one that %s is 502, and nothing was said to it but the question', async (_name, says) => {
    const proxy = await startProxy();
    proxy.answer = (_request, socket) => {
      socket.resume().once('end', () => socket.end());
      if (says === null) socket.destroy();
      else socket.write(says);
    };
    upstreams.close();
    upstreams = createUpstreams({ connectMs: 400 });
    expect((await ask(upstreams, through(proxy.url()))).error?.facts).toMatchObject({ status: 502, code: 'door.cluster-unreachable' });
    expect(cluster.accepted()).toBe(0);
    await expect.poll(proxy.open, within).toBe(0);
  });

  test('one that is not there is 502', async () => {
    expect((await ask(upstreams, through('http://127.0.0.1:1'))).error?.facts.status).toBe(502);
  });
});
