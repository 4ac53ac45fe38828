/**
 * One TLS connection to a cluster, straight or through its HTTP proxy. It is handed over only when the certificate was good: until then not
 * one byte of a request has left. Resumes a former session where the cluster allows it.
 */
import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { lookupAllowed, refusalOfLiteral } from '#lib/cluster/address-policy.ts';
import { type Answer, clusterUnreachable, clusterUntrusted } from '../answers.ts';
import type { HttpProxy, Place } from './address.ts';
import { readAnswerHead } from './answer-head.ts';
import { distrustIn, goodUntil } from './certificate.ts';

const keepAliveProbeMs = 15_000;
const proxyHeadMax = 16 * 1_024;

export type Protocol = 'h2' | 'http/1.1';

export interface Dialling {
  readonly place: Place;
  readonly protocols: readonly Protocol[];
  readonly lookup: LookupFunction;
  readonly limitMs: number;
  readonly sessions: Sessions;
  onOpen(socket: TLSSocket): void;
  onFailure(answer: Answer): void;
}

/** The last session there, to be resumed for as long as the certificate is good that was shown for it: nobody shows one again then. */
export interface Sessions {
  last: Buffer | undefined;
  goodUntilMs: number;
}

export function dial(dialling: Dialling): void {
  const { place, protocols, lookup, limitMs, sessions, onOpen, onFailure } = dialling;
  const [trust, next, ...others] = place.trusts;
  let current: Socket | null = null;
  let over = false;
  const timer = setTimeout(() => fail(`no TLS connection within ${limitMs} ms`), limitMs);

  function fail(why: string): void {
    if (over) return;
    over = true;
    clearTimeout(timer);
    current?.destroy();
    if (why === 'CERT_SIGNATURE_FAILURE' && next) dial({ ...dialling, place: { ...place, trusts: [next, ...others] } });
    else {
      const distrust = distrustIn(why);
      onFailure(distrust === null ? clusterUnreachable(why) : clusterUntrusted(distrust));
    }
  }

  function watch<S extends Socket>(socket: S): S {
    current = socket;
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    socket.once('close', () => fail('it hung up before TLS was agreed upon'));
    return socket;
  }

  function encrypt(through: Socket | null): void {
    const socket = watch(
      connectTls({
        ...(through ? { socket: through } : { host: place.host, port: place.port, lookup: lookupAllowed(place.port, lookup) }),
        // What the certificate is held against when no name is sent.
        host: place.host,
        servername: place.serverName,
        secureContext: trust,
        ALPNProtocols: [...protocols],
        rejectUnauthorized: true,
        ...(sessions.last && Date.now() < sessions.goodUntilMs ? { session: sessions.last } : {}),
      }),
    );
    socket.on('session', (session) => {
      sessions.last = session;
    });
    socket.once('secureConnect', () => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      if (!socket.isSessionReused()) sessions.goodUntilMs = goodUntil(socket);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveProbeMs);
      onOpen(socket);
    });
  }

  const refusal = refusalOfLiteral(place) ?? (place.proxy === null ? null : refusalOfLiteral(place.proxy));
  if (refusal !== null) process.nextTick(fail, refusal);
  else if (place.proxy === null) encrypt(null);
  else throughProxy(place.proxy, place, { lookup, watch, fail, onTunnel: encrypt });
}

interface ProxyTalk {
  readonly lookup: LookupFunction;
  watch<S extends Socket>(socket: S): S;
  fail(why: string): void;
  onTunnel(socket: Socket): void;
}

/** Asks the proxy for a tunnel. Its own certificate, where it has one, is held against the CAs that this system trusts. */
function throughProxy(proxy: HttpProxy, { host, port }: Place, { lookup, watch, fail, onTunnel }: ProxyTalk): void {
  const options = { host: proxy.host, port: proxy.port, lookup: lookupAllowed(proxy.port, lookup) };
  const socket = watch(proxy.isTls ? connectTls({ ...options, ALPNProtocols: ['http/1.1'] }) : connectTcp(options));
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  let heard = Buffer.alloc(0);

  const hear = (bytes: Buffer): void => {
    heard = Buffer.concat([heard, bytes]);
    const end = heard.indexOf('\r\n\r\n');
    if (end === -1 && heard.length <= proxyHeadMax) return;
    socket.off('data', hear);
    const refusal = refusalOfProxy(heard, end);
    if (refusal !== null) fail(refusal);
    else onTunnel(socket);
  };
  socket.once(proxy.isTls ? 'secureConnect' : 'connect', () => {
    const authorization = proxy.authorization === null ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`, 'latin1');
    socket.on('data', hear);
  });
}

function refusalOfProxy(heard: Buffer, end: number): string | null {
  if (end === -1 || end > proxyHeadMax) return 'the proxy on the way answered without end';
  try {
    const { status } = readAnswerHead(heard.toString('latin1', 0, end + 4));
    if (status < 200 || status > 299) return `the proxy on the way answered ${status}`;
  } catch (error) {
    return `the proxy on the way answered nonsense: ${error instanceof Error ? error.message : error}`;
  }
  return heard.length > end + 4 ? 'the proxy on the way spoke into the tunnel' : null;
}
