/** Real processes, killed and stopped: the door by `node server.ts proxy`, PostgreSQL, the worker. What each row of the fault table demands. */
import { request as plain } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { writeReceipts } from '#lib/revocation/receipt.ts';
import { type Installation, type RunningDoor, startInstallation } from '../testing/installation.ts';
import { answerAsCluster, expectCut, kindsOfStream, type Opened, openStreams } from '../testing/kinds-of-stream.ts';
import { ask, openRaw, type RawClient } from '../testing/raw-client.ts';
import { ok, type ScriptedUpstream, startScriptedUpstream } from '../testing/scripted-upstream.ts';
import { personId } from '../testing/stand.ts';

vi.setConfig({ testTimeout: 90_000 });

const leaseMs = 5_000;
const patience = { timeout: 30_000, interval: 50 };

let upstream: ScriptedUpstream;
let place: Installation;
let door: RunningDoor;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.script = (request, socket) => void socket.write(answerAsCluster(request) ?? ok(), 'latin1');
  place = await startInstallation({
    clusters: [{ name: 'east', serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop'] }],
    people: ['alice', 'bob', 'carol', 'dora', 'emil', 'fred', 'gina', 'hugo', 'ines'],
  });
  door = await place.startDoor();
});
afterAll(async () => {
  await place?.stop();
  await upstream?.close();
});

