import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, createAuthority } from '#e2e/stack/certificates.ts';
import { withAuthorities } from './authorities.ts';
import { createClusterClient } from './client.ts';
import { readServerCertificate } from './server-certificate.ts';
import { type ScriptedApiServer, type ScriptedProxy, scriptedApiServer, scriptedProxy } from './testing-server.ts';
import { type ClusterAddress, connectToCluster } from './way.ts';

let first: Authority;
let second: Authority;
let api: ScriptedApiServer;
let proxy: ScriptedProxy;

beforeAll(async () => {
  [first, second] = await Promise.all([createAuthority('first'), createAuthority('second')]);
  api = await scriptedApiServer(first, 'uid-one');
  proxy = await scriptedProxy(api.port);
});
beforeEach(async () => {
  proxy.answer = 'tunnel';
  proxy.asked.length = 0;
  proxy.passed.length = 0;
  await api.showCertificateOf(first);
  api.heard.length = 0;
});
afterAll(async () => {
  await proxy.close();
  await api.close();
});

const address = (caPem: string, more: Partial<ClusterAddress> = {}): ClusterAddress => ({ url: api.url, serverName: null, caPem, ...more });

async function asks(at: ClusterAddress): Promise<string> {
  const client = createClusterClient(at, { kind: 'token', token: 'the-token' });
  try {
    return await client.version();
  } finally {
    await client.close();
  }
}

describe('while a cluster changes its authority, the old and the new stand side by side (F16):', () => {
  test('either certificate is good, in either order, and neither alone is good for the other', async () => {
    const both = withAuthorities(first.certPem, second.certPem, new Date());
    expect(await asks(address(both))).toBe('v1.36.0');
    await api.showCertificateOf(second);
    expect(await asks(address(both))).toBe('v1.36.0');
    expect(await asks(address(withAuthorities(second.certPem, first.certPem, new Date())))).toBe('v1.36.0');
    api.heard.length = 0;
    await expect(asks(address(first.certPem))).rejects.toMatchObject({ kind: 'untrusted' });
    expect(api.heard).toEqual([]);
  });

  test('a certificate that is over is none, however right its authority is (SECURITY 61)', async () => {
    await api.showCertificateOf(first, new Date(Date.now() - 60_000));
    await expect(asks(address(first.certPem))).rejects.toMatchObject({
      kind: 'untrusted',
      message: expect.stringContaining('CERT_HAS_EXPIRED'),
    });
    expect(api.heard).toEqual([]);
  });

  test('what the server shows is read with the authority that it comes from', async () => {
    const both = withAuthorities(first.certPem, second.certPem, new Date());
    const before = await readServerCertificate(address(both));
    await api.showCertificateOf(second);
    const after = await readServerCertificate(address(both));
    expect([before.subject, before.issuer, after.issuer]).toEqual(['api', 'first', 'second']);
    expect(before.authority).not.toBe(after.authority);
    expect(before.fingerprint).not.toBe(after.fingerprint);
    expect(new Date(after.notAfter).getTime()).toBeGreaterThan(Date.now());
    expect(api.heard).toEqual([]);
  });
});

describe('through an HTTP proxy', () => {
  test('the same is reached, the proxy is told the cluster’s name and port, and sees no byte of what is said', async () => {
    expect(
      await asks(address(first.certPem, { url: 'https://api.inside.example:7443', proxyUrl: proxy.url, serverName: null })).catch(
        (error) => error,
      ),
    ).toMatchObject({
      kind: 'untrusted',
    });
    expect(proxy.asked).toEqual(['CONNECT api.inside.example:7443']);
    expect(await asks(address(first.certPem, { proxyUrl: proxy.url }))).toBe('v1.36.0');
    const seen = Buffer.concat(proxy.passed).toString('latin1');
    expect(seen).not.toContain('the-token');
    expect(seen).not.toContain('/version');
  });

  test('a server of another authority is sent nothing, not even through the proxy (SECURITY 61, F16)', async () => {
    await expect(asks(address(second.certPem, { proxyUrl: proxy.url }))).rejects.toMatchObject({ kind: 'untrusted' });
    await expect(asks(address(first.certPem, { proxyUrl: proxy.url, serverName: 'api.elsewhere.example' }))).rejects.toMatchObject({
      kind: 'untrusted',
    });
    expect(api.heard).toEqual([]);
  });

  test.each([
    ['refuse', /PROXY_REFUSED.*407/],
    ['nonsense', /PROXY_REFUSED.*did not answer as an HTTP proxy/],
    ['chatter', /PROXY_REFUSED.*more than its answer/],
  ] as const)('a proxy that does not let us through (%s) is said to be the reason', async (answer, why) => {
    proxy.answer = answer;
    await expect(asks(address(first.certPem, { proxyUrl: proxy.url }))).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(why),
    });
    expect(api.heard).toEqual([]);
  });

  test('a proxy that never answers is given up in time', async () => {
    proxy.answer = 'silence';
    await expect(connectToCluster(address(first.certPem, { proxyUrl: proxy.url }), { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    });
  });

  test('a proxy that speaks TLS itself must show a certificate that the system trusts', async () => {
    const unknown = await scriptedProxy(api.port, second);
    await expect(asks(address(first.certPem, { proxyUrl: unknown.url }))).rejects.toMatchObject({ kind: 'untrusted' });
    expect(unknown.asked).toEqual([]);
    await unknown.close();
  });
});
