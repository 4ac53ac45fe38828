import { describe, expect, test } from 'vitest';
import { credentialIdIn } from '#lib/credential/token.ts';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { get, stand, standBeforeTheDoor, upgradeLines, upstream } from './testing/front.ts';
import { openRaw } from './testing/raw-client.ts';
import { ok } from './testing/scripted-upstream.ts';
import { clusterId } from './testing/stand.ts';

standBeforeTheDoor();

describe('what ends, ends', () => {
  const heldOpen = (head: string) => {
    upstream.script = (_request, socket) => void socket.write(head, 'latin1');
  };
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const jsonStream = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';

  async function openThree(person: string) {
    await stand.grant(person, viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
    const token = await stand.token(person);
    const [watch, logs, exec] = [
      await openRaw(stand.url, stand.caPem),
      await openRaw(stand.url, stand.caPem),
      await openRaw(stand.url, stand.caPem),
    ];
    heldOpen(`${jsonStream}${chunk('{"type":"ADDED"}\n')}`);
    watch.send(['GET /clusters/east/api/v1/namespaces/shop/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/ADDED/);
    heldOpen(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('a line\n')}`);
    logs.send([
      'GET /clusters/east/api/v1/namespaces/shop/pods/web/log?follow=true HTTP/1.1',
      'Host: door',
      `Authorization: Bearer ${token}`,
    ]);
    await logs.until(/a line/);
    heldOpen('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\u0082\u0003abc');
    exec.send(upgradeLines(token));
    await exec.until(/abc/);
    return { token, watch, logs, exec };
  }

  test('a disabled account: all its streams within a second, each with a true end, the next request 401, and the acknowledgement says so', async () => {
    const { token, watch, logs, exec } = await openThree('gina');
    expect(stand.door.snapshotStreams()).toHaveLength(3);
    const began = performance.now();
    const revocationId = await stand.disable('gina');
    await Promise.all([watch.until(/\r\n0\r\n\r\n$/), logs.ended(), exec.ended()]);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(logs.text()).not.toContain('\r\n0\r\n\r\n');
    // 0x88: close; 1008: policy violation.
    expect(exec.text()).toContain('abc\u0088\u0018\u0003\u00f0Your access has ended.');
    expect((await get('/clusters/east/version', token)).status).toBe(401);
    expect(stand.door.snapshotStreams()).toEqual([]);
    await expect
      .poll(
        async () =>
          (
            await stand.db.sql.query('SELECT replica_id, jsonb_array_length(cut) AS cut FROM revocation_ack WHERE revocation_id = $1', [
              revocationId,
            ])
          ).rows,
      )
      .toEqual([{ replica_id: 'x-test', cut: 3 }]);
    await expect
      .poll(
        async () =>
          (
            await stand.db.sql.query(
              `SELECT detail->>'reason' AS reason FROM audit_event WHERE event = 'stream.cut' AND subject_id = 'p-gina'`,
            )
          ).rows,
      )
      .toEqual(Array(3).fill({ reason: 'account-disabled' }));
    watch.destroy();
  });

  test('a watch in the middle of an event is broken off, never ended', async () => {
    const token = await stand.token('alice');
    heldOpen(`${jsonStream}${chunk('{"type":"ADD')}`);
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(['GET /clusters/east/api/v1/namespaces/shop/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/ADD/);
    await stand.write('credential', 'k-', `UPDATE credential SET revoked_at = now() WHERE person_id = 'p-alice' AND id = $1`, [
      credentialIdIn(token) ?? '',
    ]);
    await changedCredential(token);
    await watch.ended();
    expect(watch.text()).not.toContain('\r\n0\r\n\r\n');
  });

  async function changedCredential(token: string) {
    await stand.write('credential', credentialIdIn(token) ?? '', 'SELECT 1');
  }

  test('a grant that ends takes the streams that were opened with it', async () => {
    const token = await stand.token('frank');
    const id = await stand.grant('frank', viewerId, { kind: 'namespaces', clusterId: clusterId('west'), namespaces: ['pay'] });
    heldOpen(`${jsonStream}${chunk('{"type":"ADDED"}\n')}`);
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(['GET /clusters/west/api/v1/namespaces/pay/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/ADDED/);
    await stand.write('binding', id, 'UPDATE binding SET revoked_at = now() WHERE id = $1', [id]);
    await watch.until(/\r\n0\r\n\r\n$/, 1_000);
    expect((await get('/clusters/west/version', token)).status).toBe(403);
    watch.destroy();
  });

  test('a role that lost a rule: its streams are asked again once the cluster has it, and cut when the cluster says no (DECISIONS 18)', async () => {
    const token = await stand.token('alice');
    heldOpen(`${jsonStream}${chunk('{"type":"ADDED"}\n')}`);
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(['GET /clusters/east/api/v1/namespaces/shop/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${token}`]);
    await watch.until(/ADDED/);
    let allowed = true;
    upstream.script = (_request, socket) => void socket.write(ok(JSON.stringify({ status: { allowed } })));
    const convergedOnRole = async () => {
      upstream.seen.length = 0;
      await stand.write('role', viewerId, 'UPDATE role SET version = version + 1 WHERE id = $1', [viewerId]);
      expect(upstream.seen).toEqual([]);
      await stand.db.sql.query(
        `INSERT INTO cluster_status (cluster_id, converged_seq) VALUES ($1, $2) ON CONFLICT (cluster_id) DO UPDATE SET converged_seq = $2`,
        [clusterId('east'), stand.feed.seq.toString()],
      );
      await expect.poll(() => upstream.seen.length).toBe(1);
      return JSON.parse(upstream.seen[0]?.body ?? '').spec.resourceAttributes;
    };
    expect(await convergedOnRole()).toMatchObject({ verb: 'watch', resource: 'pods', namespace: 'shop' });
    expect(upstream.seen[0]?.headers).toContain('Impersonate-User: gatehouse:alice@corp.example');
    expect(watch.text()).not.toContain('\r\n0\r\n\r\n');
    allowed = false;
    await convergedOnRole();
    await watch.until(/\r\n0\r\n\r\n$/, 1_000);
    watch.destroy();
  });

  test('renewing on a device: the old credential ends at the new one’s first use', async () => {
    const older = await stand.token('alice', { deviceId: 'dv-1' });
    const newer = await stand.token('alice', { deviceId: 'dv-1' });
    expect((await get('/clusters/east/version', older)).status).toBe(200);
    expect((await get('/clusters/east/version', newer)).status).toBe(200);
    await expect.poll(async () => (await get('/clusters/east/version', older)).status).toBe(401);
  });
});
