import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createAuthority, issue } from '#e2e/stack/certificates.ts';
import type { PoolLimits } from './upstream/pool.ts';
import {
  answer,
  ask,
  type Certificate,
  type Cluster,
  certificateFor,
  get,
  hear,
  startBlackHole,
  startCluster,
} from './upstream/testing-cluster.ts';
import { createUpstreams, type Upstreams } from './upstream.ts';

let certificate: Certificate;
let cluster: Cluster;
let upstreams: Upstreams;

beforeAll(async () => {
  certificate = await certificateFor('127.0.0.1', 'localhost');
});

beforeEach(async () => {
  cluster = await startCluster(certificate);
  upstreams = createUpstreams(patient);
});

afterEach(async () => {
  upstreams.close();
  await cluster.close();
});

const within = { timeout: 20_000 };
/** Where a limit is not the subject, a busy machine may take its time. */
const patient = { connectMs: 25_000, waitMs: 25_000 };
const stateOf = (id = cluster.address.id) => upstreams.sockets().find(({ clusterId }) => clusterId === id);

function limited(limits: Partial<PoolLimits>): Upstreams {
  upstreams.close();
  upstreams = createUpstreams({ ...patient, ...limits });
  return upstreams;
}

async function another(...hosts: string[]): Promise<Cluster> {
  const other = await startCluster(hosts.length === 0 ? certificate : await certificateFor(...hosts));
  onTestFinished(() => other.close());
  return other;
}

describe('a socket is used again only when nothing about it was odd', () => {
  test('request after request goes over one socket, its state to be seen', async () => {
    for (let i = 0; i < 5; i += 1) expect(await ask(upstreams, cluster.address)).toMatchObject({ status: 200, body: '{}', isWhole: true });
    expect(cluster.accepted()).toBe(1);
    expect(stateOf()).toMatchObject({ busy: 0, idle: 1, waiting: 0, breaker: 'closed' });
  });

  test.each([
    ['Connection: close', answer('{}', 'Connection: close\r\n')],
    ['HTTP/1.0', answer('{}').replace('1.1', '1.0')],
    ['bytes behind the end', `${answer('{}')}x`],
    ['a whole second answer', answer('{}') + answer('secret')],
  ])('not after %s', async (_name, text) => {
    cluster.onBytes = (socket) => void socket.write(text, 'latin1');
    for (let i = 0; i < 3; i += 1) expect(await ask(upstreams, cluster.address)).toMatchObject({ body: '{}', isWhole: true });
    expect(cluster.accepted()).toBe(3);
    expect(stateOf()).toMatchObject({ idle: 0 });
    await expect.poll(cluster.open, within).toBe(0);
  });

  test('not after an answer that nothing asked for: it is nobody’s', async () => {
    await ask(upstreams, cluster.address);
    cluster.onBytes = (socket) => void socket.write(answer('{}'));
    let socketOfOld: { write(text: string): unknown } | null = null;
    cluster.onConnection = (socket) => {
      socketOfOld = socket;
    };
    limited({});
    await ask(upstreams, cluster.address);
    (socketOfOld as unknown as { write(text: string): unknown }).write(answer('unasked'));
    await expect.poll(() => stateOf()?.idle, within).toBe(0);
    expect(await ask(upstreams, cluster.address)).toMatchObject({ body: '{}' });
  });

  test('not after an early answer to a body that is still on its way', async () => {
    cluster.onBytes = (socket, bytes) => {
      if (bytes.startsWith('POST')) socket.write(answer('no'));
    };
    const body = new Readable({ read() {} });
    const call = { ...get(), method: 'POST', headers: ['Host', 'c', 'Transfer-Encoding', 'chunked'] };
    expect(await hear((listener) => upstreams.send(cluster.address, call, body, 'firstByte', listener)).done).toMatchObject({ body: 'no' });
    expect(stateOf()).toMatchObject({ busy: 0, idle: 0 });
    await expect.poll(cluster.open, within).toBe(0);
  });

  test('an answer that names another request is thrown away', async () => {
    cluster.onBytes = (socket) => void socket.write(answer('{}', 'Audit-Id: someone-else\r\n'));
    expect((await ask(upstreams, cluster.address, get('/a', 'Audit-Id', 'mine'))).error?.facts.code).toBe('door.cluster-malformed');
    cluster.onBytes = (socket) => void socket.write(answer('{}', 'audit-id: mine\r\n'));
    expect(await ask(upstreams, cluster.address, get('/a', 'Audit-Id', 'mine'))).toMatchObject({ status: 200 });
  });

  test('idle sockets end by themselves, and only so many are kept', async () => {
    limited({ idleMs: 200, idleMax: 3 });
    let held: (() => void)[] = [];
    cluster.onBytes = (socket) => void held.push(() => socket.write(answer('{}')));
    const all = Array.from({ length: 8 }, () => ask(upstreams, cluster.address));
    await expect.poll(() => held.length, within).toBe(8);
    for (const give of held) give();
    held = [];
    await Promise.all(all);
    expect(stateOf()?.idle).toBeLessThanOrEqual(3);
    await expect.poll(() => stateOf()?.idle, within).toBe(0);
    await expect.poll(cluster.open, within).toBe(0);
  });

  test('pools never cross: each cluster is asked on sockets of its own', async () => {
    const other = await another();
    await Promise.all([ask(upstreams, cluster.address), ask(upstreams, other.address), ask(upstreams, { ...cluster.address, id: 'twin' })]);
    expect([cluster.accepted(), other.accepted()]).toEqual([2, 1]);
    expect(upstreams.sockets()).toHaveLength(3);
  });
});

