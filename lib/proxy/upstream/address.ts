/** Where a cluster is, taken apart once: what to dial, whose certificate must be shown there, and through what. */
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { WorldCluster } from '#lib/entitlement/types.ts';

export type Address = Pick<WorldCluster, 'id' | 'serverUrl' | 'serverName' | 'caPem' | 'proxyUrl'>;

const casAloneMax = 4;

export interface HttpProxy {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** `Basic …`, or null. */
  readonly authorization: string | null;
}

export type Trusts = readonly [SecureContext, ...SecureContext[]];

export interface Place {
  readonly host: string;
  readonly port: number;
  /** Sent as SNI and held against the certificate; '' where the host is an address, which is then itself held against it. */
  readonly serverName: string;
  /** Trusts the cluster's CAs and nobody else. While one follows the other: all of them together first, then each alone. */
  readonly trusts: Trusts;
  readonly proxy: HttpProxy | null;
}

export function placeOf({ serverUrl, serverName, caPem, proxyUrl }: Address): Place {
  const url = new URL(serverUrl);
  const host = bare(url.hostname);
  return {
    host,
    port: url.port === '' ? 443 : Number(url.port),
    serverName: serverName ?? (isIP(host) ? '' : host),
    trusts: trustsIn(caPem),
    proxy: proxyUrl === null || proxyUrl === undefined ? null : proxyOf(proxyUrl),
  };
}

/**
 * A CA is looked for by its name, and an old and a new one of the same name and without key ids (older kubeadm made such) hide each other: what
 * is then taken for a false signature is tried again with each alone.
 */
function trustsIn(caPem: string): Trusts {
  const trustOf = (ca: string) => createSecureContext({ ca, minVersion: 'TLSv1.2' });
  const each = caPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return each.length > 1 && each.length <= casAloneMax ? [trustOf(caPem), ...each.map(trustOf)] : [trustOf(caPem)];
}

function proxyOf(proxyUrl: string): HttpProxy {
  const url = new URL(proxyUrl);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error('the proxy of a cluster is spoken to by http or https');
  const isTls = url.protocol === 'https:';
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    host: bare(url.hostname),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    isTls,
    authorization: credentials === ':' ? null : `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`,
  };
}

export function isSamePlace(a: Address, b: Address): boolean {
  return a.serverUrl === b.serverUrl && a.serverName === b.serverName && a.caPem === b.caPem && a.proxyUrl === b.proxyUrl;
}

/** The same place, and whatever was trusted there is trusted still: what is open may go on. */
export function isSamePlaceWithMoreTrust(before: Address, after: Address): boolean {
  return isSamePlace({ ...before, caPem: '' }, { ...after, caPem: '' }) && after.caPem.includes(before.caPem.trim());
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
