// Watches over HTTP/2: against a library's server for what is ordinary, against frames of our own for what is not.
import { createSecureServer, type Http2SecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createUpstreams, type Upstreams } from '../upstream.ts';
import type { Address } from './address.ts';
import { answer, type Certificate, type Cluster, certificateFor, get, hear, startCluster } from './testing-cluster.ts';
import { type H2Connection, type H2Script, speakH2 } from './testing-frames.ts';

let certificate: Certificate;
let upstreams: Upstreams;
const within = { timeout: 20_000 };
/** Where a limit is not the subject, a busy machine may take its time. */
const patient = { connectMs: 25_000 };

beforeAll(async () => {
  certificate = await certificateFor('127.0.0.1');
});

beforeEach(() => {
  upstreams = createUpstreams(patient);
});

afterEach(() => upstreams.close());

const follow = (address: Address, call = get('/watch')) => hear((listener) => upstreams.follow(address, call, listener));
const stateOf = ({ id }: Address) => upstreams.sockets().find(({ clusterId }) => clusterId === id);

describe('with a cluster that speaks HTTP/2', () => {
  let server: Http2SecureServer;
  let address: Address;
  let sessions: number;
  const streams = new Set<ServerHttp2Stream>();
  let onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: string[]) => void;

  beforeEach(async () => {
    sessions = 0;
    streams.clear();
    onStream = (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      stream.write('{}\n');
    };
    server = createSecureServer({ cert: certificate.cert, key: certificate.key, settings: { maxConcurrentStreams: 100 } });
    server.on('session', (session) => {
      sessions += 1;
      session.on('error', () => {});
    });
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
      streams.add(stream);
      stream.on('error', () => {});
      stream.once('close', () => streams.delete(stream));
      onStream(stream, headers, raw);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    address = { id: 'h2', serverUrl: `https://127.0.0.1:${port}`, serverName: null, caPem: certificate.caPem, proxyUrl: null };
    onTestFinished(() => void server.close());
  });

  test('200 watches share three connections; each hears its own, and each ends alone', async () => {
    const watches = Array.from({ length: 200 }, () => follow(address));
    await expect.poll(() => watches.every(({ heard }) => heard.body === '{}\n'), within).toBe(true);
    expect(sessions).toBe(3);
    expect(stateOf(address)).toMatchObject({ busy: 3, streams: 200, waiting: 0 });
    watches[7]?.exchange.abort();
    watches[100]?.exchange.abort();
    await expect.poll(() => streams.size, within).toBe(198);
    for (const stream of streams) stream.write('more');
    await expect.poll(() => watches.filter(({ heard }) => heard.body === '{}\nmore').length, within).toBe(198);
    expect([watches[7]?.heard, watches[100]?.heard]).toEqual([
      expect.objectContaining({ body: '{}\n', isWhole: false, error: null }),
      expect.objectContaining({ body: '{}\n', isWhole: false, error: null }),
    ]);
    for (const stream of [...streams]) stream.end();
    await expect.poll(() => watches.filter(({ heard }) => heard.isWhole).length, within).toBe(198);
    expect(stateOf(address)).toMatchObject({ streams: 0 });
    expect(sessions).toBe(3);
  });

  test('a head says what it says on a socket: each group on a line of its own, nothing of the connection, Host as authority', async () => {
    let seen: string[] = [];
    onStream = (stream, _headers, raw) => {
      seen = raw;
      stream.respond({ ':status': 200 });
      stream.end();
    };
    const call = get(
      ...['/api/v1/pods?watch=1', 'Impersonate-User', 'gatehouse:alice', 'Impersonate-Group', 'a, b', 'Impersonate-Group', 'c'],
      ...['Connection', 'keep-alive', 'Transfer-Encoding', 'chunked', 'Upgrade', 'x'],
    );
    expect(await follow(address, call).done).toMatchObject({ status: 200, isWhole: true });
    expect(seen).toEqual([
      ...[
        ':method',
        'GET',
        ':scheme',
        'https',
        ':authority',
        'cluster',
        ':path',
        '/api/v1/pods?watch=1',
        'authorization',
        'Bearer door-token',
      ],
      ...['impersonate-user', 'gatehouse:alice', 'impersonate-group', 'a, b', 'impersonate-group', 'c'],
    ]);
  });

  test('no body overtakes its head, also where both come in one piece', async () => {
    const orders = Array.from({ length: 100 }, () => {
      const order: string[] = [];
      upstreams.follow(address, get('/watch'), {
        onHead: () => void order.push('head'),
        onData: () => void order.push('data'),
        onEnd: () => void order.push('end'),
        onError: () => void order.push('error'),
      });
      return order;
    });
    await expect.poll(() => orders.every(({ length }) => length >= 2), within).toBe(true);
    expect(new Set(orders.map((order) => order.join(' ')))).toEqual(new Set(['head data']));
  });

  test('a refusal keeps its status, headers and body', async () => {
    onStream = (stream) => {
      stream.respond({ ':status': 403, 'content-type': 'application/json', 'x-a': ['1', '2'] });
      stream.end('{"no":"watch"}');
    };
    const { done } = follow(address);
    expect(await done).toMatchObject({ status: 403, body: '{"no":"watch"}', isWhole: true });
    expect((await done).head?.rawHeaders.slice(0, 6)).toEqual(['content-type', 'application/json', 'x-a', '1', 'x-a', '2']);
  });

  test('one slow reader holds back its own stream, not the others on the connection', async () => {
    onStream = (stream, headers) => {
      stream.respond({ ':status': 200 });
      if (headers[':path'] !== '/slow') stream.end('quick');
      else for (let i = 0; i < 64; i += 1) stream.write(Buffer.alloc(64 * 1_024, 'a'));
    };
    let bytes = 0;
    const slow = upstreams.follow(address, get('/slow'), {
      onHead() {},
      onData(piece) {
        if (bytes === 0) slow.pause();
        bytes += piece.length;
      },
      onEnd() {},
      onError() {},
    });
    await expect.poll(() => bytes, within).toBeGreaterThan(0);
    for (let i = 0; i < 10; i += 1) expect(await follow(address).done).toMatchObject({ body: 'quick', isWhole: true });
    expect(bytes).toBeLessThan(64 * 64 * 1_024);
    slow.resume();
    await expect.poll(() => bytes, within).toBe(64 * 64 * 1_024);
    expect(sessions).toBe(1);
  });

  test('a head too large for the encoder goes over a socket of the pool', async () => {
    const plain = await startCluster(certificate, ['http/1.1']);
    onTestFinished(() => plain.close());
    expect(await follow(plain.address, get(`/watch?labelSelector=${'a'.repeat(200_000)}`)).done).toMatchObject({ status: 200 });
    expect(stateOf(plain.address)).toMatchObject({ streams: 0, idle: 1 });
  });

  test('connections without streams end in time', async () => {
    upstreams.close();
    upstreams = createUpstreams({ ...patient, idleMs: 200, firstByteMs: 1_000 });
    const watch = follow(address);
    await expect.poll(() => watch.heard.status, within).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(stateOf(address)).toMatchObject({ busy: 1, streams: 1 });
    watch.exchange.abort();
    await expect.poll(() => stateOf(address)?.busy, within).toBe(0);
  });

  test('1,000 watches opened and given up leave nothing behind (F14)', { timeout: 30_000 }, async () => {
    for (let done = 0; done < 1_000; done += 100) {
      const watches = Array.from({ length: 100 }, () => follow(address));
      await expect.poll(() => watches.filter(({ heard }) => heard.status === 200).length, within).toBeGreaterThanOrEqual(50);
      for (const { exchange } of watches) exchange.abort();
    }
    await expect.poll(() => streams.size, within).toBe(0);
    expect(stateOf(address)).toMatchObject({ streams: 0, waiting: 0 });
    expect(stateOf(address)?.busy).toBeLessThanOrEqual(4);
  });
});

