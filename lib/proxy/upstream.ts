/**
 * # The way to a cluster's API server
 *
 * One pool of TLS sockets per cluster, which never cross: its CAs pinned, its name checked before the first byte of a request leaves. Our own
 * HTTP/1.1 client (`upstream/`) reads answers strictly and passes their bytes on as they came; long watches share a few HTTP/2 connections.
 *
 * It promises: an answer belongs to its request, whole or visibly broken, and never carries a byte of another; a socket that saw anything odd
 * is not used again; no redirect is followed; nothing is sent twice, save a bodyless read whose kept socket had died before one byte of an
 * answer; a cluster that is dead, slow or swamped keeps nobody from another. It trusts the certificate and nothing that is said behind it.
 * Whatever goes wrong is told as an Answer, so that nobody else has to know sockets.
 *
 * | file                          | subject                                                       |
 * |-------------------------------|---------------------------------------------------------------|
 * | address, dial, names          | where a cluster is, and one TLS connection to it              |
 * | answer-head, chunks, -reader  | one answer, from its first byte to its last (pure)            |
 * | call, upload                  | a request's head and body as bytes                            |
 * | connection, exchange, pool    | one socket, one request on it, all of a cluster               |
 * | breaker, bulkhead             | a cluster's troubles stay its own                             |
 * | streams                       | watches over HTTP/2                                           |
 */
import { type Answer, clusterSpokeNonsense, clusterTooSlow } from './answers.ts';
import { type Address, isSamePlace, isSamePlaceWithMoreTrust, placeOf } from './upstream/address.ts';
import type { AnswerHead } from './upstream/answer-head.ts';
import type { BreakerState } from './upstream/breaker.ts';
import type { Call } from './upstream/call.ts';
import { type AnswerListener, type Body, type Exchange, type Patience, SocketExchange, type SwitchListener } from './upstream/exchange.ts';
import { Pool, type PoolLimits } from './upstream/pool.ts';
import { Streams } from './upstream/streams.ts';

export { headerOf } from './upstream/answer-head.ts';
export type { AnswerHead, AnswerListener, Exchange, SwitchListener };

export interface PoolState {
  readonly clusterId: string;
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
  /** Watches that share the HTTP/2 connections among the busy. */
  readonly streams: number;
  readonly breaker: BreakerState;
}

export interface Upstreams {
  send(cluster: Address, call: Call, body: Body, patience: Patience, listener: AnswerListener): Exchange;
  /** A long read without a body: shares a connection with others where the cluster speaks HTTP/2. */
  follow(cluster: Address, call: Call, listener: AnswerListener): Exchange;
  /** On a connection of its own. */
  upgrade(cluster: Address, call: Call, listener: SwitchListener): Exchange;
  /** A small question of our own; its answer, small too, in one piece within 5 s. */
  ask(cluster: Address, call: Call, body: string): Promise<{ readonly status: number; readonly body: string }>;
  sockets(): readonly PoolState[];
  close(): void;
}

const defaults: PoolLimits = {
  connectMs: 5_000,
  // Above the API server's own 60 s, so that its word comes first.
  firstByteMs: 65_000,
  idleMs: 60_000,
  idleMax: 64,
  diallingMax: 64,
  pingEveryMs: 15_000,
  pingLimitMs: 10_000,
  failuresMax: 5,
  restMs: 1_000,
  restMaxMs: 10_000,
  // As many as an API server takes by default (--max-requests-inflight).
  underWayMax: 400,
  waitingMax: 400,
  waitMs: 5_000,
};
/** What is known of a cluster that nobody asks for any more is forgotten, for it may have been removed. */
const forgottenAfterMs = 10 * 60_000;
const ownAnswerMax = 256 * 1024;
const ownAnswerMs = 5_000;

interface Way {
  address: Address;
  usedAt: number;
  readonly pool: Pool;
  readonly streams: Streams;
}

