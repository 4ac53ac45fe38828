/**
 * Long reads without a body, watches and followed logs, as streams of a few HTTP/2 connections: a socket and its TLS for each would cost twice
 * the memory. A cut resets its own stream and nothing else; a connection that breaks takes its streams along as breaks, never as ends. Where
 * the cluster speaks no HTTP/2, and for heads too large for it, a socket of the pool serves.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, sensitiveHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { type Answer, asAnswer, clusterDown, clusterSpokeNonsense, clusterUnreachable } from '../answers.ts';
import type { AnswerHead } from './answer-head.ts';
import type { Call } from './call.ts';
import { headOfCall } from './call.ts';
import { type AnswerListener, type Exchange, requireOwnAnswer, SocketExchange } from './exchange.ts';
import type { Pool } from './pool.ts';

/** API servers allow 100, of which ours is not to be the last. */
const streamsPerSessionMax = 90;
const windowBytes = 64 * 1_024;
/** So many slow readers fill their own windows and still leave room for everybody else's bytes on the connection. */
const sessionWindowBytes = (streamsPerSessionMax + 10) * windowBytes;
const sessionMemoryMegabytes = 64;
/** Node's encoder gives up above some 130 KB. */
const headBytesMax = 32 * 1_024;
const spokeOtherwiseForMs = 10 * 60_000;
/** Of the connection, or said otherwise in HTTP/2. */
const ofTheConnection = new Set(['connection', 'host', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade']);

interface Session {
  readonly http2: ClientHttp2Session;
  readonly streams: Set<StreamExchange>;
  /** Takes no new streams. */
  isEnding: boolean;
  idleSince: number;
  lastPing: number;
  pingAnsweredBy: number;
}

export class Streams {
  readonly #pool: Pool;
  readonly #sessions = new Set<Session>();
  #waiting: StreamExchange[] = [];
  #dialling = 0;
  #plainUntil = Number.NEGATIVE_INFINITY;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  get open(): number {
    let count = 0;
    for (const { streams } of this.#sessions) count += streams.size;
    return count;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get connections(): number {
    return this.#sessions.size;
  }

  get isEmpty(): boolean {
    return this.#sessions.size + this.#waiting.length + this.#dialling === 0;
  }

  follow(call: Call, listener: AnswerListener): Exchange {
    const exchange = new StreamExchange(call, listener, this);
    this.place(exchange);
    return exchange;
  }

  place(exchange: StreamExchange): void {
    if (performance.now() < this.#plainUntil || exchange.isLarge) {
      this.#plainly(exchange);
      return;
    }
    for (const session of this.#sessions) {
      if (!hasRoom(session)) continue;
      this.#begin(session, exchange);
      return;
    }
    if (!this.#pool.breaker.admits()) {
      exchange.fail(clusterDown());
      return;
    }
    this.#waiting.push(exchange);
    this.#dialEnough();
  }

  forget(exchange: StreamExchange): void {
    const at = this.#waiting.indexOf(exchange);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  answered(): void {
    this.#pool.answered();
  }

  tick(now: number): void {
    const { idleMs, pingEveryMs, pingLimitMs } = this.#pool.limits;
    for (const session of this.#sessions) {
      if (session.streams.size === 0 && session.idleSince + idleMs <= now) session.http2.destroy();
      else if (session.pingAnsweredBy <= now) session.http2.destroy(new Error('no answer to a ping'), constants.NGHTTP2_CANCEL);
      else if (session.pingAnsweredBy === Number.POSITIVE_INFINITY && session.lastPing + pingEveryMs <= now)
        ping(session, now, pingLimitMs);
    }
  }

  close(): void {
    for (const exchange of [...this.#waiting]) exchange.fail(clusterUnreachable('the way to this cluster was closed'));
    for (const { http2, streams } of this.#sessions) {
      for (const exchange of [...streams]) exchange.fail(clusterUnreachable('the way to this cluster was closed'));
      http2.destroy();
    }
  }

  #dialEnough(): void {
    while (this.#dialling * streamsPerSessionMax < this.#waiting.length) {
      this.#dialling += 1;
      this.#pool.dial(
        ['h2', 'http/1.1'],
        (socket) => {
          this.#dialling -= 1;
          if (socket.alpnProtocol === 'h2') this.#enlist(socket);
          else this.#learnPlain(socket);
        },
        (answer) => {
          this.#dialling -= 1;
          this.#pool.breaker.failed();
          for (const exchange of this.#waiting.splice(0, streamsPerSessionMax)) exchange.fail(answer);
          this.#dialEnough();
        },
      );
    }
  }

  #learnPlain(socket: TLSSocket): void {
    this.#plainUntil = performance.now() + spokeOtherwiseForMs;
    this.#pool.adopt(socket);
    for (const exchange of this.#waiting.splice(0)) this.#plainly(exchange);
  }

  #plainly(exchange: StreamExchange): void {
    exchange.goPlain(this.#pool);
  }

  #enlist(socket: TLSSocket): void {
    const now = performance.now();
    const http2 = connect('https://cluster', {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: windowBytes },
      maxSessionMemory: sessionMemoryMegabytes,
    });
    const session: Session = {
      http2,
      streams: new Set(),
      isEnding: false,
      idleSince: now,
      lastPing: now,
      pingAnsweredBy: Number.POSITIVE_INFINITY,
    };
    this.#sessions.add(session);
    http2.once('connect', () => http2.setLocalWindowSize(sessionWindowBytes));
    http2.on('goaway', () => {
      session.isEnding = true;
    });
    // Its streams hear of it, each for itself.
    http2.on('error', () => {});
    http2.once('close', () => {
      session.isEnding = true;
      this.#sessions.delete(session);
    });
    while (this.#waiting.length > 0 && hasRoom(session)) {
      const exchange = this.#waiting.shift();
      if (exchange) this.#begin(session, exchange);
    }
    this.#dialEnough();
  }

  #begin(session: Session, exchange: StreamExchange): void {
    session.streams.add(exchange);
    exchange.begin(session.http2, () => {
      session.streams.delete(exchange);
      session.idleSince = performance.now();
    });
  }
}

function hasRoom({ http2, streams, isEnding }: Session): boolean {
  if (isEnding || http2.destroyed || http2.closed) return false;
  const allowed = http2.remoteSettings?.maxConcurrentStreams ?? streamsPerSessionMax;
  return streams.size < Math.min(allowed, streamsPerSessionMax);
}

function ping(session: Session, now: number, limitMs: number): void {
  session.lastPing = now;
  session.pingAnsweredBy = now + limitMs;
  const sent = session.http2.ping((error) => {
    if (!error) session.pingAnsweredBy = Number.POSITIVE_INFINITY;
  });
  if (!sent) session.pingAnsweredBy = Number.POSITIVE_INFINITY;
}

class StreamExchange implements Exchange {
  readonly isLarge: boolean;
  readonly #call: Call;
  readonly #listener: AnswerListener;
  readonly #streams: Streams;
  readonly #requestId: string;
  #plain: SocketExchange | null = null;
  #stream: ClientHttp2Stream | null = null;
  #leave: (() => void) | null = null;
  #mayRepeat = true;
  #hasAnswered = false;
  #isOver = false;

  constructor(call: Call, listener: AnswerListener, streams: Streams) {
    this.#call = call;
    this.#listener = listener;
    this.#streams = streams;
    this.#requestId = requestIdOf(call);
    this.isLarge = call.headers.reduce((bytes, part) => bytes + part.length, call.path.length) > headBytesMax;
  }

  pause(): void {
    if (this.#plain) this.#plain.pause();
    else this.#stream?.pause();
  }

  resume(): void {
    if (this.#plain) this.#plain.resume();
    else this.#stream?.resume();
  }

  abort(): void {
    if (this.#plain) this.#plain.abort();
    else if (!this.#isOver) this.#close();
  }

  fail(answer: Answer): void {
    if (this.#isOver) return;
    this.#close();
    this.#listener.onError(answer);
  }

  goPlain(pool: Pool): void {
    if (this.#isOver) return;
    this.#plain = new SocketExchange({ call: this.#call, body: null, patience: 'endless', listener: this.#listener }, pool);
    pool.send(this.#plain);
  }

  begin(http2: ClientHttp2Session, leave: () => void): void {
    this.#leave = leave;
    const isFirstOfSession = http2.connecting;
    try {
      const stream = http2.request(headersOf(this.#call), { endStream: true });
      this.#stream = stream;
      stream.on('response', (_headers, _flags, rawHeaders: string[]) => {
        this.#guarded(() => this.#onHead(rawHeaders));
        // Listened for only now: Node tells of the head a tick late, and a body that came with it would overtake it.
        stream.on('data', (piece: Buffer) => {
          if (!this.#isOver) this.#guarded(() => this.#listener.onData(piece));
        });
      });
      stream.on('end', () => {
        if (!this.#isOver && this.#hasAnswered && endedWhole(stream)) this.#finish();
      });
      let why = 'the stream broke off';
      stream.on('error', (error: NodeJS.ErrnoException) => {
        why = error.code ?? error.message;
      });
      stream.once('close', () => this.#onGone(why, stream.rstCode ?? 0, isFirstOfSession));
    } catch (error) {
      this.fail(asAnswer(error));
    }
  }

  #onHead(rawHeaders: readonly string[]): void {
    if (this.#isOver) return;
    this.#hasAnswered = true;
    const head = headOf(rawHeaders);
    requireOwnAnswer(head, this.#requestId);
    this.#streams.answered();
    this.#listener.onHead(head);
  }

  #onGone(why: string, code: number, isFirstOfSession: boolean): void {
    if (this.#isOver) return;
    const wasNeverRead = code === constants.NGHTTP2_REFUSED_STREAM || !isFirstOfSession;
    if (this.#mayRepeat && !this.#hasAnswered && wasNeverRead) {
      this.#mayRepeat = false;
      this.#leave?.();
      this.#stream = null;
      this.#streams.place(this);
      return;
    }
    this.fail(clusterUnreachable(why));
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error instanceof Error && error.name === 'Malformed' ? clusterSpokeNonsense(error.message) : asAnswer(error));
    }
  }

  #finish(): void {
    this.#isOver = true;
    this.#leave?.();
    this.#listener.onEnd();
  }

  #close(): void {
    this.#isOver = true;
    this.#streams.forget(this);
    this.#leave?.();
    this.#stream?.close(constants.NGHTTP2_CANCEL);
    this.#stream?.destroy();
  }
}

/** An end that the cluster said, and not a reset without a reason, which Node tells as an end too. */
function endedWhole(stream: ClientHttp2Stream): boolean {
  return (stream.rstCode ?? 0) === constants.NGHTTP2_NO_ERROR && stream.state.remoteClose !== 1;
}

function requestIdOf({ headers }: Call): string {
  const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'audit-id');
  return at === -1 ? '' : (headers[at + 1] ?? '');
}

function headersOf(call: Call): string[] {
  // Holds every part to the same rules as on a socket.
  headOfCall(call);
  const lines: string[] = [];
  let authority = '';
  for (let i = 0; i < call.headers.length; i += 2) {
    const name = (call.headers[i] ?? '').toLowerCase();
    const value = call.headers[i + 1] ?? '';
    if (name === 'host') authority = value;
    if (!ofTheConnection.has(name)) lines.push(name, value);
  }
  const headers = [':method', call.method, ':scheme', 'https', ':authority', authority, ':path', call.path, ...lines];
  return Object.assign(headers, { [sensitiveHeaders]: ['authorization'] });
}

function headOf(raw: readonly string[]): AnswerHead {
  const rawHeaders: string[] = [];
  let status = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (name === ':status') status = Number(raw[i + 1]);
    else rawHeaders.push(name, raw[i + 1] ?? '');
  }
  return { status, reason: '', rawHeaders, framing: { kind: 'chunked' }, keepAlive: true };
}
