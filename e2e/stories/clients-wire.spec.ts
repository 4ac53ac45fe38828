/**
 * What no client's output shows: the bytes. The same question goes straight to the API server as the impersonated person and through the
 * door as that person; status, headers and body must be the same, in every encoding, over every kind of upgrade.
 */
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import type { DemoCluster } from '#e2e/scene/contract.ts';
import { eventually } from '#e2e/scene/eventually.ts';
import { type Guest, welcomeGuest } from '#e2e/test/clients/guest.ts';
import { identityThroughTheDoor } from '#e2e/test/clients/parity.ts';
import { type Frame, opcodes, openWebSocket, type Socket } from '#e2e/test/clients/web-socket.ts';
import { answerTo, ask, type Question, type Reply, send, type Wire, wiresTo } from '#e2e/test/clients/wire.ts';
import { clear, furnish } from '#e2e/test/clients/world.ts';
import { readContract } from '#e2e/test/contract-file.ts';

const contract = readContract();
const clusters = contract.clusters as [DemoCluster, DemoCluster];

let guest: Guest;
let ns: string;
/** To east, whose node speaks WebSocket itself, and to west, whose API server translates. */
let ways: Record<string, readonly [Wire, Wire]>;

test.beforeAll(async () => {
  const run = `w${Date.now().toString(36)}`;
  ns = `${run}-wire`;
  guest = await welcomeGuest(contract, `wim-${run}`);
  await Promise.all(clusters.map((cluster) => furnish(contract, cluster, [ns])));
  await guest.grant('developer', [ns]);
  await guest.entered(clusters);
  ways = {};
  for (const cluster of clusters) {
    const who = await identityThroughTheDoor(contract, guest.kubeconfig, cluster);
    ways[cluster.name] = wiresTo(contract, cluster, guest.kubeconfig, who);
  }
});
test.afterAll(async () => {
  for (const wire of Object.values(ways ?? {}).flat()) wire.agent.destroy();
  await guest?.leaves();
  if (ns) await Promise.all(clusters.map((cluster) => clear(contract, cluster, [ns])));
});

const toEast = () => ways.east as readonly [Wire, Wire];
const inNamespace = (rest: string) => `/api/v1/namespaces/${ns}/${rest}`;

/** The question on both ways; asked again while only the clock or another's change made a difference. */
async function same(path: string, question: Question = {}): Promise<Reply> {
  const onBoth = () => Promise.all(toEast().map((wire) => ask(wire, path, question)));
  const seen = await eventually(onBoth, ([direct, behind]) => shown(direct) === shown(behind), path, 10_000).catch(onBoth);
  expect(shown(seen[1]), path).toBe(shown(seen[0]));
  expect(seen[1]?.body.equals(seen[0]?.body ?? Buffer.alloc(0)), `the bytes of ${path}`).toBe(true);
  return seen[1] as Reply;
}

/** A request's own number and time, and the framing, which is each server's own. */
const mayDiffer = new Set(['date', 'audit-id', 'connection', 'keep-alive', 'transfer-encoding', 'content-length']);

function shown(reply: Reply | undefined): string {
  const headers = Object.entries(reply?.headers ?? {}).filter(([name]) => !mayDiffer.has(name));
  return JSON.stringify({ status: reply?.status, headers: headers.toSorted(), body: reply?.body.toString('base64') });
}

test('lists are the same bytes as JSON, as YAML, as protobuf and as a table', async () => {
  const path = inNamespace('pods');
  const accepted = {
    'application/json': 'application/json',
    'application/yaml': 'application/yaml',
    'application/vnd.kubernetes.protobuf': 'application/vnd.kubernetes.protobuf',
    'application/json;as=Table;v=v1;g=meta.k8s.io,application/json': 'application/json',
    'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io': 'application/json',
    'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io': 'application/vnd.kubernetes.protobuf',
  };
  for (const [accept, type] of Object.entries(accepted)) {
    const reply = await same(path, { headers: { accept } });
    expect([reply.status, reply.headers['content-type']?.split(';')[0]]).toEqual([200, type]);
    expect(reply.body.length).toBeGreaterThan(100);
  }
  expect((await same(path, { headers: { accept: 'image/png' } })).status).toBe(406);
});