describe('what was sent is sent once', () => {
  const dieOnSecond = () => {
    let asked = 0;
    cluster.onBytes = (socket) => {
      asked += 1;
      if (asked === 2) socket.destroy();
      else socket.write(answer(`answer ${asked}`));
    };
  };

  test('save a bodyless read whose kept socket had died before one byte of an answer', async () => {
    dieOnSecond();
    await ask(upstreams, cluster.address);
    expect(await ask(upstreams, cluster.address)).toMatchObject({ body: 'answer 3', isWhole: true });
    expect(cluster.accepted()).toBe(2);
  });

  test.each(['POST', 'DELETE'])('a %s is not', async (method) => {
    dieOnSecond();
    await ask(upstreams, cluster.address);
    const call = { ...get(), method, headers: ['Host', 'c', 'Content-Length', '0'] };
    expect((await ask(upstreams, cluster.address, call)).error?.facts).toMatchObject({ status: 502 });
    expect(cluster.heard().match(new RegExp(`^${method} `, 'gm'))).toHaveLength(1);
  });

  test('nor is a read on a new socket, nor one that had begun to be answered, nor one more than once', async () => {
    cluster.onBytes = (socket) => void socket.destroy();
    expect((await ask(upstreams, cluster.address)).error?.facts.status).toBe(502);
    expect(cluster.accepted()).toBe(1);
    let asked = 0;
    cluster.onBytes = (socket) => {
      asked += 1;
      socket.write(asked === 1 ? answer('{}') : 'HTTP/1.1 2', () => asked > 1 && socket.destroy());
    };
    await ask(upstreams, cluster.address);
    expect((await ask(upstreams, cluster.address)).error?.facts.status).toBe(502);
    expect(asked).toBe(2);
    asked = 0;
    cluster.onBytes = (socket) => {
      asked += 1;
      if (asked === 1) socket.write(answer('{}'));
      else socket.destroy();
    };
    await ask(upstreams, cluster.address);
    expect((await ask(upstreams, cluster.address)).error?.facts.status).toBe(502);
    expect(asked).toBe(3);
  });

  test('a body goes up as it was framed; one that breaks off takes its socket along', async () => {
    cluster.onBytes = (socket, bytes) => {
      if (/0\r\n\r\n$|whole$/.test(bytes)) socket.write(answer('{}'));
    };
    const post = (headers: string[], body: Readable) =>
      hear((listener) =>
        upstreams.send(cluster.address, { ...get(), method: 'POST', headers: ['Host', 'c', ...headers] }, body, 'firstByte', listener),
      ).done;
    await post(['Transfer-Encoding', 'chunked'], Readable.from(['first', 'second'].map((text) => Buffer.from(text))));
    expect(cluster.heard()).toMatch(/\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n$/);
    await post(['Content-Length', '5'], Readable.from([Buffer.from('whole')]));
    expect(cluster.heard()).toMatch(/Content-Length: 5\r\n\r\nwhole$/);
    expect((await post(['Content-Length', '9'], Readable.from([Buffer.from('half')]))).error?.facts.status).toBe(502);
    expect((await post(['Content-Length', '2'], Readable.from([Buffer.from('more')]))).error?.facts.status).toBe(502);
    const broken = new Readable({ read() {} });
    const waiting = post(['Transfer-Encoding', 'chunked'], broken);
    broken.push('a');
    setImmediate(() => broken.destroy());
    expect((await waiting).error?.facts.status).toBe(502);
    expect(stateOf()).toMatchObject({ busy: 0 });
    expect(cluster.heard().match(/0\r\n\r\n/g)).toHaveLength(1);
  });

  test('whoever says no before a piece has gone up keeps that piece here, and before the head the whole request', async () => {
    cluster.onBytes = () => {};
    const body = new Readable({ read() {} });
    const call = { ...get(), method: 'POST', headers: ['Host', 'c', 'Transfer-Encoding', 'chunked'] };
    let may = true;
    const open = hear((listener) => upstreams.send(cluster.address, call, body, 'firstByte', { ...listener, mayPass: () => may }));
    body.push('early');
    await expect.poll(cluster.heard, within).toMatch(/5\r\nearly\r\n$/);
    may = false;
    body.push('late');
    await expect.poll(() => body.readableLength, within).toBe(0);
    open.exchange.abort();
    await expect.poll(cluster.open, within).toBe(0);
    const never = hear((listener) =>
      upstreams.send(cluster.address, get('/never'), null, 'firstByte', { ...listener, mayPass: () => may }),
    );
    await expect.poll(cluster.open, within).toBe(1);
    never.exchange.abort();
    await expect.poll(cluster.open, within).toBe(0);
    expect(cluster.heard()).toMatch(/5\r\nearly\r\n$/);
  });

  test('no line can be smuggled into a head, whoever wrote it', async () => {
    for (const call of [
      get('/a b'),
      get('/a\r\nX: y'),
      get('//x\n'),
      get('/', 'X', 'a\r\nY: b'),
      get('/', 'X\r\nY', 'b'),
      get('/', 'X:', 'b'),
      get('/', 'X', '\u0100'),
      { ...get(), method: 'GET /' },
    ])
      expect((await ask(upstreams, cluster.address, call)).error?.facts.code).toBe('door.broken-promise');
    expect(cluster.heard()).toBe('');
  });
});

