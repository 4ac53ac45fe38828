import { expect, test } from 'vitest';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { createCutTimes } from './cut-times.ts';
import { createRequestCounts } from './request-counts.ts';
import { alice, get, stand, standBeforeTheDoor, upstream } from './testing/front.ts';
import { answerAsCluster, expectCut, openStreams } from './testing/kinds-of-stream.ts';
import { ok } from './testing/scripted-upstream.ts';
import { clusterId } from './testing/stand.ts';

standBeforeTheDoor();

const scrape = async () => (await fetch(`http://127.0.0.1:${stand.door.metricsPort}/metrics`)).text();
const reading = (text: string, series: string) => {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

test('one scrape tells requests by cluster, verb and code, latency, what is open, the lag of the feed, and each cluster’s pool', async () => {
  for (let i = 0; i < 3; i += 1) await get('/clusters/east/api/v1/namespaces/shop/pods', alice);
  await get('/clusters/nowhere/version', alice);
  await get('/clusters/east/version', 'gh_bad');
  upstream.script = (request, socket) => void socket.write(answerAsCluster(request) ?? ok(), 'latin1');
  const open = await openStreams(stand, alice);
  const text = await scrape();
  expect(reading(text, 'gatehouse_door_requests_total{cluster="east",verb="list",status="200"}')).toBe(3);
  expect(reading(text, 'gatehouse_door_requests_total{cluster="",verb="get",status="403"}')).toBe(1);
  expect(reading(text, 'gatehouse_door_requests_total{cluster="",verb="get",status="401"}')).toBe(1);
  expect(reading(text, 'gatehouse_door_request_seconds_count{verb="list"}')).toBe(3);
  expect(reading(text, 'gatehouse_door_request_seconds_bucket{verb="list",le="+Inf"}')).toBe(3);
  expect(reading(text, 'gatehouse_door_open_streams{kind="exec"}')).toBe(2);
  expect(reading(text, 'gatehouse_door_open_streams{kind="watch"}')).toBe(2);
  expect(reading(text, 'gatehouse_door_feed_age_seconds')).toBeLessThan(5);
  expect(reading(text, 'gatehouse_door_feed_seq')).toBe(Number(stand.feed.seq));
  expect(reading(text, 'gatehouse_door_feed_behind')).toBe(0);
  expect(reading(text, 'gatehouse_door_upstream_connections{cluster="east",state="busy"}')).toBeGreaterThan(0);
  expect(reading(text, 'gatehouse_door_upstream_breaker{cluster="east"}')).toBe(0);
  for (const { client } of open) client.destroy();
});

test('a revocation is timed from its row to the last socket it closed, and each cut by its kind', async () => {
  await stand.grant('gina', viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
  const token = await stand.token('gina');
  upstream.script = (request, socket) => void socket.write(answerAsCluster(request) ?? ok(), 'latin1');
  const open = await openStreams(stand, token);
  await stand.disable('gina');
  await Promise.all(open.map((stream) => expectCut(stream)));
  await expect.poll(async () => reading(await scrape(), 'gatehouse_door_revocation_seconds_count'), { timeout: 10_000 }).toBe(1);
  const text = await scrape();
  expect(reading(text, 'gatehouse_door_cut_seconds_count{kind="exec"}')).toBe(2);
  expect(reading(text, 'gatehouse_door_cuts_total{kind="exec",reason="account-disabled"}')).toBe(2);
  expect(reading(text, 'gatehouse_door_revocation_seconds_bucket{le="10"}')).toBe(1);
});

test('a use of a local account of the portal, and a refused try, are counted where the platform is watched', async () => {
  const counted = async (outcome: string) => reading(await scrape(), `gatehouse_break_glass_total{outcome="${outcome}"}`);
  expect([await counted('used'), await counted('refused')]).toEqual([0, 0]);
  for (const key of ['used:bg-one', 'refused:bg-one', 'refused:nobody', 'bg-one', 'switch'])
    await stand.write('break-glass', key, 'SELECT 1');
  await expect.poll(() => counted('refused'), { timeout: 10_000 }).toBe(2);
  expect(await counted('used')).toBe(1);
});

test('labels cannot be grown from outside: whatever is asked for, a verb is one of ours', () => {
  const counts = createRequestCounts();
  for (let i = 0; i < 1_000; i += 1) counts.note({ cluster: 'east', verb: `verb-${i}`, status: 400, seconds: 0.01 });
  expect(counts.latencies().filter(({ metricName }) => metricName.endsWith('_count'))).toEqual([
    { metricName: 'gatehouse_door_request_seconds_count', labels: { verb: 'other' }, value: 1_000 },
  ]);
});

test('a revocation that ended no stream is done as soon as it is decided; streams cut for no revocation are timed alone', () => {
  const told: string[] = [];
  let now = 1_000;
  const times = createCutTimes({
    now: () => now,
    socketClosed: (kind, seconds) => told.push(`${kind} ${seconds}`),
    revocationDone: (seconds) => told.push(`done ${seconds}`),
  });
  times.deciding(500);
  times.decided();
  times.cut('a', 'watch');
  times.deciding(900);
  times.cut('b', 'exec');
  times.cut('c', 'exec');
  times.decided();
  now = 2_000;
  times.closed('a');
  times.closed('b');
  times.closed('unknown');
  now = 3_000;
  times.closed('c');
  times.closed('c');
  expect(told).toEqual(['done 0.5', 'watch 1', 'exec 1', 'exec 2', 'done 2.1']);
});
