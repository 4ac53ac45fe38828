/**
 * Upgrades: exec, attach, cp and port-forward, as SPDY/3.1 or WebSocket, byte for byte both ways once the cluster has agreed. Nothing that
 * stands behind the client's upgrade goes upstream before the 101; a refusal is relayed with its body, and then both sockets end, so that no
 * authenticated pipe is ever left over. A cut comes at a frame boundary with a close that says why; inside a frame the socket is broken off.
 * A command over SPDY whose cluster is gone ends with a failure of ours: kubectl would report success, the rest of the output missing.
 */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { answerHeaders, switchHeaders } from './answer-headers.ts';
import { followSpdy, followWebSocket, type SpdyFollower, spdyFailure, spdyGoAway, webSocketClose } from './boundaries.ts';
import { answerForCut, sentenceForCut } from './cut-answers.ts';
import type { Desk } from './desk.ts';
import type { Live } from './forward.ts';
import { refusalOfOurs, refusedByHead } from './judge-answer.ts';
import { type Look, lookForOwnRefusal } from './own-refusal.ts';
import { answerSocket } from './status.ts';
import type { CutReason, Stream } from './streams.ts';
import { type AnswerHead, type Exchange, headerOf, type Upstreams } from './upstream.ts';

const lastWordsMs = 250;
const lostEnd = 'The connection to the cluster broke before it said how the command ended.';
/** After a client has said its last word, for as long as the cluster still answers at least this often. */
const halfClosedMs = 1_000;
const policyViolation = 1008;
const goingAway = 1001;
/** What a client may say before the cluster has agreed; the rest waits in its socket. */
const earlyBytesMax = 64 * 1_024;

export function tunnel(
  live: Live,
  socket: Duplex,
  head: Buffer,
  { upstreams, desk, endCut }: { upstreams: Upstreams; desk: Desk; endCut(stream: Stream): void },
): Promise<{ status: number }> {
  const { stream } = live;
  return new Promise((resolve, reject) => {
    const early = gatherEarly(socket, head);
    /** A refusal of the upgrade on its way to the client. */
    let refused: { readonly head: AnswerHead; look: Look | null } | null = null;

    function relay(): void {
      if (!refused?.look) return;
      const { look } = refused;
      refused.look = null;
      const ours = refused.head.status === 403 ? look.tell() : null;
      if (ours === null) {
        socket.write(headOf(refused.head, [...answerHeaders(refused.head.rawHeaders), 'Connection', 'close']), 'latin1');
        pass(look.seen());
        return;
      }
      refused = null;
      exchange.abort();
      reject(refusalOfOurs(live, ours, desk));
    }

    function pass(piece: Buffer): void {
      if (piece.length === 0 || socket.write(piece)) return;
      exchange.pause();
      socket.once('drain', () => exchange.resume());
    }

    const exchange: Exchange = upstreams.upgrade(live.cluster, live.call, {
      mayPass() {
        if (!desk.gate.leaseIsGood()) endCut(stream);
        return stream.cutFor === null;
      },
      onSwitch(answer, upstream, rest) {
        if (!desk.gate.leaseIsGood()) endCut(stream);
        if (stream.cutFor !== null || socket.destroyed) {
          upstream.destroy();
          resolve({ status: 0 });
          return;
        }
        socket.write(headOf(answer, switchHeaders(answer.rawHeaders)), 'latin1');
        const saysItsEnd = isCommand(stream) && /^v[4-9]\./.test(headerOf(answer.rawHeaders, 'x-stream-protocol-version'));
        const far = { socket: upstream, head: rest, saysItsEnd };
        joined(live, { socket, head: early.take() }, far, desk, endCut).then(() => resolve({ status: 101 }), reject);
      },
      onHead(answer) {
        const refusal = refusedByHead(answer, live, desk);
        if (refusal !== null) {
          exchange.abort();
          reject(refusal);
          return;
        }
        refused = { head: answer, look: lookForOwnRefusal(answer) };
        if (answer.status !== 403) relay();
      },
      onData(piece) {
        if (refused?.look === null) pass(piece);
        else if (refused?.look.see(piece)) relay();
      },
      onEnd() {
        relay();
        if (refused) socket.end(() => socket.destroy());
      },
      onError(answer) {
        if (refused?.look === null) socket.destroy();
        else reject(answer);
      },
    });

    stream.onCut((reason) => {
      exchange.abort();
      if (refused?.look === null) socket.destroy();
      else answerSocket(socket, answerForCut(reason).facts, live.arrival.id);
    });
    // Whoever has said their last word before the cluster's first is gone.
    early.onEnd(() => socket.destroy());
    socket.once('close', () => {
      exchange.abort();
      resolve({ status: refused?.head.status ?? 0 });
    });
  });
}