const at = ({ url }: { url: string }) => ({ url, caPem: place.caPem });
const get = (token: string, { url } = door) =>
  ask(url, place.caPem, ['GET /clusters/east/api/v1/namespaces/shop/pods HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
/** 0 where nobody answers. */
const status = (token: string, of = door) =>
  get(token, of).then(
    (answer) => answer.status,
    () => 0,
  );
const readiness = ({ metricsPort }: RunningDoor) =>
  new Promise<number>((resolve) => {
    plain({ host: '127.0.0.1', port: metricsPort, path: '/readyz', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .once('error', () => resolve(0))
      .end();
  });

async function admitted(person: string, of = door): Promise<string> {
  const token = await place.admit(person, 'east');
  await expect.poll(() => status(token, of), patience).toBe(200);
  return token;
}

/** One for each stream; a plain request of the test's own may have met the same end. */
async function cutsOf(person: string): Promise<string[]> {
  const { rows } = await place.db.sql.query<{ reason: string }>(
    `SELECT DISTINCT detail->>'id', detail->>'reason' AS reason FROM audit_event
     WHERE event = 'stream.cut' AND detail->>'kind' <> 'request' AND subject_id = $1`,
    [personId(person)],
  );
  return rows.map(({ reason }) => reason);
}

/** A cluster that talks without end, into every stream that is open. */
function keepTalking(): () => void {
  const timer = setInterval(() => {
    for (const socket of upstream.open()) if (socket.writable) socket.write('5\r\nmore\n\r\n', 'latin1');
  }, 20);
  return () => clearInterval(timer);
}

/** A body without end, and what of it the cluster has heard. */
async function openUpload(token: string): Promise<{ client: RawClient; heard: () => string }> {
  let heard = '';
  const take = (bytes: Buffer) => {
    heard += bytes.toString('latin1');
  };
  upstream.takesOver = ({ line }, socket, early) => {
    if (!/^POST \S+\/configmaps /.test(line)) return false;
    take(early);
    socket.on('data', take);
    return true;
  };
  const client = await openRaw(door.url, place.caPem);
  const head = ['POST /clusters/east/api/v1/namespaces/shop/configmaps HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`];
  client.send([...head, 'Content-Type: application/json', 'Transfer-Encoding: chunked'], '5\r\nearly\r\n');
  await expect.poll(() => heard, patience).toContain('early');
  return { client, heard: () => heard };
}

/** 1001 in a close frame. */
const goingAway = '\u0003\u00e9';
const followed = kindsOfStream.filter(({ kind }) => kind === 'follow');
const streamsAmong = (open: readonly Opened[]) => open.filter(({ of }) => of.kind !== 'request');
const textsOf = (open: readonly Opened[]) => open.map(({ client }) => client.text());

test('PostgreSQL killed: 503 within the lease and all streams cut; started again, the same process serves again (F11)', async () => {
  const token = await admitted('alice');
  const open = await openStreams(at(door), token);
  const { pid } = door.process;
  await place.postgres.signal('SIGKILL');
  await Promise.all(open.map((stream) => expectCut(stream, 20_000)));
  const refused = await get(token);
  expect(refused.status).toBe(503);
  expect(refused.head).toMatch(/\r\nRetry-After: \d+/);
  expect(await readiness(door)).toBe(503);
  await place.postgres.start();
  await expect.poll(() => status(token), patience).toBe(200);
  expect(door.process.pid).toBe(pid);
  expect(await readiness(door)).toBe(200);
  await expect.poll(() => cutsOf('alice'), patience).toEqual(streamsAmong(open).map(() => 'lease-over'));
});

test('a door stopped beyond its lease: when it goes on, no byte of a stream or an upload and no 200 before it has read the order of changes (DECISIONS 15)', async () => {
  const token = await admitted('bob');
  const open = await openStreams(at(door), token, 'east', followed);
  const waiting = await openRaw(door.url, place.caPem);
  const upload = await openUpload(token);
  const hush = keepTalking();
  await expect.poll(() => textsOf(open)[0]?.includes('more'), patience).toBe(true);

  door.process.kill('SIGSTOP');
  // What is under way in the system's buffers is none of the door's doing any more.
  await sleep(1_000);
  const before = textsOf(open);
  const uploaded = upload.heard();
  expect(uploaded).toContain('early');
  upload.client.socket.write('4\r\nlate\r\n');
  waiting.send(['GET /clusters/east/api/v1/namespaces/shop/pods HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
  await sleep(leaseMs);
  // It cannot read anything now, so whatever it said would be said without knowing.
  await place.postgres.signal('SIGSTOP');
  door.process.kill('SIGCONT');
  await waiting.until(/^HTTP\/1\.1 503 /, 20_000);
  for (const { client } of open) await client.ended(20_000);
  expect(textsOf(open)).toEqual(before);
  await upload.client.ended(20_000);
  expect(upload.heard()).toBe(uploaded);
  hush();
  await place.postgres.signal('SIGCONT');
  await expect.poll(() => status(token), patience).toBe(200);
  waiting.destroy();
});

test('somebody disabled while a door is stopped hears nothing more of it, and the receipt does not wait for a door that is dead (F21, DECISIONS 15)', async () => {
  const token = await admitted('carol');
  const open = await openStreams(at(door), token, 'east', followed);
  const hush = keepTalking();
  await expect.poll(() => textsOf(open)[0]?.includes('more'), patience).toBe(true);
  door.process.kill('SIGSTOP');
  await sleep(1_000);
  const before = textsOf(open);
  const id = await place.disable('carol');
  expect(await writeReceipts(place.db)).toBe(0);
  const receipt = async () => {
    await writeReceipts(place.db);
    return (await place.db.sql.query('SELECT receipt_at FROM revocation WHERE id = $1', [id])).rows[0]?.receipt_at !== null;
  };
  await expect.poll(receipt, { timeout: 30_000, interval: 250 }).toBe(true);
  door.process.kill('SIGCONT');
  for (const { client } of open) await client.ended(20_000);
  expect(textsOf(open)).toEqual(before);
  hush();
  await expect.poll(() => status(token), patience).toBe(401);
});

test('PostgreSQL stopped and let go on: closed in between, open again by itself (F11)', async () => {
  const token = await admitted('dora');
  await place.postgres.signal('SIGSTOP');
  await expect.poll(() => status(token), patience).toBe(503);
  await place.postgres.signal('SIGCONT');
  await expect.poll(() => status(token), patience).toBe(200);
});

test('the worker stopped: who is disabled is cut all the same, and the receipt is written when it goes on; killed, the door serves on (F19)', async () => {
  const worker = await place.startWorker();
  const [stays, leaves] = [await admitted('emil'), await admitted('fred')];
  worker.process.kill('SIGSTOP');
  const open = await openStreams(at(door), leaves);
  const id = await place.disable('fred');
  await Promise.all(open.map((stream) => expectCut(stream)));
  const receiptAt = async () => (await place.db.sql.query('SELECT receipt_at FROM revocation WHERE id = $1', [id])).rows[0]?.receipt_at;
  expect(await receiptAt()).toBeNull();
  worker.process.kill('SIGCONT');
  await expect.poll(receiptAt, patience).not.toBeNull();
  worker.process.kill('SIGKILL');
  await worker.process.exited;
  expect(await status(stays)).toBe(200);
});

describe('several processes on one port', () => {
  let one: RunningDoor;
  let two: RunningDoor;
  const kinds = kindsOfStream.slice(0, 1);

  beforeAll(async () => {
    const env = { GATEHOUSE_PROXY_SHARE_PORT: 'true', GATEHOUSE_PROXY_DRAIN_SECONDS: '3' };
    one = await place.startDoor({ env });
    two = await place.startDoor({ env, port: Number(new URL(one.url).port) });
  });

  const watchesOf = async ({ metricsPort }: RunningDoor) => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return Number(/gatehouse_door_open_streams\{kind="watch"\} (\d+)/.exec(text)?.[1] ?? 0);
  };

  test('share the connections; each is a replica, cuts its own, and stands in the receipt (SECURITY 16)', async () => {
    const token = await admitted('gina', one);
    const open: Opened[] = [];
    for (let i = 0; i < 60 && ((await watchesOf(one)) === 0 || (await watchesOf(two)) === 0); i += 1)
      open.push(...(await openStreams(at(one), token, 'east', kinds)));
    expect(Math.min(await watchesOf(one), await watchesOf(two))).toBeGreaterThan(0);
    const id = await place.disable('gina');
    await Promise.all(open.map((stream) => expectCut(stream)));
    const acknowledged = async () =>
      (
        await place.db.sql.query<{ cut: number }>(
          'SELECT jsonb_array_length(cut) AS cut FROM revocation_ack WHERE revocation_id = $1 AND jsonb_array_length(cut) > 0',
          [id],
        )
      ).rows.map(({ cut }) => cut);
    await expect.poll(async () => (await acknowledged()).length, patience).toBe(2);
    expect((await acknowledged()).reduce((sum, cut) => sum + cut, 0)).toBe(open.length);
  });

  test('one of them killed: its clients see it break, and the other serves whoever comes back', async () => {
    const token = await admitted('ines', one);
    const open: Opened[] = [];
    for (let i = 0; i < 60 && (await watchesOf(two)) === 0; i += 1) open.push(...(await openStreams(at(one), token, 'east', kinds)));
    two.process.kill('SIGKILL');
    const ended = () => open.filter(({ client }) => client.socket.destroyed || client.socket.readableEnded);
    await expect.poll(() => ended().length, patience).toBeGreaterThan(0);
    for (const { client } of ended()) expect(client.text()).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(await status(token, one)).toBe(200);
    for (const { client } of open) client.destroy();
  });

  test('SIGTERM: not ready, nothing new, streams end within the grace and say that the door goes away, and all of it is on record (F29)', async () => {
    const token = await admitted('hugo', one);
    const open = await openStreams(at(one), token);
    one.process.kill('SIGTERM');
    await expect.poll(() => readiness(one), patience).not.toBe(200);
    expect(await status(token, one)).toBe(0);
    await Promise.all(open.map((stream) => expectCut(stream, 20_000)));
    const shells = open.filter(({ of }) => of.name.endsWith('over WebSocket')).map(({ client }) => client.text());
    expect(shells).toHaveLength(2);
    for (const text of shells) expect(text.endsWith(`${goingAway}This door is restarting; connect again.`)).toBe(true);
    expect(await one.process.exited).toBe(0);
    expect(await cutsOf('hugo')).toEqual(streamsAmong(open).map(() => 'stopping'));
  });
});
