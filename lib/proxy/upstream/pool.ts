/**
 * The sockets of one cluster, and who may use them. A request takes a kept socket or waits for the first that gets free, freshly dialled or
 * given back. The cluster's own breaker and bulkhead stand before it, so that its troubles stay its own.
 */
import type { TLSSocket } from 'node:tls';
import { type Answer, clusterDown, clusterUnreachable } from '../answers.ts';
import type { Place } from './address.ts';
import { type Breaker, type BreakerLimits, createBreaker } from './breaker.ts';
import { type Bulkhead, type BulkheadLimits, createBulkhead } from './bulkhead.ts';
import { Connection } from './connection.ts';
import { dial, type Protocol, type Sessions } from './dial.ts';
import type { Lender, SocketExchange } from './exchange.ts';
import { createNames } from './names.ts';

export interface PoolLimits extends BreakerLimits, BulkheadLimits {
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly idleMax: number;
  readonly diallingMax: number;
  /** Of HTTP/2 connections, whose watches may be silent for hours. */
  readonly pingEveryMs: number;
  readonly pingLimitMs: number;
}

interface Waiter {
  readonly exchange: SocketExchange;
  /** A kept socket will not do. */
  readonly fresh: boolean;
  readonly until: number;
}

export class Pool implements Lender {
  readonly place: Place;
  readonly limits: PoolLimits;
  readonly breaker: Breaker;
  readonly #bulkhead: Bulkhead;
  readonly #lookup = createNames();
  readonly #sessions: Record<Protocol, Sessions> = {
    'http/1.1': { last: undefined, goodUntilMs: 0 },
    h2: { last: undefined, goodUntilMs: 0 },
  };
  readonly #idle: Connection[] = [];
  readonly #busy = new Map<Connection, SocketExchange>();
  #waiters: Waiter[] = [];
  #dialling = 0;
  #isRetired = false;

  constructor(place: Place, limits: PoolLimits) {
    this.place = place;
    this.limits = limits;
    this.breaker = createBreaker(limits);
    this.#bulkhead = createBulkhead(limits);
  }

  get firstByteMs(): number {
    return this.limits.firstByteMs;
  }

  get busy(): number {
    return this.#busy.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get waiting(): number {
    return this.#waiters.length + this.#bulkhead.waiting;
  }

  send(exchange: SocketExchange): void {
    if (exchange.counts) this.#bulkhead.come(exchange);
    else exchange.enter();
  }

  // For exchanges.

  lend(exchange: SocketExchange, fresh: boolean): void {
    const kept = fresh ? undefined : this.#takeIdle();
    if (kept) {
      this.#give(kept, exchange);
      return;
    }
    if (!this.breaker.admits()) {
      exchange.fail(clusterDown());
      return;
    }
    this.#waiters.push({ exchange, fresh, until: performance.now() + this.limits.connectMs });
    this.#dialEnough();
  }

  forget(exchange: SocketExchange): void {
    const at = this.#waiters.findIndex((waiter) => waiter.exchange === exchange);
    if (at !== -1) this.#waiters.splice(at, 1);
  }

  giveBack(connection: Connection): void {
    this.#busy.delete(connection);
    connection.uses += 1;
    const next = this.#waiters.findIndex(({ fresh }) => !fresh);
    const [waiter] = next === -1 ? [] : this.#waiters.splice(next, 1);
    if (waiter) this.#give(connection, waiter.exchange);
    else this.keep(connection);
  }

  answered(): void {
    this.breaker.succeeded();
  }

  tooSlow(): void {
    this.breaker.failed();
  }

  over(exchange: SocketExchange): void {
    if (!exchange.counts) return;
    if (exchange.isInside) this.#bulkhead.leave();
    else this.#bulkhead.forget(exchange);
  }

  // Sockets.

  /** One more connection, outside the counts of the pool. */
  dial(protocols: readonly Protocol[], onOpen: (socket: TLSSocket) => void, onFailure: (answer: Answer) => void): void {
    const sessions = this.#sessions[protocols[0] ?? 'http/1.1'];
    const { place, limits } = this;
    dial({ place, protocols, lookup: this.#lookup, limitMs: limits.connectMs, sessions, onOpen, onFailure });
  }

  /** A connection that speaks HTTP/1.1 and has nothing to do. */
  adopt(socket: TLSSocket): void {
    const connection = this.#connection(socket);
    const waiter = this.#waiters.shift();
    if (waiter) this.#give(connection, waiter.exchange);
    else this.keep(connection);
  }

  keep(connection: Connection): void {
    if (this.#isRetired || this.#idle.length >= this.limits.idleMax) {
      connection.destroy();
      return;
    }
    connection.idleSince = performance.now();
    this.#idle.push(connection);
  }

  #dialEnough(): void {
    while (this.#dialling < Math.min(this.#waiters.length, this.limits.diallingMax)) {
      this.#dialling += 1;
      this.dial(
        ['http/1.1'],
        (socket) => {
          this.#dialling -= 1;
          this.adopt(socket);
          this.#dialEnough();
        },
        (answer) => {
          this.#dialling -= 1;
          this.breaker.failed();
          if (this.breaker.state === 'open') this.#refuseWaiters(answer);
          else this.#waiters.shift()?.exchange.fail(answer);
          this.#dialEnough();
        },
      );
    }
  }

  #connection(socket: TLSSocket): Connection {
    return new Connection(socket, (gone) => {
      this.#busy.delete(gone);
      const at = this.#idle.indexOf(gone);
      if (at !== -1) this.#idle.splice(at, 1);
    });
  }

  #give(connection: Connection, exchange: SocketExchange): void {
    this.#busy.set(connection, exchange);
    exchange.begin(connection);
  }

  /** The last one in, so that those of a busy hour get old and end. */
  #takeIdle(): Connection | undefined {
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) {
      if (kept.isClean) return kept;
      kept.destroy();
    }
    return undefined;
  }

  #refuseWaiters(answer: Answer): void {
    for (const { exchange } of this.#waiters.splice(0)) exchange.fail(answer);
  }

  // Time.

  /** Ends what has waited, hung or idled for too long. */
  tick(now: number): void {
    this.#bulkhead.refuseLate();
    while (this.#waiters[0] && this.#waiters[0].until <= now)
      this.#waiters[0].exchange.fail(clusterUnreachable(`no connection got free within ${this.limits.connectMs} ms`));
    for (const exchange of this.#busy.values()) if (exchange.deadline <= now) exchange.tooSlow();
    while (this.#idle[0] && this.#idle[0].idleSince + this.limits.idleMs <= now) this.#idle.shift()?.destroy();
  }

  get isEmpty(): boolean {
    return this.#busy.size + this.#idle.length + this.#waiters.length + this.#dialling + this.#bulkhead.waiting === 0;
  }

  /** Takes nothing back any more; what is under way may end by itself. */
  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  close(): void {
    this.retire();
    this.#refuseWaiters(clusterUnreachable('the way to this cluster was closed'));
    for (const [connection, exchange] of this.#busy) {
      exchange.fail(clusterUnreachable('the way to this cluster was closed'));
      connection.destroy();
    }
  }
}
