/** What a door can carry, how it lays that down, and that a thousand streams opened and ended leave nothing behind. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { answerAsCluster, expectCut, kindsOfStream, openStreams } from '../testing/kinds-of-stream.ts';
import { ask, openRaw } from '../testing/raw-client.ts';
import { ok, type ScriptedUpstream, startScriptedUpstream } from '../testing/scripted-upstream.ts';
import { clusterId, type Replica, type Stand, startStand } from '../testing/stand.ts';

vi.setConfig({ testTimeout: 300_000 });

const isLong = process.env.GATEHOUSE_TEST_LONG === '1';
const patience = { timeout: 30_000, interval: 50 };

let upstream: ScriptedUpstream;
let stand: Stand;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.script = (request, socket) => void socket.write(answerAsCluster(request) ?? ok(), 'latin1');
  stand = await startStand({
    clusters: [{ name: 'east', serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop'] }],
    people: ['alice', 'bob', 'carol', 'dora'],
    streamsMax: 24,
  });
  for (const person of ['alice', 'bob', 'carol', 'dora'])
    await stand.grant(person, viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
});
afterAll(async () => {
  await stand?.stop();
  await upstream?.close();
});

const door = () => ({ url: stand.url, caPem: stand.caPem });
const get = (url: string, token: string) =>
  ask(url, stand.caPem, ['GET /clusters/east/version HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);

test('a door that holds as much as it may: 503 with Retry-After for what comes above, and it serves again when something has ended (F25)', async () => {
  const token = await stand.token('alice');
  const open = (await Promise.all([0, 1, 2].map(() => openStreams(door(), token)))).flat();
  expect(open).toHaveLength(24);
  const full = await get(stand.url, token);
  expect(full.status).toBe(503);
  expect(full.head).toMatch(/\r\nRetry-After: \d+/);
  expect(JSON.parse(full.body)).toMatchObject({ kind: 'Status', reason: 'ServiceUnavailable' });
  for (const { client } of open) client.destroy();
  await expect.poll(async () => (await get(stand.url, token)).status, patience).toBe(200);
});

test('a name that Postgres could not hold, or far too long, keeps neither a door’s heartbeat back nor its audit events (SECURITY 27)', async () => {
  const token = await stand.token('dora');
  const odd = `a%00${'b'.repeat(20_000)}`;
  const client = await openRaw(stand.url, stand.caPem);
  upstream.script = (_request, socket) =>
    void socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n');
  client.send([
    `GET /clusters/east/api/v1/namespaces/shop/pods?watch=1&fieldSelector=metadata.name%3D${odd} HTTP/1.1`,
    'Host: door',
    `Authorization: Bearer ${token}`,
  ]);
  await client.until(/\{\}\n/);
  upstream.script = (request, socket) => void socket.write(answerAsCluster(request) ?? ok(), 'latin1');
  const told = async () =>
    (
      await stand.db.sql.query<{ name: string }>(
        `SELECT jsonb_array_elements(streams)->>'name' AS name FROM replica WHERE id = 'x-test' AND beat_at > now() - interval '5 s'`,
      )
    ).rows.map(({ name }) => name);
  const kept = `a\ufffd${'b'.repeat(251)}`;
  await expect.poll(told, patience).toContain(kept);
  await stand.disable('dora');
  await client.until(/\r\n0\r\n\r\n$/);
  client.destroy();
  const cut = async () =>
    (
      await stand.db.sql.query<{ name: string }>(
        `SELECT detail->>'name' AS name FROM audit_event WHERE event = 'stream.cut' AND subject_id = 'p-dora'`,
      )
    ).rows.map(({ name }) => name);
  await expect.poll(cut, patience).toEqual([kept]);
});

test('a door that stops ends its streams spread over the grace, not all at once (F25, F29)', async () => {
  const token = await stand.token('bob');
  const leaving: Replica = await stand.anotherDoor('x-leaving', { drainMs: 1_500 });
  const at = { url: leaving.url, caPem: stand.caPem };
  const open = (await Promise.all([0, 1].map(() => openStreams(at, token)))).flat();
  const ends: number[] = [];
  for (const { client } of open) client.socket.once('close', () => ends.push(performance.now()));
  const stopped = leaving.door.stop();
  await Promise.all(open.map((stream) => expectCut(stream, 20_000)));
  await stopped;
  await expect.poll(() => ends.length, patience).toBe(open.length);
  expect(Math.max(...ends) - Math.min(...ends)).toBeGreaterThan(20);
  await expect
    .poll(
      async () =>
        (
          await stand.db.sql.query(
            `SELECT count(*)::int AS n FROM audit_event WHERE event = 'stream.cut' AND detail->>'replica' = 'x-leaving' AND detail->>'reason' = 'stopping'`,
          )
        ).rows[0]?.n,
      patience,
    )
    .toBe(open.length);
});

/** Sockets, timers and the like that keep this process at work: door, cluster and clients all live in it. */
function atWork(): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counted[name] = (counted[name] ?? 0) + 1;
  return counted;
}
const openFiles = () => readdirSync('/proc/self/fd').length;

