/**
 * The way to a cluster's API server: a TCP connection, straight or through the cluster's HTTP(S) proxy, and TLS on it with the cluster's own
 * authorities and name. Worker and door go it alike. Whatever it was told, it connects to no address that `address-policy.ts` refuses, and
 * nothing of ours is sent before the server has shown a certificate from one of the pinned authorities.
 *
 * Behind a proxy it is the proxy that resolves the cluster's name; what is judged here then is the proxy's address, and the cluster's where
 * it is a literal one.
 */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ForbiddenAddress, lookupAllowed, refusalOfLiteral } from './address-policy.ts';

export interface ClusterAddress {
  readonly url: string;
  /** The name to verify where it differs from the URL's host (`tls-server-name`). */
  readonly serverName: string | null;
  /** One or several certificate authorities; the server's certificate must come from one of them. */
  readonly caPem: string;
  /** An HTTP(S) proxy on the way: scheme, host and port. */
  readonly proxyUrl?: string | null;
}

export interface WayOptions {
  /** For the whole of it: the proxy, its answer, and the handshake. */
  readonly timeoutMs: number;
  readonly certificate?: { readonly certPem: string; readonly keyPem: string };
}

export class ProxyRefused extends Error {
  readonly code = 'PROXY_REFUSED';
  constructor(why: string) {
    super(why);
    this.name = 'ProxyRefused';
  }
}

const keepAliveProbeMs = 15_000;
const proxyHeadBytesMax = 16 * 1024;

/** A verified TLS connection to the API server, nothing sent on it yet. */
export async function connectToCluster(address: ClusterAddress, { timeoutMs, certificate }: WayOptions): Promise<TLSSocket> {
  const url = new URL(address.url);
  if (url.protocol !== 'https:') throw new ForbiddenAddress(`${url.protocol}//${url.host} is not https`);
  return within(timeoutMs, async (opened) => {
    const socket = await openWay(address, opened);
    return handshake(
      opened(
        connectTls({
          socket,
          host: hostOf(url),
          ca: address.caPem,
          servername: nameToVerify(address),
          rejectUnauthorized: true,
          ALPNProtocols: ['http/1.1'],
          minVersion: 'TLSv1.2',
          ...(certificate ? { cert: certificate.certPem, key: certificate.keyPem } : {}),
        }),
      ),
    );
  });
}

/** The name that the server's certificate must be for: empty for a literal address, which is compared as an address. */
export function nameToVerify({ url, serverName }: ClusterAddress): string {
  const host = hostOf(new URL(url));
  return serverName ?? (isIP(host) === 0 ? host : '');
}

type Opened = <S extends Socket>(socket: S) => S;

/** A plain connection that ends at the API server, straight or through its proxy. */
async function openWay(address: ClusterAddress, opened: Opened): Promise<Socket> {
  const target = endOf(new URL(address.url));
  requireAllowed(target);
  if (!address.proxyUrl) return openTcp(target, opened);
  const proxy = new URL(address.proxyUrl);
  const tcp = await openTcp(endOf(proxy), opened);
  // A proxy's certificate is checked against the public authorities of the system that Node knows: it carries nothing but TLS of ours.
  const toProxy = proxy.protocol === 'https:' ? await handshake(opened(connectTls({ socket: tcp, ...namedAs(proxy) }))) : tcp;
  return throughProxy(toProxy, target);
}

function requireAllowed(end: End): void {
  const refusal = refusalOfLiteral(end);
  if (refusal !== null) throw new ForbiddenAddress(refusal);
}

async function openTcp(end: End, opened: Opened): Promise<Socket> {
  requireAllowed(end);
  const { host, port } = end;
  return new Promise((resolve, reject) => {
    const socket = opened(connect({ host, port, lookup: lookupAllowed(port), noDelay: true }));
    socket.setKeepAlive(true, keepAliveProbeMs);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function handshake(socket: TLSSocket): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(Object.assign(new Error('the connection ended during the TLS handshake'), { code: 'ECONNRESET' }));
    socket.once('error', reject).once('close', onClose);
    socket.once('secureConnect', () => {
      socket.off('error', reject).off('close', onClose);
      resolve(socket);
    });
  });
}

function throughProxy(socket: Socket, { host, port }: End): Promise<Socket> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const give = (why: string) => reject(new ProxyRefused(why));
    const onEnd = () => give('the proxy ended the connection without an answer');
    const onData = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1 && head.length <= proxyHeadBytesMax) return;
      socket.off('data', onData).off('error', reject).off('end', onEnd).off('close', onEnd);
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head.subarray(0, 64).toString('latin1'))?.[1];
      if (end === -1 || status === undefined) return give('the proxy did not answer as an HTTP proxy does');
      if (!status.startsWith('2')) return give(`the proxy answered ${status}`);
      // In TLS it is we who speak first: whatever comes now is not from the cluster.
      if (head.length > end + 4) return give('the proxy sent more than its answer');
      socket.pause();
      resolve(socket);
    };
    socket.on('data', onData).on('error', reject).on('end', onEnd).on('close', onEnd);
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  });
}

/** Ends whatever was opened when it takes too long or fails half way. */
async function within<T>(timeoutMs: number, work: (opened: Opened) => Promise<T>): Promise<T> {
  const sockets: Socket[] = [];
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error(`no connection within ${timeoutMs} ms`), { code: 'ETIMEDOUT' })), timeoutMs);
  });
  try {
    const opened: Opened = (socket) => {
      // Whoever waits for it hears of an error too; without a listener a late one would end the process.
      socket.on('error', () => {});
      sockets.push(socket);
      return socket;
    };
    return await Promise.race([work(opened), tooLate]);
  } catch (error) {
    for (const socket of sockets) socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

interface End {
  readonly host: string;
  readonly port: number;
}

function endOf(url: URL): End {
  return { host: hostOf(url), port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port) };
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function namedAs(url: URL): { servername: string; host: string } {
  const host = hostOf(url);
  return { host, servername: isIP(host) === 0 ? host : '' };
}