describe('an end that the cluster did not say is none', () => {
  let cluster: Cluster;
  let connections: H2Connection[];

  async function speaking(script: Partial<H2Script> = {}): Promise<void> {
    cluster = await startCluster(certificate, ['h2', 'http/1.1']);
    connections = [];
    cluster.onBytes = () => {};
    cluster.onConnection = (socket) => {
      const said: H2Script = {
        onStream: (connection, stream) => {
          connection.answer(stream);
          connection.data(stream, 'some');
        },
        ...script,
      };
      connections.push(speakH2(socket, said));
    };
    onTestFinished(() => cluster.close());
  }

  function goAwayAndEnd(connection: H2Connection): void {
    connection.goAway(3, 0);
    connection.socket.end();
  }

  async function open(count = 1) {
    const watches = Array.from({ length: count }, () => follow(cluster.address));
    await expect.poll(() => watches.every(({ heard }) => heard.body === 'some'), within).toBe(true);
    return watches;
  }

  test('an end that it did say is one', async () => {
    await speaking();
    const [watch] = await open();
    connections[0]?.data(1, ' more', true);
    expect(await watch?.done).toMatchObject({ body: 'some more', isWhole: true, error: null });
  });

  test.each([
    ['a reset without a reason', (connection: H2Connection) => connection.reset(1, 0)],
    ['a reset', (connection: H2Connection) => connection.reset(1, 2)],
    ['a reset that says cancelled', (connection: H2Connection) => connection.reset(1, 8)],
  ])('%s breaks its own stream off and no other', async (_name, act) => {
    await speaking();
    const [first, second] = await open(2);
    const [connection] = connections;
    if (connection) act(connection);
    expect(await first?.done).toMatchObject({ isWhole: false, error: expect.objectContaining({ name: 'Answer' }) });
    connection?.data(3, ' more', true);
    expect(await second?.done).toMatchObject({ body: 'some more', isWhole: true });
  });

  test.each([
    ['the connection ends', (connection: H2Connection) => void connection.socket.end()],
    ['the connection is reset', (connection: H2Connection) => void connection.socket.destroy()],
    ['GOAWAY with an error', (connection: H2Connection) => connection.goAway(3, 2)],
    ['GOAWAY, and then the connection ends', goAwayAndEnd],
    ['garbage', (connection: H2Connection) => void connection.socket.write('x'.repeat(100))],
  ])('%s: all its streams break off, and the next watch gets a new connection', async (_name, act) => {
    await speaking();
    const watches = await open(2);
    const [connection] = connections;
    if (connection) act(connection);
    for (const { done } of watches)
      expect(await done).toMatchObject({ isWhole: false, error: expect.objectContaining({ name: 'Answer' }) });
    await open();
    expect(connections).toHaveLength(2);
  });

  test('a connection that answers no ping is dead, and its watches break off; one that answers may be silent', async () => {
    upstreams.close();
    upstreams = createUpstreams({ ...patient, pingEveryMs: 100, pingLimitMs: 3_000 });
    await speaking();
    const [silent] = await open();
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(silent?.heard.error).toBeNull();
    await speaking({ answersPings: false });
    const [watch] = await open();
    expect(await watch?.done).toMatchObject({ isWhole: false, error: expect.objectContaining({ name: 'Answer' }) });
    await expect.poll(cluster.open, within).toBe(0);
  });

  test('GOAWAY lets what is open live on, and new watches go elsewhere', async () => {
    await speaking();
    const [watch] = await open();
    connections[0]?.goAway(1, 0);
    await open();
    expect(connections).toHaveLength(2);
    connections[0]?.data(1, ' more', true);
    expect(await watch?.done).toMatchObject({ body: 'some more', isWhole: true });
  });

  test('a stream that the cluster refused unread is asked for once more, and no more than once', async () => {
    let asked = 0;
    await speaking({
      onStream(connection, stream) {
        asked += 1;
        if (asked === 1) connection.reset(stream, 7);
        else {
          connection.answer(stream);
          connection.data(stream, 'some');
        }
      },
    });
    await open();
    expect(asked).toBe(2);
    asked = Number.NEGATIVE_INFINITY;
    await speaking({ onStream: (connection, stream) => connection.reset(stream, 7) });
    expect((await follow(cluster.address).done).error?.facts.status).toBe(502);
  });

  test('a cut is a reset of its stream: the connection and the other watches stay', async () => {
    await speaking();
    const [first, second] = await open(2);
    first?.exchange.abort();
    await expect.poll(() => connections[0]?.resets.get(1), within).toBe(8);
    connections[0]?.data(3, ' more', true);
    expect(await second?.done).toMatchObject({ body: 'some more', isWhole: true });
    expect(cluster.open()).toBe(1);
  });

  test('as many streams as the cluster allows, and no more, on one connection', async () => {
    await speaking({ streamsMax: 5 });
    await open(1);
    await open(9);
    expect(connections.length).toBeGreaterThanOrEqual(2);
    for (const { open: count } of connections) expect(count.size).toBeLessThanOrEqual(5);
  });
});

test('a cluster without HTTP/2 serves watches over sockets of the pool, and is not asked for it again and again', async () => {
  const cluster = await startCluster(certificate, ['http/1.1']);
  onTestFinished(() => cluster.close());
  cluster.onBytes = (socket) => void socket.write(answer('some'));
  const all = await Promise.all(Array.from({ length: 3 }, () => follow(cluster.address).done));
  for (const heard of all) expect(heard).toMatchObject({ body: 'some', isWhole: true });
  expect(await follow(cluster.address).done).toMatchObject({ body: 'some', isWhole: true });
  expect(stateOf(cluster.address)).toMatchObject({ streams: 0, busy: 0 });
});

test('a cluster that is down is 502 for a watch too, and spared after a while (F13)', async () => {
  upstreams.close();
  upstreams = createUpstreams({ failuresMax: 2, restMs: 60_000 });
  const address: Address = { id: 'dead', serverUrl: 'https://127.0.0.1:1', serverName: null, caPem: certificate.caPem, proxyUrl: null };
  const codes = [];
  for (let i = 0; i < 3; i += 1) codes.push((await follow(address).done).error?.facts.code);
  expect(codes).toEqual(['door.cluster-unreachable', 'door.cluster-unreachable', 'door.cluster-down']);
});