const cycles = isLong ? 5_000 : 1_000;

test.runIf(process.platform === 'linux')(
  `${cycles} streams of every kind, opened and ended by client, cluster and revocation in turn, leave no socket, timer or memory behind (F14, F28)`,
  async () => {
    const perRound = kindsOfStream.length * 2;
    let token = await stand.token('carol');
    const endings: readonly ((open: Awaited<ReturnType<typeof openStreams>>) => Promise<void> | void)[] = [
      (open) => {
        for (const { client } of open) client.destroy();
      },
      (open) => {
        for (const { client } of open) client.socket.end();
      },
      () => {
        for (const socket of upstream.open()) socket.destroy();
      },
      async () => {
        const id = (
          await stand.db.sql.query<{ id: string }>(
            `SELECT id FROM credential WHERE person_id = 'p-carol' AND revoked_at IS NULL ORDER BY created_at DESC LIMIT 1`,
          )
        ).rows[0]?.id;
        await stand.write('credential', id ?? '', `UPDATE credential SET revoked_at = now(), revoke_reason = 'test' WHERE id = $1`, [id]);
        token = await stand.token('carol');
      },
    ];
    const round = async (i: number) => {
      const open = (await Promise.all([openStreams(door(), token), openStreams(door(), token)])).flat();
      await endings[i % endings.length]?.(open);
      await expect.poll(() => stand.door.snapshotStreams().length, patience).toBe(0);
      for (const { client } of open) client.destroy();
      await expect.poll(async () => (await get(stand.url, token)).status, patience).toBe(200);
    };
    const settled = async () => {
      for (const socket of upstream.open()) socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 500));
      globalThis.gc?.();
    };

    // What is made once and kept (pools, caches, compiled code) is made here.
    for (let i = 0; i < 8; i += 1) await round(i);
    await settled();
    const before = { files: openFiles(), resources: atWork(), rss: process.memoryUsage.rss() };
    for (let i = 0; i * perRound < cycles; i += 1) await round(i);
    await expect
      .poll(async () => {
        await settled();
        return openFiles();
      }, patience)
      .toBeLessThanOrEqual(before.files + 8);
    const after = atWork();
    for (const name of ['TCPSocketWrap', 'TLSWrap', 'Timeout', 'Immediate'])
      expect(after[name] ?? 0, name).toBeLessThanOrEqual((before.resources[name] ?? 0) + 8);
    // What the collector has not taken yet is no leak; what grows with each stream would be far above this.
    expect(process.memoryUsage.rss() - before.rss).toBeLessThan(isLong ? 400_000_000 : 200_000_000);
    expect(stand.door.snapshotStreams()).toEqual([]);
  },
);