test('what is compressed stays compressed', async () => {
  const plain = await same('/openapi/v2', { headers: { accept: 'application/json' } });
  const packed = await same('/openapi/v2', { headers: { accept: 'application/json', 'accept-encoding': 'gzip' } });
  expect(packed.headers['content-encoding']).toBe('gzip');
  expect(packed.body.length).toBeLessThan(plain.body.length / 3);
  expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
});

test('aggregated discovery and OpenAPI carry their ETag, and are not sent twice', async () => {
  const aggregated = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' };
  for (const [path, headers] of [
    ['/api', aggregated],
    ['/apis', aggregated],
    ['/openapi/v3/apis/apps/v1', { accept: 'application/json' }],
    ['/openapi/v2', { accept: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' }],
  ] as const) {
    const { status, headers: told } = await same(path, { headers });
    expect([status, typeof told.etag]).toEqual([200, 'string']);
    const again = await same(path, { headers: { ...headers, 'if-none-match': told.etag ?? '' } });
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, told.etag]);
  }
});

test('a list in pieces ends where it ends directly', async () => {
  const [direct, behind] = await Promise.all(
    toEast().map(async (wire) => {
      const seen: unknown[] = [];
      for (let token: string | undefined = ''; token !== undefined; ) {
        const { body } = await ask(wire, `${inNamespace('configmaps')}?limit=1${token && `&continue=${encodeURIComponent(token)}`}`);
        const page = JSON.parse(body.toString('utf8')) as {
          metadata: { continue?: string; remainingItemCount?: number };
          items: { metadata: { name: string } }[];
        };
        seen.push([page.items.map(({ metadata }) => metadata.name), page.metadata.remainingItemCount]);
        token = page.metadata.continue;
      }
      return seen;
    }),
  );
  expect(behind).toEqual(direct);
  expect((await same(`${inNamespace('configmaps')}?limit=1&continue=broken`)).status).toBe(400);
});

test('warnings, HEAD, OPTIONS, unknown addresses and methods are answered as the API server does', async () => {
  const deprecated = await same(inNamespace('endpoints'));
  expect(deprecated.headers.warning).toContain('299');
  for (const method of ['HEAD', 'PUT', 'POST']) await same(inNamespace('pods'), { method });
  for (const method of ['HEAD', 'OPTIONS']) await same('/version', { method });
  // Where our account may not even ask in anybody's name, the door says what the API server would have said to the person.
  const words = await Promise.all(
    toEast().map(async (wire) => {
      const { status, body } = await ask(wire, inNamespace('pods'), { method: 'OPTIONS' });
      return [status, JSON.parse(body.toString('utf8'))];
    }),
  );
  expect(words[1]).toEqual(words[0]);
  expect((await same('/version/', {})).status).toBeGreaterThanOrEqual(200);
  expect((await same('/')).status).toBe(403);
  expect((await same('/apis/nobody.example/v1/things')).status).toBe(403);
  expect((await same(inNamespace('pods/nobody'))).status).toBe(404);
});

