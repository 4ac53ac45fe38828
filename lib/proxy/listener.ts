/**
 * The door's own socket: one TLS listener that speaks HTTP/1.1. All that Node can hand us about a connection has a listener here (request,
 * continue, expectation, upgrade, connect, broken head), and each of them either goes to be served or is answered with a Status.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Answer, badHeader, badMessage, badMethod, headTooLarge, tooSlow } from './answers.ts';
import type { Connections, Limits } from './connections.ts';
import { answerRequest, answerSocket } from './status.ts';
import { together } from './together.ts';
import type { Arrival } from './types.ts';

const headMaxBytes = 64 * 1024;
/** Longer than the 90 s for which client-go keeps an idle connection, so that the client is always the one to let go. */
const idleLimitMs = 100_000;

/** No client of Kubernetes asks again before it has its answer; whoever does may not fill the memory with what waits. */
const inLineMax = 64;

export interface Serving {
  request(arrival: Arrival, request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade(arrival: Arrival, socket: Duplex, head: Buffer): Promise<void>;
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export interface ListenerOptions {
  readonly tls: { readonly cert: string; readonly key: string };
  readonly limits: Limits;
  readonly connections: Pick<Connections, 'watch'>;
  readonly serving: Serving;
}

export function createListener({ tls, limits, connections, serving }: ListenerOptions): Server {
  /** What a client asked for on one socket and has no whole answer to, in its order: nothing raw is ever written between their bytes. */
  const lines = new WeakMap<Duplex, Asked[]>();
  const refused = new WeakSet<Duplex>();
  const isBusy = (socket: Duplex) => (lines.get(socket)?.length ?? 0) > 0;
  const serve = together(({ request, response }: Asked) => {
    if (!response.destroyed && request.socket.writable) void serving.request(arrivalOf(request, false), request, response);
  });

  const server = createServer({
    ...tls,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    maxHeaderSize: headMaxBytes,
    handshakeTimeout: limits.handshakeMs,
    headersTimeout: limits.headMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: idleLimitMs,
    connectionsCheckingInterval: Math.min(2_000, limits.headMs / 2),
    // Checked by `receive`, which answers with a Status.
    requireHostHeader: false,
    // Who has said their last word in a tunnel still hears the other side's; plain requests end with their client all the same.
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 15_000,
  });
  // A header left out of rawHeaders would be a header that nobody judged; the size of the head is bound enough.
  server.maxHeadersCount = 0;
  server.timeout = 0;
  connections.watch(server);
  server.on('request', serveRequest);
  server.on('checkContinue', serveRequest);
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    answerRequest(response, badHeader('an expectation other than 100-continue').facts, randomUUID());
    request.resume();
  });
  server.on('upgrade', serveUpgrade);
  server.on('connect', (_request, socket) => answerSocket(socket, badMethod('CONNECT').facts, randomUUID()));
  server.on('clientError', refuseBrokenHead);
  return server;

  /** One after the other on a socket: what stands behind a request that ends its connection is never served. */
  function serveRequest(request: IncomingMessage, response: ServerResponse): void {
    const asked = { request, response };
    const line = lines.get(request.socket) ?? [];
    lines.set(request.socket, line);
    response.once('close', () => {
      const wasFirst = line[0] === asked;
      line.splice(line.indexOf(asked), 1);
      if (wasFirst && line[0]) serve(line[0]);
    });
    if (line.push(asked) === 1) serve(asked);
    else if (line.length > inLineMax) request.socket.destroy();
  }

  function serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const arrival = arrivalOf(request, true);
    socket.on('error', () => {});
    if (isBusy(socket)) socket.destroy();
    else void serving.upgrade(arrival, socket, head);
  }

  /** A body may break after its request was sent on: that is told as long as nothing of another answer stands on the wire. */
  function maySpeak(socket: Duplex): boolean {
    const line = lines.get(socket) ?? [];
    return line.length <= 1 && line.every(({ response }) => !response.headersSent);
  }

  function refuseBrokenHead(error: NodeJS.ErrnoException, socket: Duplex): void {
    // Whatever still comes behind what was refused is broken once more; the answer is on its way.
    if (refused.has(socket)) return;
    refused.add(socket);
    const answer = answerForBroken(error.code ?? '');
    if (answer === null || !socket.writable || !maySpeak(socket)) socket.destroy();
    else answerSocket(socket, answer.facts, randomUUID());
  }
}

/** Null for troubles below HTTP: without a finished handshake, or with a connection that is gone, there is nobody to tell. */
function answerForBroken(code: string): Answer | null {
  if (code === 'HPE_HEADER_OVERFLOW') return headTooLarge();
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return tooSlow();
  return code.startsWith('HPE_') ? badMessage('it breaks the rules of HTTP/1.1') : null;
}

function arrivalOf(request: IncomingMessage, upgrade: boolean): Arrival {
  return {
    id: randomUUID(),
    method: request.method ?? '',
    target: request.url ?? '',
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
    upgrade,
    address: (request.socket as Socket).remoteAddress ?? null,
  };
}
