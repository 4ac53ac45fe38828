/**
 * One request and its answer on one socket. The listener hears a head, the body's pieces and an end, or an error instead of what is missing;
 * after an abort it hears nothing. A socket is given back only when both sides are whole; everything else destroys it.
 */
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type Answer, asAnswer as asOwnAnswer, clusterBusy, clusterSpokeNonsense, clusterTooSlow, clusterUnreachable } from '../answers.ts';
import { type AnswerHead, headerOf, Malformed } from './answer-head.ts';
import { type AnswerParts, AnswerReader } from './answer-reader.ts';
import type { Entrant } from './bulkhead.ts';
import { bodyFramingOf, type Call, headOfCall, isRepeatable } from './call.ts';
import type { Connection, User } from './connection.ts';
import { Upload, type UploadEvents } from './upload.ts';

export interface AnswerListener {
  /** Asked just before the head goes up, and each piece of the body; whoever says no ends the exchange. */
  mayPass?(): boolean;
  onHead(head: AnswerHead): void;
  onData(piece: Buffer): void;
  onEnd(): void;
  /** Whatever went wrong, before the head or in the middle of the body; nothing comes behind it. */
  onError(answer: Answer): void;
}

export interface SwitchListener extends AnswerListener {
  /** The cluster agreed: the socket is the listener's now, and these bytes came first. */
  onSwitch(head: AnswerHead, socket: TLSSocket, rest: Buffer): void;
}

export interface Exchange {
  /** The listener can take no more for now. */
  pause(): void;
  resume(): void;
  /** Ends it, at whatever point it is; the socket is not used again. */
  abort(): void;
}

/** `firstByte`: the cluster must begin to answer in time. A watch or a followed log may well have nothing to say. */
export type Patience = 'firstByte' | 'endless';

/** A stream as it comes from a client, or a small body that is at hand. */
export type Body = Readable | string | null;

/** Who lends sockets. */
export interface Lender {
  readonly firstByteMs: number;
  lend(borrower: SocketExchange, fresh: boolean): void;
  /** Waits for a socket no more. */
  forget(borrower: SocketExchange): void;
  giveBack(connection: Connection): void;
  answered(): void;
  tooSlow(): void;
  over(exchange: SocketExchange): void;
}

export interface Order {
  readonly call: Call;
  readonly body: Body;
  readonly patience: Patience;
  readonly listener: AnswerListener;
  /** Asks for another protocol. */
  readonly onSwitch?: SwitchListener['onSwitch'];
}

export class SocketExchange implements Exchange, User, AnswerParts, UploadEvents, Entrant {
  readonly counts: boolean;
  /** By when the cluster must have begun to answer. */
  deadline = Number.POSITIVE_INFINITY;
  onSwitch?: (head: AnswerHead, rest: Buffer) => void;
  readonly #order: Order;
  readonly #lender: Lender;
  readonly #requestId: string;
  #connection: Connection | null = null;
  #reader: AnswerReader | null = null;
  #upload: Upload | null = null;
  #mayRepeat: boolean;
  #hasHeard = false;
  #hasAnswered = false;
  #isSent = false;
  #isOver = false;
  #isInside = false;

  constructor(order: Order, lender: Lender) {
    this.#order = order;
    this.#lender = lender;
    this.#mayRepeat = isRepeatable(order.call, order.body) && !order.onSwitch;
    this.#requestId = headerOf(order.call.headers, 'audit-id');
    this.counts = order.patience === 'firstByte';
    if (order.onSwitch) this.onSwitch = this.#switch;
  }

  /** Holds one of the places that its cluster has at this door. */
  get isInside(): boolean {
    return this.#isInside;
  }

  // What the listener may do.

  pause(): void {
    this.#connection?.socket.pause();
  }

  resume(): void {
    this.#connection?.socket.resume();
  }