test('a watch streams in JSON and protobuf, with initial events, bookmarks and its own end', async () => {
  const query = 'watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const types = await Promise.all(
    toEast().map(async (wire) => {
      const { body, headers } = await ask(wire, `${inNamespace('configmaps')}?${query}`);
      const events = body
        .toString('utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string; object: unknown });
      expect(JSON.stringify(events.at(-1)?.object)).toContain('"k8s.io/initial-events-end":"true"');
      return [headers['content-type'], ...events.map(({ type }) => type)];
    }),
  );
  expect(types[1]).toEqual(types[0]);
  const sizes = await Promise.all(
    toEast().map(async (wire) => {
      const accept = 'application/vnd.kubernetes.protobuf;stream=watch';
      const { body, headers } = await ask(wire, `${inNamespace('configmaps')}?${query}`, { headers: { accept } });
      const frames: number[] = [];
      for (let at = 0; at < body.length; at += 4 + (frames.at(-1) ?? 0)) frames.push(body.readUInt32BE(at));
      return [headers['content-type'], frames.length];
    }),
  );
  expect(sizes[1]).toEqual(sizes[0]);
  expect(sizes[0]?.[1]).toBeGreaterThanOrEqual(2);
  expect((await same(`${inNamespace('configmaps')}?watch=1&resourceVersion=1&timeoutSeconds=1`)).status).toBe(200);
});

test('who waits for 100 is told to go on, and a body too large is answered while it still comes', async () => {
  const answers = await Promise.all(
    toEast().map(async (wire) => {
      const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `expects-${wire.name}` } };
      const body = JSON.stringify(configMap);
      const length = String(Buffer.byteLength(body));
      const headers = { 'content-type': 'application/json', 'content-length': length, expect: '100-continue' };
      const asked = send(wire, inNamespace('configmaps'), { method: 'POST', headers });
      const created = answerTo(asked);
      await new Promise((resolve, reject) => {
        asked.once('continue', resolve);
        asked.once('error', reject);
        asked.once('response', () => reject(new Error('an answer before the body was asked for')));
        asked.flushHeaders();
      });
      asked.end(body);
      const { status } = await created;

      const flood = send(wire, inNamespace('configmaps'), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      });
      const refused = answerTo(flood);
      flood.write(`{"data":{"a":"${'x'.repeat(3_500_000)}`);
      // No end: the answer must not wait for it.
      const tooLarge = await refused;
      flood.destroy();
      return [status, tooLarge.status, (JSON.parse(tooLarge.body.toString('utf8')) as { reason: string }).reason];
    }),
  );
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[0]).toEqual([201, 413, 'RequestEntityTooLarge']);
});

const execQuery = (command: readonly string[], rest = 'stdin=true&stdout=true&stderr=true') =>
  `pods/probe/exec?container=main&${rest}&${command.map((word) => `command=${encodeURIComponent(word)}`).join('&')}`;
const onChannel = (channel: number, text: string) => Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
const said = (frames: readonly Frame[], channel: number) =>
  frames
    .filter(({ opcode, payload }) => opcode !== opcodes.close && payload[0] === channel)
    .map(({ payload }) => payload.subarray(1).toString('utf8'))
    .join('');
const closing = (frames: readonly Frame[]) => frames.find(({ opcode }) => opcode === opcodes.close)?.payload.readUInt16BE(0);

for (const { name } of clusters) {
  test(`exec by WebSocket v5 and v4 on ${name}: both outputs, the status, and an input that ends by itself`, async () => {
    const seen = await Promise.all(
      (ways[name] as readonly [Wire, Wire]).map(async (wire) => {
        const v5 = { 'Sec-WebSocket-Protocol': 'v5.channel.k8s.io' };
        const reading = await openWebSocket(wire, inNamespace(execQuery(['sh', '-c', 'md5sum; echo problem >&2; exit 3'])), v5);
        for (let part = 0; part < 20; part += 1) reading.send(onChannel(0, 'x'.repeat(50_000)));
        reading.send(Buffer.from([255, 0]));
        const read = await reading.frames();
        reading.close();
        const v4 = { 'Sec-WebSocket-Protocol': 'v4.channel.k8s.io' };
        const older = await openWebSocket(wire, inNamespace(execQuery(['echo', 'plain'], 'stdout=true&stderr=true')), v4);
        const plain = await older.frames();
        older.close();
        return {
          protocols: [reading.protocol, older.protocol],
          read: [said(read, 1), said(read, 2), said(read, 3), closing(read)],
          plain: [said(plain, 1), said(plain, 3), closing(plain)],
        };
      }),
    );
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]?.protocols).toEqual(['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    expect(seen[0]?.read[0]).toMatch(/^[0-9a-f]{32} {2}-\n$/);
    expect(seen[0]?.read[2]).toContain('NonZeroExitCode');
    expect(seen[0]?.plain[0]).toBe('plain\n');
  });
}

