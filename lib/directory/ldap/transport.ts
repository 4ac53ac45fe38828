/**
 * The socket under an LDAP connection: always TLS, always with the name checked, and with the given CA alone when one is given. Port 636 is
 * TLS from the first byte; on port 389 StartTLS comes before anything else, and a server that declines it is not spoken to any further.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { lookupBy } from '../dns/resolver.ts';

export interface Endpoint {
  /** ldaps://host[:port], or ldap://host[:port] which then means StartTLS. */
  readonly url: string;
  /** The name that the certificate must carry; the host of the URL unless given. */
  readonly serverName?: string | undefined;
  /** Trusted for this directory alone; without it the machine's own authorities are. */
  readonly caPem?: string | undefined;
  /** Who is asked for the host's address; the machine's own resolvers unless given. */
  readonly dnsServers?: readonly string[] | undefined;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly startTls: boolean;
}

/** Null when the text is no LDAP URL. */
export function parseLdapUrl(text: string): Address | null {
  const match = /^(ldaps?):\/\/(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?\/?$/i.exec(text.trim());
  if (!match?.[1] || !match[2]) return null;
  const startTls = match[1].toLowerCase() === 'ldap';
  const port = match[3] === undefined ? (startTls ? 389 : 636) : Number(match[3]);
  if (port < 1 || port > 65_535) return null;
  return { host: match[2].replace(/^\[|\]$/g, ''), port, startTls };
}

export function openTcp({ host, port }: Address, timeoutMs: number, dnsServers?: readonly string[]): Promise<Socket> {
  const lookup = lookupBy(dnsServers);
  return new Promise((resolve, reject) => {
    const socket = connectTcp({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 15_000,
      ...(lookup ? { lookup } : {}),
    });
    const timer = setTimeout(() => socket.destroy(timedOut(`no connection to ${host}:${port} within ${timeoutMs} ms`)), timeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

export function secure(socket: Socket, endpoint: Endpoint, { host }: Address, timeoutMs: number): Promise<TLSSocket> {
  const name = endpoint.serverName ?? host;
  return new Promise((resolve, reject) => {
    const secured = connectTls({
      socket,
      // An address is no server name for SNI, but the certificate must still be for it.
      ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
      checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
      minVersion: 'TLSv1.2',
      ...(endpoint.caPem === undefined ? {} : { ca: endpoint.caPem }),
    });
    const timer = setTimeout(() => secured.destroy(timedOut(`no TLS with ${host} within ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      secured.destroy();
      reject(error);
    };
    secured.once('error', fail);
    secured.once('close', () =>
      fail(Object.assign(new Error('the connection was closed during the TLS handshake'), { code: 'ECONNRESET' })),
    );
    secured.once('secureConnect', () => {
      clearTimeout(timer);
      secured.removeAllListeners('error');
      secured.removeAllListeners('close');
      resolve(secured);
    });
  });
}

export function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
}
