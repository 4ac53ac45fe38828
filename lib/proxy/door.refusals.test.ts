import { describe, expect, test } from 'vitest';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { alice, get, raw, stand, standBeforeTheDoor, upgradeLines, upstream } from './testing/front.ts';
import { openRaw } from './testing/raw-client.ts';
import { ok, startScriptedUpstream } from './testing/scripted-upstream.ts';
import { clusterId } from './testing/stand.ts';

standBeforeTheDoor();

test('a refusal of aggregated discovery is a sentence in plain text, for kubectl shows nothing else of it', async () => {
  const accept = 'Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
  const answer = await get('/clusters/nowhere/api', alice, accept);
  expect(answer.status).toBe(403);
  expect(answer.head).toMatch(/content-type: text\/plain/i);
  expect(answer.body).toMatch(/^[A-Z][^{}]+\.\n$/);
  expect((await get('/clusters/nowhere/api', alice)).head).toMatch(/content-type: application\/json/i);
});

describe('when we do not know, we do not serve', () => {
  test('a name that the cluster has not confirmed yet is 503 with Retry-After', async () => {
    await stand.write('cluster-entry', clusterId('east'), `DELETE FROM cluster_entry WHERE person_id = 'p-alice' AND cluster_id = $1`, [
      clusterId('east'),
    ]);
    const answer = await get('/clusters/east/version', alice);
    expect(answer.status).toBe(503);
    expect(answer.head).toMatch(/Retry-After: \d/);
    await stand.write(
      'cluster-entry',
      clusterId('east'),
      `INSERT INTO cluster_entry (cluster_id, wire_name, person_id) VALUES ($1, 'gatehouse:alice@corp.example', 'p-alice')`,
      [clusterId('east')],
    );
    expect((await get('/clusters/east/version', alice)).status).toBe(200);
  });

  test('a directory that has been silent for 20 minutes: secrets and shells 503, ordinary reading still served; after two hours nothing is', async () => {
    const silentFor = (minutes: number) =>
      stand.write('domain-controller', 'dc-1', `UPDATE domain_controller SET fresh_at = now() - make_interval(mins => $1)`, [minutes]);
    await silentFor(20);
    expect((await get('/clusters/east/api/v1/namespaces/shop/secrets', alice)).status).toBe(503);
    expect((await raw(...upgradeLines(alice))).status).toBe(503);
    expect((await get('/clusters/east/api/v1/namespaces/shop/pods', alice)).status).toBe(200);
    await silentFor(120);
    expect((await get('/clusters/east/api/v1/namespaces/shop/pods', alice)).status).toBe(503);
    await silentFor(0);
    expect((await get('/clusters/east/api/v1/namespaces/shop/pods', alice)).status).toBe(200);
  });

  test('a cluster that is down is 502 for itself and nothing for the others (F13)', async () => {
    await stand.grant('alice', viewerId, { kind: 'cluster', clusterId: clusterId('west') });
    await stand.write('cluster', clusterId('west'), `UPDATE cluster SET server_url = 'https://127.0.0.1:1' WHERE id = $1`, [
      clusterId('west'),
    ]);
    expect((await get('/clusters/west/version', alice)).status).toBe(502);
    expect((await get('/clusters/east/version', alice)).status).toBe(200);
  });

  test('a cluster behind another certificate hears not a byte of us (F16)', async () => {
    const other = await startScriptedUpstream();
    await stand.write('cluster', clusterId('west'), 'UPDATE cluster SET server_url = $2 WHERE id = $1', [clusterId('west'), other.url]);
    expect((await get('/clusters/west/version', alice)).status).toBe(502);
    expect(other.seen).toEqual([]);
    await other.close();
  });

  test('a lease that is over: requests 503 and open streams cut, within the lease and not after it (F11, F21)', async () => {
    const token = await stand.token('alice');
    upstream.script = (_request, socket) =>
      void socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n');
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(['GET /clusters/east/api/v1/namespaces/shop/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/\{\}/);
    await stand.feed.stop();
    await watch.until(/\r\n0\r\n\r\n$/, 6_000);
    const answer = await get('/clusters/east/version', token);
    expect(answer.status).toBe(503);
    expect(answer.head).toMatch(/Retry-After: \d/);
    await stand.feed.start();
    upstream.script = (_request, socket) => void socket.write(ok());
    expect((await get('/clusters/east/version', token)).status).toBe(200);
    watch.destroy();
  });
});
