/**
 * The way to a cluster's API server: HTTP/1.1 on TLS sockets kept per cluster, its CA pinned, its name checked. No pool crosses clusters, no
 * redirect is followed, nothing is sent twice save a bodyless read whose kept socket had died before it could carry anything. Whatever goes
 * wrong is thrown as an Answer, so that nobody downstream has to know sockets.
 */

import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { WorldCluster } from '#lib/entitlement/types.ts';
import { type Answer, clusterSpokeNonsense, clusterTooSlow, clusterUnreachable } from './answers.ts';
import type { Impersonated } from './steps/impersonate.ts';

type Call = Impersonated['call'];
type Address = Pick<WorldCluster, 'id' | 'serverUrl' | 'serverName' | 'caPem'>;

export interface Exchange {
  readonly answer: Promise<IncomingMessage>;
  /** Ends it, at whatever point it is; the socket is not used again. */
  abort(): void;
}

export type Switched =
  | { readonly switched: true; readonly answer: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
  | { readonly switched: false; readonly answer: IncomingMessage };

export interface Tunnelling {
  readonly answer: Promise<Switched>;
  abort(): void;
}

export interface Upstreams {
  send(cluster: Address, call: Call, body: Readable | null, patience: Patience): Exchange;
  upgrade(cluster: Address, call: Call): Tunnelling;
  /** Sockets open to a cluster, busy and idle. */
  sockets(): { clusterId: string; busy: number; idle: number }[];
  close(): void;
}

/** `firstByte`: the cluster must begin to answer in time. A watch or a followed log may well have nothing to say. */
export type Patience = 'firstByte' | 'endless';

const connectMs = 5_000;
const firstByteMs = 65_000;
const idleMs = 60_000;
const keepAliveProbeMs = 15_000;
const headMaxBytes = 256 * 1024;

export function createUpstreams({ firstByteLimitMs = firstByteMs, connectLimitMs = connectMs } = {}): Upstreams {
  const agents = new Map<string, { agent: Agent; key: string }>();

  function agentOf(cluster: Address): Agent {
    const key = `${cluster.serverUrl} ${cluster.serverName ?? ''} ${cluster.caPem}`;
    const known = agents.get(cluster.id);
    if (known?.key === key) return known.agent;
    known?.agent.destroy();
    const agent = new Agent({
      keepAlive: true,
      keepAliveMsecs: keepAliveProbeMs,
      maxFreeSockets: 64,
      timeout: idleMs,
      scheduling: 'lifo',
      ...tlsOf(cluster),
    });
    agents.set(cluster.id, { agent, key });
    return agent;
  }

  function begin(cluster: Address, call: Call, agent: Agent | false): ClientRequest {
    const { hostname, port } = new URL(cluster.serverUrl);
    const options: RequestOptions = {
      agent,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? 443 : Number(port),
      method: call.method,
      path: call.path,
      headers: call.headers as string[],
      setHost: false,
      maxHeaderSize: headMaxBytes,
      ...(agent === false ? tlsOf(cluster) : {}),
    };
    const request = httpsRequest(options);
    request.once('socket', (socket) => {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveProbeMs);
      if (!socket.connecting) return;
      const timer = setTimeout(() => request.destroy(clusterUnreachable(`no TLS connection within ${connectLimitMs} ms`)), connectLimitMs);
      socket.once('secureConnect', () => clearTimeout(timer));
      socket.once('close', () => clearTimeout(timer));
    });
    return request;
  }

  return {
    send(cluster, call, body, patience) {
      let current: ClientRequest | null = null;
      let aborted = false;
      const attempt = (mayRepeat: boolean): Promise<IncomingMessage> =>
        new Promise((resolve, reject) => {
          const request = begin(cluster, call, agentOf(cluster));
          current = request;
          const timer = patience === 'firstByte' ? setTimeout(() => request.destroy(clusterTooSlow()), firstByteLimitMs) : null;
          request.once('response', (answer) => {
            if (timer) clearTimeout(timer);
            resolve(answer);
          });
          request.on('error', (error: NodeJS.ErrnoException) => {
            if (timer) clearTimeout(timer);
            if (mayRepeat && !aborted && request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) {
              resolve(attempt(false));
              return;
            }
            reject(answerFor(error));
          });
          if (body === null) request.end();
          else {
            body.pipe(request);
            body.once('close', () => {
              if (!body.readableEnded) request.destroy();
            });
          }
        });
      return {
        answer: attempt(body === null && (call.method === 'GET' || call.method === 'HEAD')),
        abort() {
          aborted = true;
          current?.destroy();
        },
      };
    },

    upgrade(cluster, call) {
      const request = begin(cluster, call, false);
      const answer = new Promise<Switched>((resolve, reject) => {
        const timer = setTimeout(() => request.destroy(clusterTooSlow()), firstByteLimitMs);
        request.once('upgrade', (message, socket, head) => {
          clearTimeout(timer);
          resolve({ switched: true, answer: message, socket, head });
        });
        request.once('response', (message) => {
          clearTimeout(timer);
          resolve({ switched: false, answer: message });
        });
        request.on('error', (error) => {
          clearTimeout(timer);
          reject(answerFor(error));
        });
      });
      request.end();
      return { answer, abort: () => request.destroy() };
    },

    sockets: () => [...agents].map(([clusterId, { agent }]) => ({ clusterId, busy: count(agent.sockets), idle: count(agent.freeSockets) })),
    close() {
      for (const { agent } of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

function tlsOf({ serverUrl, serverName, caPem }: Address) {
  const host = new URL(serverUrl).hostname.replace(/^\[|\]$/g, '');
  return {
    ca: caPem,
    servername: serverName ?? (isIP(host) ? '' : host),
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2' as const,
  };
}

function answerFor(error: NodeJS.ErrnoException): Answer {
  if (error.name === 'Answer') return error as unknown as Answer;
  if (error.code?.startsWith('HPE_')) return clusterSpokeNonsense(error.code);
  return clusterUnreachable(error.code ?? error.message);
}

function count(sockets: NodeJS.ReadOnlyDict<readonly unknown[]>): number {
  return Object.values(sockets).reduce((sum, list) => sum + (list?.length ?? 0), 0);
}
