/**
 * Upgrades: exec, attach, cp and port-forward, as SPDY/3.1 or WebSocket, byte for byte both ways once the cluster has agreed. Nothing that
 * stands behind the client's upgrade goes upstream before the 101; a refusal is relayed with its body, and then both sockets end, so that no
 * authenticated pipe is ever left over. A cut comes at a frame boundary with a close that says why; inside a frame the socket is broken off.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { answerHeaders, switchHeaders } from './answer-headers.ts';
import { clusterCredentialInvalid, clusterRedirected } from './answers.ts';
import { followSpdy, followWebSocket, spdyFailure, spdyGoAway, webSocketClose } from './boundaries.ts';
import { answerForCut, sentenceForCut } from './cut-answers.ts';
import type { Desk } from './desk.ts';
import { type Live, refusalOfOurs } from './forward.ts';
import { lookForOwnRefusal } from './own-refusal.ts';
import { answerSocket } from './status.ts';
import type { CutReason, Stream } from './streams.ts';
import type { Upstreams } from './upstream.ts';

const lastWordsMs = 250;
const policyViolation = 1008;
const goingAway = 1001;

export async function tunnel(
  live: Live,
  socket: Duplex,
  head: Buffer,
  { upstreams, desk, endCut }: { upstreams: Upstreams; desk: Desk; endCut(stream: Stream): void },
): Promise<{ status: number }> {
  const { stream } = live;
  const tunnelling = upstreams.upgrade(live.cluster, live.call);
  tunnelling.answer.catch(() => {});
  stream.onCut((reason) => {
    tunnelling.abort();
    answerSocket(socket, answerForCut(reason).facts, live.arrival.id);
  });
  socket.once('close', () => tunnelling.abort());

  const opened = await tunnelling.answer;
  if (stream.cutFor !== null || socket.destroyed) {
    if (opened.switched) opened.socket.destroy();
    else opened.answer.destroy();
    return { status: 0 };
  }
  if (!opened.switched) return relayRefusal(live, opened.answer, socket, desk, () => tunnelling.abort());

  const upstream = opened.socket;
  socket.write(headOf(opened.answer, switchHeaders(opened.answer.rawHeaders)));
  await joined(live, socket, head, upstream, opened.head, desk, endCut);
  return { status: 101 };
}

function joined(
  live: Live,
  socket: Duplex,
  head: Buffer,
  upstream: Duplex,
  upstreamHead: Buffer,
  desk: Desk,
  endCut: (stream: Stream) => void,
): Promise<void> {
  const { stream } = live;
  const isWebSocket = live.headers.upgrade === 'websocket';
  const follower = isWebSocket ? followWebSocket() : followSpdy();
  stream.onCut((reason) => {
    upstream.destroy();
    const silent = socket.destroyed || socket.writableLength > 0 || !follower.atBoundary();
    if (silent) socket.destroy();
    else sayLastWords(socket, isWebSocket ? closeFrame(reason) : spdyEnd(stream, reason));
  });

  const down = (chunk: Buffer) => {
    if (stream.cutFor !== null) return;
    if (!desk.gate.leaseIsGood()) {
      endCut(stream);
      return;
    }
    follower.push(chunk);
    if (!socket.write(chunk)) {
      upstream.pause();
      socket.once('drain', () => upstream.resume());
    }
  };
  const up = (chunk: Buffer) => {
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
  upstream.once('end', () => socket.end());
  socket.once('end', () => upstream.end());
  upstream.on('error', () => socket.destroy());
  socket.on('error', () => upstream.destroy());

  return new Promise((resolve) => {
    upstream.once('close', () => {
      // A cut says its last words by itself.
      if (stream.cutFor === null) socket.end(() => socket.destroy());
    });
    socket.once('close', () => {
      upstream.destroy();
      resolve();
    });
  });
}

async function relayRefusal(
  live: Live,
  answer: IncomingMessage,
  socket: Duplex,
  desk: Desk,
  abort: () => void,
): Promise<{ status: number }> {
  const status = answer.statusCode ?? 502;
  if (status >= 300 && status < 400) {
    abort();
    throw clusterRedirected();
  }
  if (status === 401) {
    abort();
    desk.doorCredentials.forget(live.cluster.id);
    throw clusterCredentialInvalid('the cluster answered 401 to our own token');
  }
  const looked = status === 403 ? await lookForOwnRefusal(answer) : { refused: null, body: answer };
  if (looked.refused !== null) {
    abort();
    throw refusalOfOurs(live, looked.refused, desk);
  }
  socket.write(headOf(answer, [...answerHeaders(answer.rawHeaders), 'Connection', 'close']));
  await new Promise<void>((resolve) => {
    looked.body.on('data', (chunk: Buffer) => socket.write(chunk));
    looked.body.once('end', () => socket.end(() => socket.destroy()));
    looked.body.on('error', () => socket.destroy());
    socket.once('close', () => {
      abort();
      resolve();
    });
  });
  return { status };
}

function headOf(answer: IncomingMessage, headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ''}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function closeFrame(reason: CutReason): Buffer {
  return webSocketClose(reason === 'stopping' ? goingAway : policyViolation, sentenceForCut(reason));
}

function spdyEnd({ kind }: Stream, reason: CutReason): Buffer {
  const isCommand = kind === 'exec' || kind === 'attach';
  return isCommand ? Buffer.concat([spdyFailure(sentenceForCut(reason)), spdyGoAway()]) : spdyGoAway();
}

function sayLastWords(socket: Duplex, words: Buffer): void {
  const timer = setTimeout(() => socket.destroy(), lastWordsMs);
  socket.once('close', () => clearTimeout(timer));
  socket.end(words, () => socket.destroy());
}
