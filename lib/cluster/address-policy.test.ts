import type { LookupFunction } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfig } from '#lib/config/config.ts';
import { addressPolicyOf } from '#lib/runtime/own-addresses.ts';
import { type AddressPolicy, lookupAllowed, refusalOf, setAddressPolicy } from './address-policy.ts';
import { createClusterClient } from './client.ts';
import { clusterFault } from './cluster-error.ts';
import { proxyUrl, serverName, serverUrl } from './schema.ts';

const elsewhere: AddressPolicy = { loopback: false, own: [{ host: '10.0.0.5', port: 5432 }] };
const here: AddressPolicy = { loopback: true, own: [{ host: '127.0.0.1', port: 5432 }] };

afterAll(() => setAddressPolicy({ loopback: true, own: [] }));

describe('an address that no cluster has is connected to for nobody (SECURITY 20):', () => {
  test.each([
    '169.254.169.254',
    '169.254.0.1',
    'fe80::1',
    'fd00:ec2::254',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    'not-an-address',
    '',
  ])('“%s”, also on one machine', (address) => {
    expect(refusalOf(address, 6443, here)).not.toBeNull();
  });

  test.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::'])(
    '%s (loopback), unless the installation lives on one machine with its clusters',
    (address) => {
      expect(refusalOf(address, 6443, elsewhere)).toMatch(/this machine itself/);
      expect(refusalOf(address, 6443, here)).toBeNull();
    },
  );

  test('our own database and our own listeners, under any of their names', () => {
    expect(refusalOf('127.0.0.1', 5432, here)).toMatch(/this installation itself/);
    expect(refusalOf('127.0.0.2', 5432, here)).toMatch(/this installation itself/);
    expect(refusalOf('::1', 5432, here)).toMatch(/this installation itself/);
    expect(refusalOf('10.0.0.5', 5432, elsewhere)).toMatch(/this installation itself/);
    expect(refusalOf('10.0.0.6', 5432, { loopback: false, own: [{ host: 'postgres', port: 5432 }] }, 'postgres')).not.toBeNull();
    expect(refusalOf('10.0.0.5', 6443, elsewhere)).toBeNull();
  });

  test.each(['10.1.2.3', '192.168.1.1', '172.16.0.1', '8.8.8.8', '2001:db8::1', 'fd12:3456::1'])('while %s is any address', (address) => {
    expect(refusalOf(address, 6443, elsewhere)).toBeNull();
  });
});

describe('a name is judged by where it leads at the moment of connecting (SECURITY 20):', () => {
  const leadsTo =
    (...addresses: string[]): LookupFunction =>
    (_name, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  const resolve = (ask: LookupFunction, all = true) =>
    new Promise<unknown>((answer) => lookupAllowed(6443, ask)('api.example', { all }, (error, found) => answer(error?.message ?? found)));

  test('what led to the cluster once and leads to loopback now is refused, and one bad address among good ones is enough', async () => {
    setAddressPolicy(elsewhere);
    expect(await resolve(leadsTo('10.1.2.3'))).toEqual([{ address: '10.1.2.3', family: 4 }]);
    expect(await resolve(leadsTo('10.1.2.3'), false)).toBe('10.1.2.3');
    expect(await resolve(leadsTo('127.0.0.1'))).toMatch(/api.example leads to 127.0.0.1/);
    expect(await resolve(leadsTo('10.1.2.3', '169.254.169.254'))).toMatch(/169.254.169.254/);
    expect(await resolve(leadsTo())).toMatch(/no address/);
  });

  test('an administrator reads why, and the refusal is no fault of the network', async () => {
    setAddressPolicy(elsewhere);
    for (const url of ['https://127.0.0.1:6443', 'https://localhost:6443', 'https://2130706433', 'https://[::ffff:7f00:1]:6443']) {
      const client = createClusterClient({ url, serverName: null, caPem: '' }, { kind: 'token', token: 'the-token' });
      const error = await client.version().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: 'forbidden-address' });
      expect(clusterFault(error, url)).toMatchObject({ status: 400, code: 'cluster.forbidden-address' });
      await client.close();
    }
  });
});

test('an installation knows its own listeners and its database, and takes loopback clusters only when it is on one machine', async () => {
  const config = (host: string, loopbackClusters: boolean) => ({
    portal: { host, port: 3000 },
    proxy: { host, port: 8443, metricsHost: '127.0.0.1', metricsPort: 9464 },
    loopbackClusters,
  });
  const policy = await addressPolicyOf(config('0.0.0.0', false), 'postgres://u:p@10.0.0.5/gatehouse');
  expect(policy.loopback).toBe(false);
  expect(refusalOf('10.0.0.5', 5432, policy)).not.toBeNull();
  const oneMachine = await addressPolicyOf(config('127.0.0.1', true), 'postgres://u:p@127.0.0.1:5433/gatehouse');
  const byName = await addressPolicyOf(config('127.0.0.1', true), 'postgres://u:p@localhost:5433/gatehouse');
  expect(refusalOf('127.0.0.1', 5433, byName)).not.toBeNull();
  const loopback = (env: Record<string, string>) => readConfig(env as NodeJS.ProcessEnv).loopbackClusters;
  expect([loopback({}), loopback({ GATEHOUSE_PROXY_HOST: '0.0.0.0' })]).toEqual([true, false]);
  expect(loopback({ GATEHOUSE_PROXY_HOST: '0.0.0.0', GATEHOUSE_LOOPBACK_CLUSTERS: 'true' })).toBe(true);
  expect(loopback({ GATEHOUSE_LOOPBACK_CLUSTERS: 'false' })).toBe(false);
  for (const port of [3000, 8443, 9464, 5433]) expect(refusalOf('127.0.0.1', port, oneMachine)).not.toBeNull();
  expect(refusalOf('127.0.0.1', 6443, oneMachine)).toBeNull();
});

test('an address is https, and neither it nor a proxy carries a user name or password (SECURITY 20)', () => {
  for (const text of [
    'http://api.example',
    'https://user:pw@api.example',
    'https://api.example?x=1',
    'https://api.example#x',
    'ftp://x',
    'api',
  ])
    expect(serverUrl.safeParse(text).success, text).toBe(false);
  const refused = proxyUrl.safeParse('http://user:secret@proxy.example:3128');
  expect(refused.error?.issues[0]?.message).toMatch(/no user name or password/);
  expect(JSON.stringify(refused.error?.issues)).not.toContain('secret');
  for (const text of ['socks5://proxy.example', 'http://proxy.example/path', 'http://proxy.example?x', 'proxy.example:3128'])
    expect(proxyUrl.safeParse(text).success, text).toBe(false);
  expect(proxyUrl.parse('http://proxy.example:3128/')).toBe('http://proxy.example:3128');
  expect(serverName.safeParse('10.0.0.1').success).toBe(false);
  expect(serverName.parse('kubernetes.default')).toBe('kubernetes.default');
});
