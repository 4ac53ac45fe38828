/** Questions to DNS: of the machine's own resolvers, or of those that a directory's settings name. Each has a bound in time. */
import { getServers } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { DnsDoubt, querySrv, type SrvRecord } from './wire.ts';

const timeoutMs = 1_500;
const tries = 2;
const dnsPort = 53;
/** Node's resolver could not read the answer, or says so of a compressed name. */
const unreadable = new Set(['EBADRESP', 'EFORMERR']);

export async function resolveSrv(name: string, servers: readonly string[] = []): Promise<SrvRecord[]> {
  try {
    return await resolverFor(servers).resolveSrv(name);
  } catch (error) {
    if (!unreadable.has(codeOf(error))) throw error;
    return readByOurselves(name, servers.length > 0 ? servers : getServers());
  }
}

/** For a connection by name where the settings name DNS servers: the machine's own might not know the domain. Undefined: the machine's own. */
export function lookupBy(servers: readonly string[] | undefined): LookupFunction | undefined {
  if (!servers || servers.length === 0) return undefined;
  return (hostname, options, callback) => {
    addressesOf(hostname, servers).then(
      (found) => {
        const [first] = found;
        if (!first) return callback(Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' }), '', 4);
        if (options.all) return callback(null, found);
        callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), '', 4),
    );
  };
}

async function addressesOf(host: string, servers: readonly string[]): Promise<{ address: string; family: number }[]> {
  const resolver = resolverFor(servers);
  const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = [
    ...(four.status === 'fulfilled' ? four.value.map((address) => ({ address, family: 4 })) : []),
    ...(six.status === 'fulfilled' ? six.value.map((address) => ({ address, family: 6 })) : []),
  ];
  if (found.length === 0 && four.status === 'rejected') throw four.reason;
  return found;
}

async function readByOurselves(name: string, servers: readonly string[]): Promise<SrvRecord[]> {
  let last: unknown = new DnsDoubt('no DNS server is known');
  for (const server of servers) {
    try {
      return await querySrv(placeOf(server), name, timeoutMs * tries);
    } catch (error) {
      if (error instanceof DnsDoubt && error.code === 'NXDOMAIN') throw error;
      last = error;
    }
  }
  throw last;
}

function resolverFor(servers: readonly string[]): Resolver {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  if (servers.length > 0) resolver.setServers([...servers]);
  return resolver;
}

/** "10.0.0.1", "10.0.0.1:5353", "fd00::1" or "[fd00::1]:5353"; null for anything else. */
export function parseDnsServer(text: string): { host: string; port: number } | null {
  const bare = text.trim();
  if (isIP(bare)) return { host: bare, port: dnsPort };
  const match = /^(?:\[([0-9a-f:.]+)\]|([\d.]+)):(\d{1,5})$/i.exec(bare);
  const [host, port] = [match?.[1] ?? match?.[2] ?? '', Number(match?.[3])];
  return isIP(host) && port > 0 && port < 65_536 ? { host, port } : null;
}

function placeOf(server: string): { host: string; port: number } {
  const place = parseDnsServer(server);
  if (!place) throw new DnsDoubt(`${server} is no DNS server’s address`);
  return place;
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && error.code !== null ? String(error.code) : '';
}
