import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findControllers, inOrder } from './discovery.ts';
import { type ScriptedDns, startScriptedDns } from './testing.ts';
import type { SrvRecord } from './wire.ts';

let dns: ScriptedDns;
const everywhere = '_ldap._tcp.dc._msdcs.corp.example';
const srv = (name: string, priority = 0, weight = 100): SrvRecord => ({ name, priority, weight, port: 389 });
const find = (more: object = {}) => findControllers({ domain: 'corp.example', dnsServers: [dns.server], ...more }, 'd-1');

beforeAll(async () => {
  dns = await startScriptedDns();
});
afterEach(() => {
  dns.srv.clear();
  dns.isSilent = false;
  dns.compressesTargets = false;
});
afterAll(() => dns.stop());

describe('domain controllers found by DNS', () => {
  it('are those that the domain’s records name, the lowest priority first, with compressed names as well', async () => {
    dns.srv.set(everywhere, [srv('dc3.corp.example', 20), srv('DC1.corp.example', 0), srv('dc2.corp.example', 10)]);
    const wanted = ['ldaps://dc1.corp.example', 'ldaps://dc2.corp.example', 'ldaps://dc3.corp.example'];
    expect((await find()).urls).toEqual(wanted);
    dns.compressesTargets = true;
    expect((await find()).urls).toEqual(wanted);
  });

  it('of the site come first, and the others stand behind them', async () => {
    dns.srv.set(everywhere, [srv('dc1.corp.example'), srv('dc2.corp.example')]);
    dns.srv.set('_ldap._tcp.berlin._sites.dc._msdcs.corp.example', [srv('dc2.corp.example', 5)]);
    expect((await find({ site: 'Berlin' })).urls).toEqual(['ldaps://dc2.corp.example', 'ldaps://dc1.corp.example']);
    expect((await find({ site: 'Nowhere' })).urls).toHaveLength(2);
  });

  it('lie in the domain: a record that leads elsewhere is not believed, since our password would go there (SECURITY F6)', async () => {
    dns.srv.set(everywhere, [srv('dc1.corp.example'), srv('dc.evil.example'), srv('corp.example.evil.example'), srv('evilcorp.example')]);
    const { urls, strangers } = await find();
    expect(urls).toEqual(['ldaps://dc1.corp.example']);
    expect([...strangers].sort()).toEqual(['corp.example.evil.example', 'dc.evil.example', 'evilcorp.example']);
    dns.srv.set(everywhere, [srv('dc.evil.example')]);
    await expect(find()).rejects.toMatchObject({ code: 'directory.dns-strangers' });
  });

  it('that nobody knows, and a server that is silent, each have their sentence', async () => {
    await expect(find()).rejects.toThrow(/know no domain controllers under _ldap/);
    dns.isSilent = true;
    await expect(find()).rejects.toThrow(/did not answer for _ldap/);
  }, 30_000);
});

describe('equals by priority', () => {
  const records = ['a', 'b', 'c', 'd'].map((host) => srv(`${host}.corp.example`, 0, host === 'a' ? 300 : 100));
  const firsts = Array.from({ length: 2_000 }, (_, n) => inOrder(records, `d-${n}`)[0]);

  it('stay in their order for one directory', () => {
    for (let n = 0; n < 20; n++) expect(inOrder(records.toReversed(), 'd-1')).toEqual(inOrder(records, 'd-1'));
  });

  it('are shared out by weight over many directories', () => {
    const share = firsts.filter((one) => one === 'a.corp.example').length / firsts.length;
    expect(share).toBeGreaterThan(0.42);
    expect(share).toBeLessThan(0.58);
  });

  it('of weight nought come last, and are there', () => {
    const all = inOrder([srv('zero.corp.example', 0, 0), ...records], 'd-1');
    expect(all).toHaveLength(5);
    expect(all.at(-1)).toBe('zero.corp.example');
  });
});
