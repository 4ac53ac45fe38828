/** The database goes away from one of two replicas, in every way in which it can: that one closes, the other does not notice, and it comes back. */
import { request as plain } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { answerAsCluster, expectCut, expectOpen, openStreams } from '../testing/kinds-of-stream.ts';
import { ask } from '../testing/raw-client.ts';
import { ok, type ScriptedUpstream, startScriptedUpstream } from '../testing/scripted-upstream.ts';
import { clusterId, personId, type Replica, type Stand, startStand } from '../testing/stand.ts';
import { overWire, startWire, type Wire } from '../testing/wire.ts';

const patience = { timeout: 20_000, interval: 50 };

let upstream: ScriptedUpstream;
let stand: Stand;
let wire: Wire;
let lonely: Replica;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  stand = await startStand({
    clusters: [{ name: 'east', serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop'] }],
    people: ['alice', 'anna', 'bob', 'carol', 'dora'],
  });
  const database = new URL(stand.db.url);
  wire = await startWire({ host: database.hostname, port: Number(database.port) });
  lonely = await stand.anotherDoor('x-lonely', { databaseUrl: overWire(stand.db.url, wire) });
});
afterAll(async () => {
  wire?.mend();
  await stand?.stop();
  await wire?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.seen.length = 0;
  upstream.script = (request, socket) => void socket.write(answerAsCluster(request) ?? ok(), 'latin1');
});
afterEach(async () => {
  wire.mend();
  await expect.poll(() => lonely.feed.leaseIsGood(), patience).toBe(true);
});

async function admitted(person: string): Promise<string> {
  await stand.grant(person, viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
  const token = await stand.token(person);
  await lonely.heard();
  return token;
}

const at = ({ url }: { url: string }) => ({ url, caPem: stand.caPem });
const get = (door: { url: string }, token: string) =>
  ask(door.url, stand.caPem, ['GET /clusters/east/api/v1/namespaces/shop/pods HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
const statusAt = async (door: { url: string }, token: string) => (await get(door, token)).status;
const readiness = ({ door }: { door: { metricsPort: number } }) =>
  new Promise<number>((resolve, reject) => {
    plain({ host: '127.0.0.1', port: door.metricsPort, path: '/readyz', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });

test.each([
  ['refuses every connection', 'alice', () => wire.cut()],
  ['keeps them open and says nothing more', 'anna', () => wire.freeze()],
])(
  'a database that %s: within the lease 503 with Retry-After, all streams cut, not ready; the other replica serves; back without a restart (F11, F21, DECISIONS 15)',
  async (_how, person, breaks) => {
    const token = await admitted(person);
    const here = await openStreams(at(lonely), token);
    const there = await openStreams(at(stand), token);
    const began = performance.now();
    breaks();
    await Promise.all(here.map((stream) => expectCut(stream, 20_000)));
    expect(performance.now() - began).toBeLessThan(10_000);
    const refused = await get(lonely, token);
    expect(refused.status).toBe(503);
    expect(refused.head).toMatch(/\r\nRetry-After: \d+/);
    expect(await readiness(lonely)).toBe(503);
    for (const stream of there) expectOpen(stream);
    expect(await statusAt(stand, token)).toBe(200);
    wire.mend();
    await expect.poll(() => statusAt(lonely, token), patience).toBe(200);
    expect(await readiness(lonely)).toBe(200);
    await expect
      .poll(() => reasonsAt('x-lonely', person), patience)
      .toEqual(here.filter(({ of }) => of.kind !== 'request').map(() => 'lease-over'));
    for (const { client } of there) client.destroy();
  },
);

/** One for each stream; a plain request of the test's own may have met the same end. */
async function reasonsAt(replica: string, person: string): Promise<string[]> {
  const { rows } = await stand.db.sql.query<{ reason: string }>(
    `SELECT DISTINCT detail->>'id', detail->>'reason' AS reason FROM audit_event
     WHERE event = 'stream.cut' AND detail->>'kind' <> 'request' AND detail->>'replica' = $1 AND subject_id = $2`,
    [replica, personId(person)],
  );
  return rows.map(({ reason }) => reason);
}

test('somebody disabled while a replica is cut off: refused there too before ten seconds, and never let in when it is back (F21)', async () => {
  const token = await admitted('bob');
  expect(await statusAt(lonely, token)).toBe(200);
  wire.freeze();
  const id = await stand.disable('bob');
  const began = performance.now();
  await expect.poll(() => statusAt(stand, token), patience).toBe(401);
  await expect.poll(() => statusAt(lonely, token), patience).toBe(503);
  expect(performance.now() - began).toBeLessThan(10_000);
  wire.mend();
  const heard: number[] = [];
  await expect
    .poll(async () => {
      heard.push(await statusAt(lonely, token));
      return heard.at(-1);
    }, patience)
    .toBe(401);
  expect(heard).not.toContain(200);
  await expect
    .poll(
      async () => (await stand.db.sql.query('SELECT replica_id FROM revocation_ack WHERE revocation_id = $1 ORDER BY 1', [id])).rows,
      patience,
    )
    .toEqual([{ replica_id: 'x-lonely' }, { replica_id: 'x-test' }]);
});

test('without its LISTEN connection a replica hears of everything by its poll, and listens again (F21: NOTIFY is only a hint)', async () => {
  const token = await admitted('carol');
  const open = await openStreams(at(stand), token);
  const { rows } = await stand.db.sql.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'`,
  );
  expect(rows.length).toBeGreaterThanOrEqual(2);
  for (const { pid } of rows) await stand.db.sql.query('SELECT pg_terminate_backend($1)', [pid]);
  await stand.disable('carol');
  await Promise.all(open.map((stream) => expectCut(stream)));
  await expect
    .poll(
      async () =>
        (
          await stand.db.sql.query(
            `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'`,
          )
        ).rows[0]?.n,
      patience,
    )
    .toBeGreaterThanOrEqual(2);
});

test('an acknowledgement whose commit nobody heard of is made again and counts once (F12)', async () => {
  const token = await admitted('dora');
  const open = await openStreams(at(lonely), token);
  const id = await stand.disable('dora');
  await Promise.all(open.map((stream) => expectCut(stream)));
  wire.cut();
  wire.mend();
  const cuts = async () =>
    (
      await stand.db.sql.query<{ cut: number }>(
        `SELECT jsonb_array_length(cut) AS cut FROM revocation_ack WHERE revocation_id = $1 AND replica_id = 'x-lonely'`,
        [id],
      )
    ).rows.map(({ cut }) => cut);
  await expect.poll(cuts, patience).toEqual([open.length]);
});
