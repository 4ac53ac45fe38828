/** A watch of one's namespaces over a change of the set, with two replicas: whoever comes back to another one never resumes blind. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { ask, openRaw } from './testing/raw-client.ts';
import { ok, type ScriptedUpstream, startScriptedUpstream } from './testing/scripted-upstream.ts';
import { clusterId, type Replica, type Stand, startStand } from './testing/stand.ts';

const spellings = ['/api/v1/namespaces', '/api/v1/namespaces/', '/api/v1/%6eamespaces', '/api/v1/watch/namespaces'];
const nameOf = (index: number) => `n${index}`;

let upstream: ScriptedUpstream;
let stand: Stand;
let second: Replica;
let revision = 100;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  stand = await startStand({
    clusters: [{ name: 'east', serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop', 'pay'] }],
    people: [...spellings.map((_, i) => nameOf(i)), 'otto'],
  });
  second = await stand.anotherDoor('x-second');
});
afterAll(async () => {
  await stand?.stop();
  await upstream?.close();
});
beforeEach(() => {
  upstream.seen.length = 0;
  upstream.script = ({ line }, socket) => {
    revision += 1;
    if (line.includes('watch=1'))
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{"type":"BOOKMARK"}\n\r\n',
        'latin1',
      );
    else socket.write(ok(JSON.stringify({ metadata: { resourceVersion: String(revision) } })));
  };
});

const lines = (path: string, token: string) => [`GET /clusters/east${path} HTTP/1.1`, 'Host: door', `Authorization: Bearer ${token}`];
const get = (url: string, path: string, token: string) => ask(url, stand.caPem, lines(path, token));
const versionIn = (body: string) => Number((JSON.parse(body) as { metadata: { resourceVersion: string } }).metadata.resourceVersion);
const watchAt = (spelling: string, version: number) =>
  `${spelling}?${spelling.includes('/watch/') ? '' : 'watch=1&'}resourceVersion=${version}`;

async function openWatch(url: string, path: string, token: string) {
  const client = await openRaw(url, stand.caPem);
  client.send(lines(path, token));
  await client.until(/HTTP\/1\.1 \d\d\d [\s\S]*\r\n\r\n[\s\S]*[}\n]/, 15_000);
  return { client, status: Number(client.text().slice(9, 12)) };
}

const see = async (person: string, namespace: string) => {
  await stand.grant(person, viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: [namespace] });
  await second.heard();
};

test.each(spellings.map((spelling, i) => ({ spelling, i })))(
  '$spelling: the change closes the watch; 410 at the other replica; list; watch anywhere (PROTOCOLS B3, SECURITY 16)',
  async ({ spelling, i }) => {
    const person = nameOf(i);
    await see(person, 'shop');
    const token = await stand.token(person);
    await second.heard();
    const listed = versionIn((await get(stand.url, '/api/v1/namespaces', token)).body);
    const watch = await openWatch(stand.url, watchAt(spelling, listed), token);
    expect(watch.status).toBe(200);
    expect(decodeURIComponent(upstream.seen.at(-1)?.line ?? '')).toContain('in (shop)');

    await see(person, 'pay');
    await watch.client.until(/\r\n0\r\n\r\n$/, 10_000);
    watch.client.destroy();

    const resumed = await get(second.url, watchAt(spelling, listed), token);
    expect(resumed.status).toBe(410);
    expect(JSON.parse(resumed.body)).toMatchObject({ kind: 'Status', reason: 'Expired', code: 410 });
    const listedAgain = versionIn((await get(stand.url, spelling.replace('/watch', ''), token)).body);
    expect(decodeURIComponent(upstream.seen.at(-1)?.line ?? '')).toContain('in (pay,shop)');
    for (const { url } of [second, stand]) {
      const again = await openWatch(url, watchAt(spelling, listedAgain), token);
      expect(again.status).toBe(200);
      again.client.destroy();
    }
  },
);

test('a client that slept over the change, by a credential that another client used meanwhile, lists again too', async () => {
  await see('otto', 'shop');
  const token = await stand.token('otto');
  await second.heard();
  const asleep = versionIn((await get(stand.url, '/api/v1/namespaces', token)).body);
  await see('otto', 'pay');
  for (const { url } of [stand, second]) expect((await get(url, '/api/v1/namespaces', token)).status).toBe(200);
  for (const { url } of [stand, second]) expect((await get(url, watchAt('/api/v1/namespaces', asleep), token)).status).toBe(410);
});
