// At the door: a cluster that is not the one that was registered, and one that does not know our account.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '#e2e/stack/certificates.ts';
import { setAddressPolicy } from '#lib/cluster/address-policy.ts';
import { withAuthorities } from '#lib/cluster/authorities.ts';
import { type ScriptedProxy, scriptedApiServer, scriptedProxy } from '#lib/cluster/testing-server.ts';
import { alice, get, raw, stand, standBeforeTheDoor, statusIn, upgradeLines, upstream } from './testing/front.ts';
import { openRaw } from './testing/raw-client.ts';
import { ok } from './testing/scripted-upstream.ts';
import { clusterId } from './testing/stand.ts';

standBeforeTheDoor();

const east = clusterId('east');
const set = (sql: string, ...values: unknown[]) => stand.write('cluster', east, `UPDATE cluster SET ${sql} WHERE id = '${east}'`, values);
const pods = () => get('/clusters/east/api/v1/namespaces/shop/pods', alice);

describe('another cluster answers than the registered one (F18):', () => {
  test('nobody is let through, with a sentence that says why; what was open is cut; approved, it serves again', async () => {
    upstream.script = (_request, socket) =>
      void socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n');
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(['GET /clusters/east/api/v1/namespaces/shop/pods?watch=1 HTTP/1.1', 'Host: door', `Authorization: Bearer ${alice}`]);
    await expect.poll(() => watch.text(), { timeout: 10_000 }).toContain('{}');

    await set(`state = 'wrong-cluster'`);
    await watch.ended();
    upstream.seen.length = 0;
    const answer = await pods();
    expect(answer.status).toBe(503);
    expect(answer.head).toMatch(/Retry-After: \d+/);
    expect(statusIn(answer.body).message).toMatch(/Another cluster answers .* administrator/);
    expect(upstream.seen).toEqual([]);

    await set(`state = 'joining'`);
    upstream.script = (_request, socket) => void socket.write(ok());
    expect((await pods()).status).toBe(200);
  });
});

describe('a cluster that refuses our account (F17)', () => {
  test('is an alert, and the worker is asked to look at it', async () => {
    upstream.script = (_request, socket) => void socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    const { rows } = await stand.db.sql.query<{ seq: string }>('SELECT seq FROM change_counter');
    expect((await pods()).status).toBe(502);
    await expect
      .poll(
        async () => {
          const { rowCount } = await stand.db.sql.query(`SELECT 1 FROM change WHERE topic = 'cluster' AND key = $1 AND seq > $2`, [
            east,
            rows[0]?.seq,
          ]);
          return rowCount;
        },
        { timeout: 10_000 },
      )
      .toBe(1);
    await expect
      .poll(
        async () =>
          (await stand.db.sql.query(`SELECT 1 FROM audit_event WHERE event = 'cluster.credential-invalid' AND cluster_id = $1`, [east]))
            .rowCount,
        { timeout: 10_000 },
      )
      .toBe(1);
  });
});

describe('the way to a cluster is what was registered at this moment:', () => {
  let proxy: ScriptedProxy;
  beforeAll(async () => {
    proxy = await scriptedProxy(Number(new URL(upstream.url).port));
  });
  afterAll(async () => {
    setAddressPolicy({ loopback: true, own: [] });
    await proxy.close();
  });

  test('through its HTTP proxy, which sees nothing of it; and a proxy that refuses is 502', async () => {
    await set('proxy_url = $1', proxy.url);
    expect((await pods()).status).toBe(200);
    expect(proxy.asked).toEqual([`CONNECT ${new URL(upstream.url).host}`]);
    const seen = Buffer.concat(proxy.passed).toString('latin1');
    expect(seen).not.toMatch(/Bearer|Impersonate|\/api\/v1/);
    proxy.answer = 'refuse';
    await set(`server_name = 'localhost'`);
    upstream.seen.length = 0;
    expect((await pods()).status).toBe(502);
    expect(upstream.seen).toEqual([]);
    await set('proxy_url = NULL, server_name = NULL');
    expect((await pods()).status).toBe(200);
  });

  test('by any of its authorities, and closed with 502 before a byte is sent where none of them fits (F16, SECURITY 61)', async () => {
    const stranger = await createAuthority('a stranger');
    await set('ca_pem = $1', withAuthorities(upstream.caPem, stranger.certPem, new Date()));
    expect((await pods()).status).toBe(200);
    await set('ca_pem = $1', withAuthorities(stranger.certPem, upstream.caPem, new Date()));
    expect((await pods()).status).toBe(200);
    upstream.seen.length = 0;
    await set('ca_pem = $1', stranger.certPem);
    expect((await pods()).status).toBe(502);
    await set(`ca_pem = $1, server_name = 'api.elsewhere.example'`, upstream.caPem);
    expect((await pods()).status).toBe(502);
    expect(upstream.seen).toEqual([]);
    expect(upstream.garbage).toEqual([]);
    await set('server_name = NULL');
    expect((await pods()).status).toBe(200);
  });

  test.each([
    ['over', () => [new Date(Date.now() - 60_000)] as const],
    ['not good yet', () => [new Date(Date.now() + 7_200_000), new Date(Date.now() + 3_600_000)] as const],
  ])(
    'closed with 502, and nothing said, where the certificate is %s: to a request, a watch, a shell (SECURITY 61, F16)',
    async (_when, times) => {
      const authority = await createAuthority('its own');
      const api = await scriptedApiServer(authority, 'uid-one');
      await api.showCertificateOf(authority, ...times());
      await set('server_url = $1, ca_pem = $2', api.url, authority.certPem);
      const watch = get('/clusters/east/api/v1/namespaces/shop/pods?watch=1', alice);
      for (const answer of await Promise.all([pods(), watch, raw(...upgradeLines(alice))])) {
        expect(answer.status).toBe(502);
        expect(statusIn(answer.body)).toMatchObject({ kind: 'Status', message: expect.stringMatching(/certificate .* nothing was sent/) });
        expect(answer.body).not.toContain('CERT_');
      }
      expect(api.heard).toEqual([]);
      await set('server_url = $1, ca_pem = $2', upstream.url, upstream.caPem);
      expect((await pods()).status).toBe(200);
      await api.close();
    },
  );

  test('never to an address that no cluster has: 502, and nobody hears of it (SECURITY 20)', async () => {
    setAddressPolicy({ loopback: false, own: [] });
    upstream.seen.length = 0;
    const before = upstream.connections();
    // Another way each time: what is connected already was judged when it was.
    for (const name of ["'x.example'", 'NULL']) {
      await set(`server_name = ${name}`);
      expect((await pods()).status).toBe(502);
    }
    await set(`server_url = $1`, upstream.url.replace('127.0.0.1', 'localhost'));
    expect((await pods()).status).toBe(502);
    expect(upstream.connections()).toBe(before);
  });
});