/** Listens to a client that waits, so that its going away is noticed; what it says is kept for later. */
function gatherEarly(socket: Duplex, head: Buffer) {
  const pieces = [head];
  let bytes = head.length;
  let atEnd = () => {};
  const gather = (piece: Buffer) => {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= earlyBytesMax) socket.pause();
  };
  const end = () => atEnd();
  socket.on('data', gather);
  socket.once('end', end);
  return {
    onEnd(act: () => void) {
      atEnd = act;
    },
    take(): Buffer {
      socket.off('data', gather);
      socket.off('end', end);
      return Buffer.concat(pieces);
    },
  };
}

interface Side {
  readonly socket: Duplex;
  /** What it has said already. */
  readonly head: Buffer;
}

function joined(
  live: Live,
  { socket, head }: Side,
  { socket: upstream, head: upstreamHead, saysItsEnd }: Side & { readonly saysItsEnd: boolean },
  desk: Desk,
  endCut: (stream: Stream) => void,
): Promise<void> {
  const { stream } = live;
  const isWebSocket = live.headers.upgrade === 'websocket';
  const spdy: SpdyFollower | null = isWebSocket ? null : followSpdy();
  const follower = spdy ?? followWebSocket();
  stream.onCut((reason) => {
    upstream.destroy();
    const silent = socket.destroyed || socket.writableLength > 0 || !follower.atBoundary();
    if (silent) socket.destroy();
    else sayLastWords(socket, isWebSocket ? closeFrame(reason) : spdyEnd(stream, reason));
  });

  let lastWait: NodeJS.Timeout | null = null;

  const down = (chunk: Buffer) => {
    if (stream.cutFor !== null) return;
    if (!desk.gate.leaseIsGood()) {
      endCut(stream);
      return;
    }
    follower.push(chunk);
    lastWait?.refresh();
    if (!socket.write(chunk)) {
      upstream.pause();
      socket.once('drain', () => upstream.resume());
    }
  };
  const up = (chunk: Buffer) => {
    if (!desk.gate.leaseIsGood()) endCut(stream);
    if (stream.cutFor !== null || upstream.destroyed) return;
    if (!upstream.write(chunk)) {
      socket.pause();
      upstream.once('drain', () => socket.resume());
    }
  };

  for (const side of [socket, upstream]) {
    (side as TLSSocket).setTimeout?.(0);
    (side as TLSSocket).setNoDelay?.(true);
    (side as TLSSocket).setKeepAlive?.(true, 15_000);
  }
  if (upstreamHead.length > 0) down(upstreamHead);
  if (head.length > 0) up(head);
  upstream.on('data', down);
  socket.on('data', up);
  socket.resume();
  /** A command's end that the cluster owed, and that can still be said. */
  const lostItsEnd = () =>
    saysItsEnd && spdy !== null && !spdy.hasSaidItsEnd() && spdy.atBoundary() && stream.cutFor === null && !socket.writableEnded;
  upstream.once('end', () => {
    if (lostItsEnd()) socket.write(spdyLost());
    socket.end();
  });
  socket.once('end', () => {
    upstream.end();
    lastWait = setTimeout(() => upstream.destroy(), halfClosedMs);
  });
  upstream.on('error', () => {
    if (lostItsEnd()) sayLastWords(socket, spdyLost());
    else socket.destroy();
  });
  socket.on('error', () => upstream.destroy());

  return new Promise((resolve) => {
    upstream.once('close', () => {
      // A cut says its last words by itself.
      if (stream.cutFor === null) socket.end(() => socket.destroy());
    });
    socket.once('close', () => {
      if (lastWait) clearTimeout(lastWait);
      upstream.destroy();
      resolve();
    });
  });
}

function headOf({ status, reason }: AnswerHead, headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} ${reason || (STATUS_CODES[status] ?? '')}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function closeFrame(reason: CutReason): Buffer {
  return webSocketClose(reason === 'stopping' ? goingAway : policyViolation, sentenceForCut(reason));
}

function isCommand({ kind }: Stream): boolean {
  return kind === 'exec' || kind === 'attach';
}

function spdyEnd(stream: Stream, reason: CutReason): Buffer {
  return isCommand(stream) ? Buffer.concat([spdyFailure(sentenceForCut(reason)), spdyGoAway()]) : spdyGoAway();
}

function spdyLost(): Buffer {
  return Buffer.concat([spdyFailure(lostEnd, { reason: 'InternalError', code: 500 }), spdyGoAway()]);
}

function sayLastWords(socket: Duplex, words: Buffer): void {
  const timer = setTimeout(() => socket.destroy(), lastWordsMs);
  socket.once('close', () => clearTimeout(timer));
  socket.end(words, () => socket.destroy());
}
