/** What one client can cost: memory, sockets and other people's patience are bounded, whatever it sends or does not send (SECURITY 27; F23, F24, F26, F28). */
import { connect as connectPlain } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import {
  alice,
  asked,
  execPath,
  get,
  protocolOf,
  raw,
  type Shape,
  shapes,
  stand,
  standBeforeTheDoor,
  statusIn,
  upgrades,
  upstream,
} from '../testing/front.ts';
import { openRaw, type RawClient } from '../testing/raw-client.ts';
import { ok, type ScriptedUpstream, startScriptedUpstream, switching } from '../testing/scripted-upstream.ts';
import { clusterId, type Stand, startStand } from '../testing/stand.ts';

standBeforeTheDoor();

const isLong = process.env.GATEHOUSE_TEST_LONG === '1';
const mib = 1024 * 1024;
const promised = { timeout: 15_000, interval: 20 };
/** As much as passes in the test. */
const flood = (isLong ? 1024 : 64) * mib;
const flowsWithinMs = isLong ? 600_000 : 60_000;
/** And as much of it as may be under way at once, in the buffers of both connections' ends and in the kernel. */
const underWayMax = 32 * mib;
/** Client, door and cluster live in this one process, so this bounds all three together. */
const memoryMax = 160 * mib;

const rss = () => process.memoryUsage.rss();

async function watchingMemory(act: () => Promise<void>): Promise<number> {
  const before = rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, rss());
  }, 20);
  await act().finally(() => clearInterval(timer));
  return Math.max(most, rss()) - before;
}

/** Writes blocks until the other side takes no more; says how much went out so far, and the most that had not arrived at any time. */
function pouring(socket: Duplex, total: number, arrived = () => 0) {
  const block = Buffer.alloc(256 * 1024, 'a');
  const poured = { bytes: 0, underWay: 0, done: Promise.resolve() };
  poured.done = new Promise<void>((resolve) => {
    const pour = () => {
      while (poured.bytes < total && !socket.destroyed) {
        poured.bytes += block.length;
        poured.underWay = Math.max(poured.underWay, poured.bytes - arrived());
        if (!socket.write(block)) {
          socket.once('drain', pour);
          return;
        }
      }
      resolve();
    };
    pour();
  });
  return poured;
}