describe('who is at the other end is known before a word is said (F16)', () => {
  const refused = async (address: Cluster['address']) => {
    const told = (await ask(upstreams, address)).error?.facts;
    expect(told).toMatchObject({ status: 502, code: 'door.cluster-untrusted' });
    return told?.detail ?? '';
  };

  test('another CA, another name: 502, and not a byte was sent', async () => {
    const stranger = await another('127.0.0.1');
    await refused({ ...stranger.address, caPem: certificate.caPem });
    const misnamed = await another('elsewhere.example');
    expect(await refused(misnamed.address)).toContain('another name');
    await refused({ ...cluster.address, serverName: 'other.example' });
    expect(stranger.heard() + misnamed.heard() + cluster.heard()).toBe('');
  });

  test('over, or not good yet: 502 with the reason for the operator, and not a byte was sent', async () => {
    const authority = await createAuthority('its own');
    const hour = 3_600_000;
    const shows = async (from: number, until: number) => {
      const [notBefore, notAfter] = [from, until].map((hours) => new Date(Date.now() + hours * hour));
      const { certPem, keyPem } = await issue(authority, {
        ...{ commonName: 'api', ips: ['127.0.0.1'], server: true },
        ...(notBefore && notAfter ? { from: notBefore, until: notAfter } : {}),
      });
      cluster.use({ caPem: authority.certPem, cert: certPem, key: keyPem });
    };
    const address = { ...cluster.address, caPem: authority.certPem };
    await shows(-2, -1);
    expect(await refused(address)).toContain('has ended');
    await shows(1, 2);
    expect(await refused(address)).toContain('not good yet');
    expect(cluster.heard()).toBe('');
    await shows(-1, 1);
    expect(await ask(upstreams, address)).toMatchObject({ status: 200 });
  });

  test('a session is resumed, and no longer than the certificate is good that was shown for it', async () => {
    onTestFinished(() => void vi.useRealTimers());
    const resumed: boolean[] = [];
    cluster.onConnection = (socket) => void resumed.push(socket.isSessionReused());
    cluster.onBytes = (socket) => void socket.write(answer('{}', 'Connection: close\r\n'));
    for (let i = 0; i < 2; i += 1) expect(await ask(upstreams, cluster.address)).toMatchObject({ status: 200 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 365 * 24 * 3_600_000 });
    expect(await ask(upstreams, cluster.address)).toMatchObject({ status: 200 });
    expect(resumed).toEqual([false, true, false]);
  });

  test('the name to be shown may be another than the address', async () => {
    const named = await another('api.example');
    expect(await ask(upstreams, { ...named.address, serverName: 'api.example' })).toMatchObject({ status: 200 });
  });

  test('two CAs may overlap: the cluster goes over to the new one and nobody notices; then the old one is worth nothing', async () => {
    const next = await certificateFor('127.0.0.1');
    const both = { ...cluster.address, caPem: `${certificate.caPem}\n${next.caPem}` };
    let pour: () => void = () => {};
    cluster.onBytes = (socket, bytes) => {
      if (!bytes.startsWith('GET /slow')) {
        socket.write(answer('{}'));
        return;
      }
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
      pour = () => socket.write('cd');
    };
    const slow = hear((listener) => upstreams.send(cluster.address, get('/slow'), null, 'firstByte', listener));
    await expect.poll(() => slow.heard.body, within).toBe('ab');
    expect(await ask(upstreams, both)).toMatchObject({ status: 200 });
    pour();
    expect(await slow.done).toMatchObject({ body: 'abcd', isWhole: true });
    cluster.use(next);
    limited({});
    expect(await ask(upstreams, both)).toMatchObject({ status: 200 });
    expect(await ask(upstreams, { ...cluster.address, caPem: next.caPem })).toMatchObject({ status: 200 });
    await refused(cluster.address);
  });

  test('an address that changed takes what was open along', async () => {
    cluster.onBytes = () => {};
    const open = hear((listener) => upstreams.send(cluster.address, get(), null, 'endless', listener));
    await expect.poll(cluster.heard, within).toContain('GET /version');
    const next = await certificateFor('127.0.0.1');
    void ask(upstreams, { ...cluster.address, caPem: next.caPem });
    expect((await open.done).error?.facts.status).toBe(502);
  });
});