export function createUpstreams(limitsOtherwise: Partial<PoolLimits> = {}): Upstreams {
  const limits = { ...defaults, ...limitsOtherwise };
  const ways = new Map<string, Way>();
  /** To former addresses, until what is open there has ended. */
  const retired = new Set<Way>();
  const tickMs = Math.max(5, Math.min(1_000, limits.firstByteMs / 10, limits.waitMs / 10, limits.connectMs / 10, limits.pingLimitMs / 10));
  const timer = setInterval(tick, tickMs);
  timer.unref();

  function wayTo(cluster: Address): Way {
    const former = ways.get(cluster.id);
    if (former) {
      former.usedAt = performance.now();
      if (former.address === cluster) return former;
      if (isSamePlace(former.address, cluster)) {
        former.address = cluster;
        return former;
      }
      if (isSamePlaceWithMoreTrust(former.address, cluster)) {
        former.pool.retire();
        retired.add(former);
      } else close(former);
    }
    const pool = new Pool(placeOf(cluster), limits);
    const way = { address: cluster, usedAt: performance.now(), pool, streams: new Streams(pool) };
    ways.set(cluster.id, way);
    return way;
  }

  function close({ pool, streams }: Way): void {
    streams.close();
    pool.close();
  }

  function tick(): void {
    const now = performance.now();
    for (const { pool, streams } of [...ways.values(), ...retired]) {
      pool.tick(now);
      streams.tick(now);
    }
    for (const way of retired) if (isEmpty(way)) retired.delete(way);
    for (const [id, way] of ways) if (isEmpty(way) && way.usedAt + forgottenAfterMs <= now) ways.delete(id);
  }

  function isEmpty({ pool, streams }: Way): boolean {
    return pool.isEmpty && streams.isEmpty;
  }

  function begin(cluster: Address, order: ConstructorParameters<typeof SocketExchange>[0]): Exchange {
    const { pool } = wayTo(cluster);
    const exchange = new SocketExchange(order, pool);
    pool.send(exchange);
    return exchange;
  }

  return {
    send: (cluster, call, body, patience, listener) => begin(cluster, { call, body, patience, listener }),

    follow: (cluster, call, listener) => wayTo(cluster).streams.follow(call, listener),

    upgrade: (cluster, call, listener) =>
      begin(cluster, {
        call,
        body: null,
        patience: 'firstByte',
        listener,
        onSwitch: (head, socket, rest) => listener.onSwitch(head, socket, rest),
      }),

    ask(cluster, call, body) {
      return new Promise((resolve, reject) => {
        const pieces: Buffer[] = [];
        let bytes = 0;
        let status = 0;
        const giveUp = (answer: Answer) => {
          clearTimeout(timer);
          exchange.abort();
          reject(answer);
        };
        const timer = setTimeout(() => giveUp(clusterTooSlow()), ownAnswerMs);
        const exchange = begin(cluster, {
          call,
          body: body === '' ? null : body,
          patience: 'endless',
          listener: {
            onHead(head) {
              status = head.status;
            },
            onData(piece) {
              pieces.push(piece);
              bytes += piece.length;
              if (bytes > ownAnswerMax) giveUp(clusterSpokeNonsense('an answer without end'));
            },
            onEnd() {
              clearTimeout(timer);
              resolve({ status, body: Buffer.concat(pieces).toString('utf8') });
            },
            onError(answer) {
              clearTimeout(timer);
              reject(answer);
            },
          },
        });
      });
    },

    sockets: () =>
      [...ways].map(([clusterId, { pool, streams }]) => ({
        clusterId,
        busy: pool.busy + streams.connections,
        idle: pool.idle,
        waiting: pool.waiting + streams.waiting,
        streams: streams.open,
        breaker: pool.breaker.state,
      })),

    close() {
      clearInterval(timer);
      for (const way of [...ways.values(), ...retired]) close(way);
      ways.clear();
      retired.clear();
    },
  };
}