test('port-forward by WebSocket, as the older clients do it, carries an HTTP exchange', async () => {
  const seen = await Promise.all(
    toEast().map(async (wire) => {
      const socket = await openWebSocket(wire, inNamespace('pods/probe/portforward?ports=8080'), {
        'Sec-WebSocket-Protocol': 'v4.channel.k8s.io',
      });
      socket.send(onChannel(0, 'GET / HTTP/1.0\r\nHost: pod\r\n\r\n'));
      const frames = await socket.frames((all) => said(all, 0).includes('hello'));
      socket.close();
      return [socket.status, socket.protocol, said(frames, 0).replace(/Date: .*\r\n/, '')];
    }),
  );
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[0]?.[2]).toContain('hello from the pod');
});

test('a port-forward that tunnels SPDY in a WebSocket, and SPDY itself, are agreed upon as directly', async () => {
  const tunnelled = await Promise.all(
    toEast().map(async (wire) => {
      const socket = await openWebSocket(wire, inNamespace('pods/probe/portforward'), {
        'Sec-WebSocket-Protocol': 'SPDY/3.1+portforward.k8s.io',
      });
      socket.close();
      return [socket.status, socket.protocol];
    }),
  );
  expect(tunnelled[1]).toEqual(tunnelled[0]);
  expect(tunnelled[0]).toEqual([101, 'SPDY/3.1+portforward.k8s.io']);
});

test('a browser brings its token as a subprotocol, and is answered with the other one', async () => {
  const [, behind] = toEast();
  const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from(behind.token ?? '').toString('base64url')}`;
  const socket = await openWebSocket(
    behind,
    inNamespace(execQuery(['echo', 'from a browser'], 'stdout=true&stderr=true')),
    { 'Sec-WebSocket-Protocol': `${bearer}, v5.channel.k8s.io`, Origin: 'https://headlamp.example' },
    {},
  );
  expect([socket.status, socket.protocol]).toEqual([101, 'v5.channel.k8s.io']);
  expect(said(await socket.frames(), 1)).toBe('from a browser\n');
  socket.close();
});

test('a watch over WebSocket shows the events as directly', async () => {
  const seen = await Promise.all(
    toEast().map(async (wire) => {
      const socket = await openWebSocket(
        wire,
        `${inNamespace('configmaps')}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dkube-root-ca.crt`,
        {
          Origin: 'https://headlamp.example',
        },
      );
      const frames = await socket.frames();
      socket.close();
      return [socket.status, ...frames.filter(({ opcode }) => opcode === opcodes.text).map(({ payload }) => payload.toString('utf8'))];
    }),
  );
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[0]?.[1]).toContain('kube-root-ca.crt');
});

test('an upgrade that the cluster refuses comes back with its words', async () => {
  const refused = async (rest: string, headers: Record<string, string>) => {
    const sockets: Socket[] = await Promise.all(toEast().map((wire) => openWebSocket(wire, inNamespace(rest), headers)));
    expect([sockets[1]?.status, sockets[1]?.refusal]).toEqual([sockets[0]?.status, sockets[0]?.refusal]);
    return sockets[1]?.status;
  };
  const v5 = { 'Sec-WebSocket-Protocol': 'v5.channel.k8s.io' };
  expect(await refused('pods/nobody/exec?stdout=true&command=true', v5)).toBe(404);
  expect(await refused('pods/probe/exec?stdout=true', v5)).toBe(400);
  expect(await refused('pods/probe/log?container=none', {})).toBe(400);
  expect(await refused('secrets/none', {})).toBeGreaterThanOrEqual(400);
});