describe('a cluster’s troubles stay its own (F13, F14)', () => {
  const farFrom = (address: Cluster['address']) => ({ ...address, id: 'dead', serverUrl: 'https://127.0.0.1:1' });

  test('one that refuses, or takes connections and says nothing, is 502 within its limit, and another answers meanwhile', async () => {
    limited({ connectMs: 1_000 });
    const hole = await startBlackHole();
    onTestFinished(() => hole.close());
    await expect.poll(async () => (await ask(upstreams, cluster.address)).status, within).toBe(200);
    const dead = [farFrom(cluster.address), { ...cluster.address, id: 'hole', serverUrl: `https://127.0.0.1:${hole.port}` }];
    for (const address of dead) {
      let over = 0;
      const asked = Array.from({ length: 40 }, () => ask(upstreams, address).finally(() => (over += 1)));
      expect(await ask(upstreams, cluster.address)).toMatchObject({ status: 200 });
      if (address.id === 'hole') expect(over).toBe(0);
      for (const { error } of await Promise.all(asked)) expect(error?.facts.status).toBe(502);
    }
    await expect.poll(hole.open, within).toBe(0);
  });

  test('after some failures in a row it is spared: 502 at once, one try now and then, and back as soon as it answers', async () => {
    limited({ failuresMax: 3, restMs: 3_000, restMaxMs: 3_000 });
    const port = cluster.port;
    const address = { ...cluster.address, id: 'flaky' };
    await cluster.close();
    for (let i = 0; i < 3; i += 1) expect((await ask(upstreams, address)).error?.facts.code).toBe('door.cluster-unreachable');
    expect((await ask(upstreams, address)).error?.facts).toMatchObject({ code: 'door.cluster-down', status: 502 });
    expect(stateOf('flaky')?.breaker).toBe('open');
    cluster = await startCluster(certificate);
    const back = { ...address, serverUrl: `https://127.0.0.1:${cluster.port}` };
    expect(back.serverUrl).not.toBe(`https://127.0.0.1:${port}`);
    await expect.poll(async () => (await ask(upstreams, back)).status, within).toBe(200);
    expect(stateOf('flaky')?.breaker).toBe('closed');
  });

  test('what it answers never counts as a failure, 500 and 503 included', async () => {
    limited({ failuresMax: 2 });
    cluster.onBytes = (socket) => void socket.write('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n');
    for (let i = 0; i < 6; i += 1) expect(await ask(upstreams, cluster.address)).toMatchObject({ status: 503 });
    expect(stateOf()?.breaker).toBe('closed');
  });

  test('one that takes a request and does not begin to answer is 504; a watch may be silent for as long as it likes', async () => {
    limited({ firstByteMs: 200, failuresMax: 100 });
    cluster.onBytes = () => {};
    const watch = hear((listener) => upstreams.send(cluster.address, get('/watch'), null, 'endless', listener));
    expect((await ask(upstreams, cluster.address)).error?.facts).toMatchObject({ status: 504 });
    await expect.poll(cluster.open, within).toBe(1);
    expect(watch.heard.error).toBeNull();
    watch.exchange.abort();
    await expect.poll(cluster.open, within).toBe(0);
  });

  test('an answer that has begun may take as long as it likes', async () => {
    limited({ firstByteMs: 100 });
    cluster.onBytes = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
      setTimeout(() => socket.write('cd'), 500);
    };
    expect(await ask(upstreams, cluster.address)).toMatchObject({ body: 'abcd', isWhole: true });
  });

  test('it holds so many requests and no more: the rest waits a moment, or is told to come again', async () => {
    limited({ underWayMax: 3, waitingMax: 2 });
    const give: (() => void)[] = [];
    cluster.onBytes = (socket) => void give.push(() => socket.write(answer('{}')));
    const all = Array.from({ length: 6 }, () => hear((listener) => upstreams.send(cluster.address, get(), null, 'firstByte', listener)));
    expect((await all[5]?.done)?.error?.facts).toMatchObject({ status: 429, retryAfterSeconds: 1 });
    expect(stateOf()?.waiting).toBeGreaterThanOrEqual(2);
    for (let given = 0; given < 5; given += 1) {
      await expect.poll(() => give.length, within).toBe(Math.min(5, given + 3));
      give[given]?.();
    }
    expect((await Promise.all(all.slice(0, 5).map(({ done }) => done))).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(stateOf()).toMatchObject({ busy: 0, waiting: 0 });
  });

  test('nor does anybody wait for long', async () => {
    limited({ underWayMax: 1, waitMs: 200 });
    cluster.onBytes = () => {};
    const [first, second] = [1, 2].map(() => hear((listener) => upstreams.send(cluster.address, get(), null, 'firstByte', listener)));
    expect((await second?.done)?.error?.facts.status).toBe(429);
    expect(first?.heard.error).toBeNull();
    first?.exchange.abort();
    cluster.onBytes = (socket) => void socket.write(answer('{}'));
    expect(await ask(upstreams, cluster.address)).toMatchObject({ status: 200 });
  });

  test('who goes away frees the place, waiting or under way', async () => {
    limited({ underWayMax: 2, waitingMax: 1 });
    cluster.onBytes = () => {};
    const all = Array.from({ length: 3 }, () => hear((listener) => upstreams.send(cluster.address, get(), null, 'firstByte', listener)));
    for (const { exchange } of all.reverse()) exchange.abort();
    cluster.onBytes = (socket) => void socket.write(answer('{}'));
    expect((await Promise.all([ask(upstreams, cluster.address), ask(upstreams, cluster.address)])).map(({ status }) => status)).toEqual([
      200, 200,
    ]);
  });

  test('1,000 requests that are refused, hang, break off or are given up leave no socket behind', { timeout: 300_000 }, async () => {
    limited({ firstByteMs: 50, failuresMax: 1_000_000 });
    let turn = 0;
    cluster.onBytes = (socket, bytes) => {
      if (!bytes.startsWith('GET')) return;
      turn += 1;
      if (turn % 5 === 0) socket.write(answer('{}'));
      else if (turn % 5 === 1) socket.destroy();
      else if (turn % 5 === 2) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', () => socket.destroy());
      else if (turn % 5 === 3) socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n');
    };
    const once = (address: Cluster['address']) =>
      new Promise<void>((resolve) => {
        const exchange = upstreams.send(address, get(), null, 'firstByte', {
          onHead() {},
          // A body that has begun and never ends is given up by its client.
          onData() {
            setImmediate(() => {
              exchange.abort();
              resolve();
            });
          },
          onEnd: resolve,
          onError: () => resolve(),
        });
      });
    for (let done = 0; done < 1_000; done += 50)
      await Promise.all(Array.from({ length: 50 }, (_, i) => once(i % 10 === 0 ? farFrom(cluster.address) : cluster.address)));
    for (const state of upstreams.sockets()) expect(state).toMatchObject({ busy: 0, waiting: 0 });
    upstreams.close();
    await expect.poll(cluster.open, within).toBe(0);
  });
});