/** Until it has stood still for a while; whoever never stops is stopped by the limit. */
async function standstill(read: () => number): Promise<number> {
  const began = performance.now();
  let last = -1;
  let since = began;
  while (performance.now() - since < 400 && performance.now() - began < 15_000) {
    const now = read();
    if (now !== last) since = performance.now();
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return last;
}

describe('a body however large (SECURITY 27, F23)', () => {
  const post = (length: number | 'chunked', token = alice) => [
    'POST /clusters/east/api/v1/namespaces/shop/configmaps HTTP/1.1',
    'Host: door',
    `Authorization: Bearer ${token}`,
    length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`,
  ];

  test('that the cluster does not read stays with the client: a 1 GiB body is held back, not kept', async () => {
    upstream.takesOver = (_request, socket) => {
      socket.pause();
      return true;
    };
    const client = await openRaw(stand.url, stand.caPem);
    const grown = await watchingMemory(async () => {
      client.send(post(1024 * mib));
      const poured = pouring(client.socket, 1024 * mib);
      expect(await standstill(() => poured.bytes - client.socket.writableLength)).toBeLessThan(48 * mib);
    });
    expect(grown).toBeLessThan(memoryMax);
    client.destroy();
    await expect.poll(() => upstream.open().every((socket) => socket.destroyed || socket.isPaused()), promised).toBe(true);
    for (const socket of upstream.open()) socket.destroy();
  });

  test('from somebody who is nobody is not read at all', async () => {
    const client = await openRaw(stand.url, stand.caPem);
    const grown = await watchingMemory(async () => {
      client.send(post(1024 * mib, 'gh_bad'));
      const poured = pouring(client.socket, 1024 * mib);
      await client.ended(15_000);
      expect(poured.bytes).toBeLessThan(64 * mib);
    });
    expect(grown).toBeLessThan(memoryMax);
    expect(client.text()).toMatch(/^(?:HTTP\/1\.1 401 |$)/);
    expect(upstream.seen).toEqual([]);
  });

  test(
    'flows through in flat memory, and nothing of it is kept',
    async () => {
      let heard = 0;
      upstream.takesOver = (_request, socket, early) => {
        heard = early.length;
        socket.on('data', (chunk: Buffer) => {
          heard += chunk.length;
          if (heard >= flood) socket.write(ok('{}', 'Connection: close\r\n'));
        });
        return true;
      };
      const client = await openRaw(stand.url, stand.caPem);
      const grown = await watchingMemory(async () => {
        client.send(post(flood));
        const poured = pouring(client.socket, flood, () => heard);
        await poured.done;
        await client.until(/HTTP\/1\.1 200 /, flowsWithinMs);
        expect(poured.underWay).toBeLessThan(underWayMax);
      });
      expect(heard).toBeGreaterThanOrEqual(flood);
      expect(grown).toBeLessThan(memoryMax);
      client.destroy();
    },
    2 * flowsWithinMs,
  );

  test('and however deep: a million nested lists are bytes like any other, parsed by nobody here', async () => {
    const body = '['.repeat(1_000_000);
    const client = await openRaw(stand.url, stand.caPem);
    client.send(post(body.length), body);
    await client.until(/HTTP\/1\.1 200 /, 15_000);
    expect(upstream.seen[0]?.body === body).toBe(true);
    client.destroy();
  });
});

describe('somebody who does not read (F23)', () => {
  test.each(shapes)('%s: holds the cluster back instead of filling our memory, and nobody else waits for them (F24)', async (shape) => {
    let poured = { bytes: 0 };
    upstream.takesOver = (request, socket) => {
      if (!request.line.includes('slow')) return false;
      socket.write(shape === 'a plain request' ? `HTTP/1.1 200 OK\r\nContent-Length: ${1024 * mib}\r\n\r\n` : switching(protocolOf(shape)));
      poured = pouring(socket, 1024 * mib);
      return true;
    };
    const target = '/clusters/east/api/v1/namespaces/shop/pods/slow/exec?command=sh';
    const client = await openRaw(stand.url, stand.caPem);
    const grown = await watchingMemory(async () => {
      client.send(asked(shape, alice, { target }));
      await client.until(/\r\n\r\n/);
      client.socket.pause();
      const stalledAt = await standstill(() => poured.bytes);
      expect(stalledAt).toBeGreaterThan(0);
      expect(stalledAt).toBeLessThan(64 * mib);
      for (let i = 0; i < 20; i += 1) expect((await get('/clusters/east/version', alice)).status).toBe(200);
      expect(poured.bytes).toBeLessThan(64 * mib);
    });
    expect(grown).toBeLessThan(memoryMax);
    client.destroy();
    await expect.poll(() => stand.door.snapshotStreams().length, promised).toBe(0);
  });

  test.each(shapes)(
    '%s: what flows and is read leaves memory flat',
    async (shape) => {
      let read = 0;
      let poured = { underWay: 0 };
      upstream.takesOver = (_request, socket) => {
        socket.write(
          shape === 'a plain request'
            ? `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${flood}\r\n\r\n`
            : switching(protocolOf(shape)),
        );
        poured = pouring(socket, flood, () => read);
        return true;
      };
      const grown = await watchingMemory(async () => {
        const client = await openRaw(stand.url, stand.caPem);
        client.socket.removeAllListeners('data');
        client.socket.on('data', (chunk: Buffer) => {
          read += chunk.length;
        });
        client.send(asked(shape, alice));
        await expect.poll(() => read, { timeout: flowsWithinMs, interval: 50 }).toBeGreaterThanOrEqual(flood);
        client.destroy();
      });
      expect(poured.underWay).toBeLessThan(underWayMax);
      expect(grown).toBeLessThan(memoryMax);
    },
    2 * flowsWithinMs,
  );
});

describe('how large a head may be (F26)', () => {
  test.each(shapes)('%s: 48 KiB is served, above 64 KiB is 431 and the end, in one header, in many, and in the address', async (shape) => {
    expect((await raw(...asked(shape, alice, { headers: [`Accept-Language: ${'a'.repeat(48 * 1024)}`] }))).status).toBe(200);
    upstream.seen.length = 0;
    const tooLarge = [
      asked(shape, alice, { headers: [`Accept-Language: ${'a'.repeat(66 * 1024)}`] }),
      asked(shape, alice, { headers: Array.from({ length: 700 }, (_, i) => `X-${i}: ${'a'.repeat(100)}`) }),
      asked(shape, alice, { target: `${execPath}&x=${'a'.repeat(66 * 1024)}` }),
      asked(shape, null, { headers: [`Authorization: Bearer ${'a'.repeat(70 * 1024)}`] }),
    ];
    for (const lines of tooLarge) {
      const answer = await raw(...lines);
      expect(answer.status).toBe(431);
      expect(answer.head).toMatch(/\r\nConnection: close/);
      expect(statusIn(answer.body)).toMatchObject({ kind: 'Status', code: 431 });
    }
    expect(upstream.seen).toEqual([]);
    expect((await get('/clusters/east/version', alice)).status).toBe(200);
  });

  test('a long address within it is served as it is', async () => {
    const target = `/clusters/east/api/v1/pods?labelSelector=${'a'.repeat(30_000)}`;
    expect((await get(target, alice)).status).toBe(200);
    expect(upstream.seen[0]?.line).toBe(`GET ${target.slice('/clusters/east'.length)} HTTP/1.1`);
  });

  test('a person in a thousand groups of the directory is sent with the groups of their grants here, and no other', async () => {
    await stand.write(
      'directory',
      'd-1',
      `INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
       SELECT 'g-' || n, 'f-1', 'd-1', gen_random_uuid(), 'CN=' || n, 'g' || n, 'g' || n, -2147483646, true FROM generate_series(1, 1000) AS n`,
    );
    await stand.write('directory', 'd-1', `INSERT INTO membership (group_id, member_id) SELECT id, 'p-alice' FROM directory_group`);
    for (const shape of shapes) await raw(...asked(shape, alice));
    expect(upstream.seen).toHaveLength(3);
    for (const { headers } of upstream.seen) expect(headers.filter((header) => header.startsWith('Impersonate-Group'))).toHaveLength(2);
  });
});

describe('somebody who says nothing, or says it slowly (F24)', () => {
  let own: Stand;
  let cluster: ScriptedUpstream;
  let token: string;
  const plainly = (...lines: string[]) => [...lines, 'Host: door', `Authorization: Bearer ${token}`];
  const ask = () => plainly('GET /clusters/east/version HTTP/1.1');

  beforeAll(async () => {
    cluster = await startScriptedUpstream();
    own = await startStand({
      clusters: [{ name: 'east', serverUrl: cluster.url, caPem: cluster.caPem, namespaces: ['shop'] }],
      people: ['alice'],
      limits: { handshakeMs: 3_000, headMs: 3_000, requestMs: 4_000, connectionsPerAddress: 80 },
    });
    await own.grant('alice', viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
    token = await own.token('alice');
  });

  afterAll(async () => {
    await own?.stop();
    await cluster?.close();
  });

  const isServed = async (): Promise<boolean> => {
    try {
      const client = await openRaw(own.url, own.caPem);
      client.send(ask());
      const isGood = await client.until(/HTTP\/1\.1 200 /).then(
        () => true,
        () => false,
      );
      client.destroy();
      return isGood;
    } catch {
      return false;
    }
  };

  const dripping = (client: RawClient): NodeJS.Timeout =>
    setInterval(() => {
      if (client.socket.writable) client.socket.write('a');
    }, 50);

  test('no handshake, no word, a head or a body that drips: each is ended in time; a silent watch and shell are not; others are served meanwhile', async () => {
    cluster.takesOver = (request, socket) => {
      if (!/exec|watch/.test(request.line)) return false;
      const events = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n';
      socket.write(request.line.includes('exec') ? switching() : events);
      return true;
    };
    const { hostname, port } = new URL(own.url);
    const mute = connectPlain({ host: hostname, port: Number(port) });
    const isMuteOver = new Promise<void>((resolve) => mute.once('close', () => resolve()));
    mute.on('error', () => {});
    const watch = await openRaw(own.url, own.caPem);
    watch.send(plainly('GET /clusters/east/api/v1/namespaces/shop/pods?watch=1 HTTP/1.1'));
    const shell = await openRaw(own.url, own.caPem);
    shell.send(asked('a WebSocket upgrade', token));
    await Promise.all([watch.until(/\{\}/), shell.until(/101 /)]);

    const silent = await openRaw(own.url, own.caPem);
    const slowHead = await openRaw(own.url, own.caPem);
    slowHead.socket.write('GET /clusters/east/version HTTP/1.1\r\nHost: door\r\nX-Slow: ');
    const slowBody = await openRaw(own.url, own.caPem);
    slowBody.send([...plainly('POST /clusters/east/api/v1/namespaces/shop/configmaps HTTP/1.1'), 'Content-Length: 100000']);
    const drips = [dripping(slowHead), dripping(slowBody)];
    await expect.poll(isServed, promised).toBe(true);
    await Promise.all([isMuteOver, silent.ended(20_000), slowHead.ended(20_000), slowBody.ended(20_000)]).finally(() => {
      for (const drip of drips) clearInterval(drip);
    });
    for (const slow of [slowHead, slowBody]) {
      expect(slow.text()).toMatch(/^HTTP\/1\.1 408 /);
      expect(statusIn(slow.text().slice(slow.text().indexOf('\r\n\r\n') + 4))).toMatchObject({ kind: 'Status', code: 408 });
    }
    expect(cluster.seen.filter(({ line }) => line.startsWith('POST'))).toEqual([]);
    await expect.poll(() => own.door.snapshotStreams().length, promised).toBe(2);
    for (const { socket } of [watch, shell]) expect([socket.destroyed, socket.readableEnded]).toEqual([false, false]);
    await expect.poll(isServed, promised).toBe(true);
    watch.destroy();
    shell.destroy();
  }, 60_000);

  test('strangers from one address get an eighth of its connections, and those who were let in keep theirs', async () => {
    const known = await openRaw(own.url, own.caPem);
    known.send(ask());
    await known.until(/HTTP\/1\.1 200 [\s\S]*\{\}/);
    const { hostname, port } = new URL(own.url);
    const strangers = Array.from({ length: 40 }, () => connectPlain({ host: hostname, port: Number(port) }));
    const over = new Set<unknown>();
    for (const socket of strangers) {
      socket.on('error', () => over.add(socket));
      socket.once('close', () => over.add(socket));
    }
    await expect.poll(() => over.size, promised).toBeGreaterThanOrEqual(30);
    known.send(ask());
    await expect.poll(() => known.text().match(/HTTP\/1\.1 200 /g)?.length, promised).toBe(2);
    for (const socket of strangers) socket.destroy();
    await expect.poll(isServed, promised).toBe(true);
    known.destroy();
  });

  test('nobody holds more connections from one address than there are for it, let in or not', async () => {
    const held: RawClient[] = [];
    const hold = async () => {
      try {
        const client = await openRaw(own.url, own.caPem);
        client.send(ask());
        await client.until(/HTTP\/1\.1 200 /);
        held.push(client);
      } catch {
        // Refused: what this test is about.
      }
    };
    for (let i = 0; i < 100; i += 1) await hold();
    expect(held.length).toBeGreaterThan(40);
    expect(held.length).toBeLessThanOrEqual(80);
    for (const client of held) client.destroy();
    await expect.poll(isServed, promised).toBe(true);
  });
});

describe('one side that goes away (F28)', () => {
  /** An open tunnel: both its ends in hand. */
  async function tunnelled(shape: Shape, atEnd = (far: TLSSocket) => void far.end()) {
    const joined = new Promise<TLSSocket>((resolve) => {
      upstream.takesOver = (_request, socket) => {
        socket.once('end', () => atEnd(socket));
        socket.write(switching(protocolOf(shape)));
        resolve(socket);
        return true;
      };
    });
    const client = await openRaw(stand.url, stand.caPem);
    client.send(asked(shape, alice));
    const far = await joined;
    await client.until(/101 Switching/);
    return { client, far };
  }
  const gone = (socket: { destroyed: boolean }) => expect.poll(() => socket.destroyed, { timeout: 3_000, interval: 10 }).toBe(true);

  test.each(upgrades)('%s: the client resets, and the cluster’s socket is freed within the second', async (shape) => {
    const { client, far } = await tunnelled(shape);
    client.reset();
    await gone(far);
    await expect.poll(() => stand.door.snapshotStreams().length, promised).toBe(0);
  });

  test.each(upgrades)('%s: the cluster resets in the middle, and the client’s socket is freed within the second', async (shape) => {
    const { client, far } = await tunnelled(shape);
    far.write('half of what');
    await client.until(/half of what/);
    upstream.reset(far);
    await client.ended(3_000);
    await expect.poll(() => stand.door.snapshotStreams().length, promised).toBe(0);
  });

  test.each(upgrades)('%s: a client that has said its last word still hears the cluster’s, exit status and all', async (shape) => {
    const { client, far } = await tunnelled(shape, (socket) => {
      socket.end('{"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}');
    });
    let heard = '';
    far.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
    });
    client.socket.end('last words');
    await client.until(/"message":"3"\}\]\}\}$/, 5_000);
    expect(heard).toBe('last words');
    await gone(far);
  });

  test.each(upgrades)('%s: what the cluster said before it hung up arrives whole, then the end', async (shape) => {
    const { client, far } = await tunnelled(shape);
    far.end(`${'x'.repeat(300_000)}the end`);
    await client.ended(10_000);
    expect(client.text().endsWith('xthe end')).toBe(true);
    expect(client.text().length).toBeGreaterThan(300_000);
    client.destroy();
    await gone(far);
  });

  test.each(['before the answer', 'in the middle of it'])(
    'a plain request whose client goes away %s frees the cluster’s socket',
    async (when) => {
      const asking = new Promise<TLSSocket>((resolve) => {
        upstream.takesOver = (_request, socket) => {
          socket.once('end', () => socket.end());
          if (when === 'in the middle of it') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nsome');
          resolve(socket);
          return true;
        };
      });
      const client = await openRaw(stand.url, stand.caPem);
      client.send(asked('a plain request', alice));
      const far = await asking;
      if (when === 'in the middle of it') await client.until(/some$/);
      client.reset();
      await gone(far);
    },
  );

  test('a cluster that goes away in the middle of an answer: the client never takes it for whole', async () => {
    upstream.script = (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      setTimeout(() => upstream.reset(socket), 30);
    };
    const client = await openRaw(stand.url, stand.caPem);
    client.send(asked('a plain request', alice));
    await client.ended(5_000);
    expect(client.text()).toContain('hello');
    expect(client.text()).not.toMatch(/\r\n0\r\n/);
  });
});