  abort(): void {
    if (this.#isOver) return;
    this.#close();
  }

  // The way to a socket.

  enter(): void {
    this.#isInside = true;
    this.#lender.lend(this, this.#order.onSwitch !== undefined);
  }

  refuse(): void {
    this.fail(clusterBusy());
  }

  fail(answer: Answer): void {
    if (this.#isOver) return;
    this.#close();
    this.#order.listener.onError(answer);
  }

  begin(connection: Connection): void {
    const { call, body } = this.#order;
    const { socket } = connection;
    this.#connection = connection;
    this.#reader = new AnswerReader(call.method, this);
    connection.user = this;
    try {
      this.#begin(headOfCall(call), body, socket);
    } catch (error) {
      this.fail(asAnswer(error));
    }
  }

  #begin(head: string, body: Body, socket: TLSSocket): void {
    if (!this.mayPass()) return;
    if (body === null || typeof body === 'string') {
      if (typeof body === 'string') socket.cork();
      socket.write(head, 'latin1');
      if (typeof body === 'string') {
        socket.write(body, 'utf8');
        socket.uncork();
      }
      this.onWhole();
      return;
    }
    // The first bytes of the body are at hand by now more often than not, and go out with the head.
    socket.cork();
    socket.write(head, 'latin1');
    this.#upload = new Upload(body, bodyFramingOf(this.#order.call), this);
    this.#expectAnswer();
    process.nextTick(() => socket.uncork());
  }

  // The request on its way up.

  mayPass(): boolean {
    return this.#order.listener.mayPass?.() ?? true;
  }

  write(bytes: Buffer | string): boolean {
    this.#expectAnswer();
    return typeof bytes === 'string'
      ? (this.#connection?.socket.write(bytes, 'latin1') ?? false)
      : (this.#connection?.socket.write(bytes) ?? false);
  }

  cork(): void {
    this.#connection?.socket.cork();
  }

  uncork(): void {
    this.#connection?.socket.uncork();
  }

  onDrain(): void {
    this.#upload?.onDrain();
  }

  onWhole(): void {
    this.#isSent = true;
    this.#upload = null;
    this.#expectAnswer();
  }

  onBroken(): void {
    this.fail(clusterUnreachable('the client broke its request off'));
  }

  /** Counted from the last thing said to the cluster: a slow upload is the client's own affair. */
  #expectAnswer(): void {
    if (this.counts && !this.#hasAnswered) this.deadline = performance.now() + this.#lender.firstByteMs;
  }

  tooSlow(): void {
    this.#lender.tooSlow();
    this.fail(clusterTooSlow());
  }

  // The answer on its way down.

  onBytes(bytes: Buffer): void {
    this.#hasHeard = true;
    try {
      this.#reader?.push(bytes);
    } catch (error) {
      this.fail(asAnswer(error));
      return;
    }
    if (this.#reader?.over && !this.#isOver) this.#finish();
  }

  onHead(head: AnswerHead): void {
    if (this.#isOver) return;
    this.#hasAnswered = true;
    this.deadline = Number.POSITIVE_INFINITY;
    requireOwnAnswer(head, this.#requestId);
    this.#lender.answered();
    this.#order.listener.onHead(head);
  }

  onData(piece: Buffer): void {
    if (!this.#isOver) this.#order.listener.onData(piece);
  }

  #switch = (head: AnswerHead, rest: Buffer): void => {
    const connection = this.#connection;
    if (!connection || this.#isOver) return;
    requireAgreement(head, this.#order.call);
    this.#lender.answered();
    this.#connection = null;
    const socket = connection.handOver();
    this.#close();
    this.#order.onSwitch?.(head, socket, rest);
  };

  #finish(): void {
    const connection = this.#connection;
    // Whatever stood behind a refused upgrade was meant for another protocol, so its socket carries nothing more.
    const isGood = this.#isSent && !this.onSwitch && this.#reader?.leavesSocketGood === true && connection?.isClean === true;
    if (isGood && connection) {
      this.#connection = null;
      connection.user = null;
      this.#close();
      // A slow listener may have paused it at the last piece.
      connection.socket.resume();
      this.#giveBack(connection);
    } else this.#close();
    this.#order.listener.onEnd();
  }

  /**
   * The system may tell us a turn later that it took our last byte. An answer to a head alone proves that the head has arrived; one to a body
   * may have come before the body's end, which would then stand in the socket's way.
   */
  #giveBack(connection: Connection): void {
    if (this.#order.body === null || connection.hasSentAll) this.#lender.giveBack(connection);
    else
      setImmediate(() => {
        if (connection.hasSentAll && connection.isClean) this.#lender.giveBack(connection);
        else connection.destroy();
      });
  }

  onEof(): void {
    if (this.#reader?.eof()) {
      this.#finish();
      return;
    }
    this.#connection?.destroy();
    this.onGone('it hung up');
  }

  onGone(why: string): void {
    if (this.#isOver) return;
    const wasKept = (this.#connection?.uses ?? 0) > 0;
    if (this.#mayRepeat && wasKept && !this.#hasHeard) {
      this.#mayRepeat = false;
      this.#connection = null;
      this.#reader = null;
      this.#lender.lend(this, true);
      return;
    }
    this.fail(clusterUnreachable(why));
  }

  #close(): void {
    this.#isOver = true;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#upload?.stop();
    this.#upload = null;
    if (this.#connection) this.#connection.destroy();
    else this.#lender.forget(this);
    this.#connection = null;
    this.#lender.over(this);
  }
}

/** We send an id with every request and the API server repeats it: an answer to another request is not this one's, whatever it says. */
export function requireOwnAnswer({ rawHeaders }: AnswerHead, requestId: string): void {
  if (requestId === '' || headerOf(rawHeaders, 'audit-id') === '') return;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.length === 8 && rawHeaders[i + 1] === requestId && rawHeaders[i]?.toLowerCase() === 'audit-id') return;
  throw new Malformed('the answer to another request');
}

function requireAgreement({ rawHeaders }: AnswerHead, { headers }: Call): void {
  const asked = headerOf(headers, 'upgrade').toLowerCase();
  const isUpgrade = headerOf(rawHeaders, 'connection')
    .toLowerCase()
    .split(',')
    .some((option) => option.trim() === 'upgrade');
  if (!isUpgrade || headerOf(rawHeaders, 'upgrade').toLowerCase() !== asked) throw new Malformed('another protocol than was asked for');
}

function asAnswer(error: unknown): Answer {
  if (error instanceof Malformed) return clusterSpokeNonsense(error.message);
  return asOwnAnswer(error);
}
