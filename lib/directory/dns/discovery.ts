/**
 * Finds a domain's domain controllers by its SRV records, as Windows' own clients do. What DNS says is a hint that anybody on the way may have
 * written: a host counts only if its name lies in the domain, and it must then show a certificate for that very name before it hears our
 * password. So a forged record can hide a domain controller from us, and lead us nowhere else.
 */
import { createHash } from 'node:crypto';
import { fault } from '#lib/errors/fault.ts';
import { codeOf, resolveSrv } from './resolver.ts';
import type { SrvRecord } from './wire.ts';

export interface Discovery {
  readonly domain: string;
  /** Those of this site come first. */
  readonly site?: string | undefined;
  readonly dnsServers?: readonly string[] | undefined;
}

export interface Found {
  /** In order of preference. */
  readonly urls: readonly string[];
  /** Named by DNS, and not of the domain. */
  readonly strangers: readonly string[];
}

const foundMax = 32;

/** `dice`: what decides between equals, another for each directory. Throws one sentence when DNS names nobody. */
export async function findControllers({ domain, site, dnsServers }: Discovery, dice: string): Promise<Found> {
  const everywhere = `_ldap._tcp.dc._msdcs.${domain}`;
  const near = site === undefined ? [] : await ask(`_ldap._tcp.${site}._sites.dc._msdcs.${domain}`, dnsServers).catch(() => []);
  const all = await ask(everywhere, dnsServers).catch((error: unknown) => {
    if (near.length > 0) return [];
    throw explain(error, everywhere, dnsServers);
  });
  const hosts = [...new Set([...inOrder(near, dice), ...inOrder(all, dice)])];
  const own = hosts.filter((host) => isOf(host, domain));
  const strangers = hosts.filter((host) => !isOf(host, domain));
  if (own.length === 0) throw nobody(domain, strangers);
  return { urls: own.slice(0, foundMax).map((host) => `ldaps://${host}`), strangers };
}

async function ask(name: string, dnsServers: readonly string[] | undefined): Promise<SrvRecord[]> {
  return resolveSrv(name, dnsServers);
}

/**
 * The lowest priority first, and within one by weight: as RFC 2782 has it, except that the dice are thrown once for each host, so that a heavier
 * one is the first choice of more installations, and one installation does not change its choice with every answer.
 */
export function inOrder(records: readonly SrvRecord[], dice: string): string[] {
  const score = ({ name, weight }: SrvRecord) => -Math.log(chanceOf(name, dice)) / (weight + 0.01);
  return records
    .toSorted((one, other) => one.priority - other.priority || score(one) - score(other) || (one.name < other.name ? -1 : 1))
    .map(({ name }) => name.toLowerCase().replace(/\.$/, ''))
    .filter((name) => name !== '');
}

function chanceOf(name: string, dice: string): number {
  const digest = createHash('sha256').update(`${dice} ${name.toLowerCase()}`).digest();
  return (digest.readUInt32BE(0) + 1) / (0xffff_ffff + 2);
}

function isOf(host: string, domain: string): boolean {
  return host.endsWith(`.${domain.toLowerCase()}`) && /^[a-z0-9._-]+$/.test(host);
}

function explain(error: unknown, name: string, dnsServers: readonly string[] | undefined) {
  const code = codeOf(error);
  const who = dnsServers && dnsServers.length > 0 ? `The DNS servers ${dnsServers.join(', ')}` : 'This machine’s DNS servers';
  const sentence = /^(ENOTFOUND|ENODATA|NXDOMAIN)$/.test(code)
    ? `${who} know no domain controllers under ${name}. Check the domain’s name, or enter the DNS servers of the domain.`
    : `${who} did not answer for ${name}${code === '' ? '' : ` (${code})`}. Check them, or list the domain controllers.`;
  return fault('unavailable', 'directory.dns', sentence, { detail: error instanceof Error ? error.message : String(error), cause: error });
}

function nobody(domain: string, strangers: readonly string[]) {
  return fault(
    'bad-input',
    'directory.dns-strangers',
    strangers.length === 0
      ? `DNS names no domain controller of ${domain}.`
      : `DNS names only hosts outside ${domain}: ${strangers.slice(0, 3).join(', ')}. They are not trusted with the password; list them if they are meant.`,
  );
}