describe('an upgrade', () => {
  const call = get('/exec', 'Connection', 'Upgrade', 'Upgrade', 'SPDY/3.1');
  const upgrade = () =>
    new Promise<{ switched: string } | { status: number; code: string }>((resolve) => {
      let status = 0;
      upstreams.upgrade(cluster.address, call, {
        onHead(head) {
          status = head.status;
        },
        onData() {},
        onEnd: () => resolve({ status, code: '' }),
        onError: ({ facts }) => resolve({ status, code: facts.code }),
        onSwitch(_head, socket, rest) {
          socket.destroy();
          resolve({ switched: rest.toString('latin1') });
        },
      });
    });

  test('is made on a socket of its own, which is nobody else’s afterwards, agreed or refused', async () => {
    await ask(upstreams, cluster.address);
    cluster.onBytes = (socket) => void socket.write('HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: spdy/3.1\r\n\r\nfirst');
    expect(await upgrade()).toEqual({ switched: 'first' });
    cluster.onBytes = (socket) => void socket.write(answer('no').replace('200', '403'));
    expect(await upgrade()).toEqual({ status: 403, code: '' });
    expect(cluster.accepted()).toBe(3);
    expect(stateOf()).toMatchObject({ busy: 0, idle: 1 });
    await expect.poll(cluster.open, within).toBe(1);
  });

  test.each([
    ['to another protocol', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
    ['to no protocol', 'Connection: Upgrade\r\n'],
    ['that the connection does not name', 'Upgrade: SPDY/3.1\r\n'],
    ['with a body', 'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 3\r\n'],
  ])('agreed %s is nonsense', async (_name, headers) => {
    cluster.onBytes = (socket) => void socket.write(`HTTP/1.1 101 S\r\n${headers}\r\n`);
    expect(await upgrade()).toEqual({ status: 0, code: 'door.cluster-malformed' });
    await expect.poll(cluster.open, within).toBe(0);
  });

  test('a socket under a plain request that is told of another protocol is not handed to anybody', async () => {
    cluster.onBytes = (socket) => void socket.write('HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    expect((await ask(upstreams, cluster.address)).error?.facts.code).toBe('door.cluster-malformed');
    await expect.poll(cluster.open, within).toBe(0);
  });
});

describe('back-pressure', () => {
  test('a listener that paused at the very end leaves a socket that is heard again', async () => {
    for (let i = 0; i < 3; i += 1) {
      const heard = await new Promise<string>((resolve, reject) => {
        const exchange = upstreams.send(cluster.address, get(), null, 'firstByte', {
          onHead() {},
          onData: () => exchange.pause(),
          onEnd: () => resolve('whole'),
          onError: reject,
        });
      });
      expect(heard).toBe('whole');
    }
    expect(cluster.accepted()).toBe(1);
  });

  test('a listener that pauses holds the cluster back, and loses nothing', async () => {
    const block = Buffer.alloc(256 * 1_024, 'a');
    const total = 64 * 1_024 * 1_024;
    let written = 0;
    cluster.onBytes = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      const pour = () => {
        while (written < total) {
          written += block.length;
          if (!socket.write(block)) {
            socket.once('drain', pour);
            return;
          }
        }
      };
      pour();
    };
    let bytes = 0;
    const ended = new Promise<void>((resolve, reject) => {
      const exchange = upstreams.send(cluster.address, get(), null, 'firstByte', {
        onHead() {},
        onData(piece) {
          if (bytes === 0) {
            exchange.pause();
            setTimeout(() => {
              expect(written).toBeLessThan(total / 2);
              exchange.resume();
            }, 300);
          }
          bytes += piece.length;
        },
        onEnd: resolve,
        onError: reject,
      });
    });
    await ended;
    expect(bytes).toBe(total);
  });
});

afterAll(() => upstreams.close());
