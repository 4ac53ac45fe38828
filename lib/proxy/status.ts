/**
 * A refusal as Kubernetes says it: a `Status` object, in JSON, which every client reads whatever it asked for (kubectl prints its message).
 * One question is the exception: of an answer to aggregated discovery, kubectl's first, client-go shows plain text and nothing else; there
 * the sentence goes as text, or the person would read "unknown".
 * Written either as an ordinary answer, or, where there is only a socket left (a broken head, CONNECT, an upgrade), byte by byte.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AnswerFacts } from './answers.ts';

export function statusBody({ status, reason, message, code, retryAfterSeconds, about }: AnswerFacts): string {
  const ours = { causes: [{ reason: code, message: code }], ...(retryAfterSeconds ? { retryAfterSeconds } : {}) };
  return `${JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    details: about ? detailsOf(about) : ours,
    code: status,
  })}\n`;
}

/** Names without a value are left out, as Kubernetes leaves them out. */
function detailsOf({ name, group, resource }: NonNullable<AnswerFacts['about']>): object {
  return { ...(name ? { name } : {}), ...(group ? { group } : {}), ...(resource ? { kind: resource } : {}) };
}

function headersOf(facts: AnswerFacts, requestId: string, length: number, contentType = 'application/json'): string[] {
  return [
    'Content-Type',
    contentType,
    'Content-Length',
    String(length),
    'Cache-Control',
    'no-cache, private',
    'X-Content-Type-Options',
    'nosniff',
    'Audit-Id',
    requestId,
    ...(facts.status === 401 ? ['WWW-Authenticate', 'Bearer realm="gatehouse"'] : []),
    ...(facts.retryAfterSeconds ? ['Retry-After', String(facts.retryAfterSeconds)] : []),
    ...(facts.close ? ['Connection', 'close'] : []),
  ];
}

export function answerRequest(response: ServerResponse, facts: AnswerFacts, requestId: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const asText = asksForAggregatedDiscovery(response.req.headers.accept);
  const body = asText ? `${facts.message}\n` : statusBody(facts);
  response.writeHead(facts.status, headersOf(facts, requestId, Buffer.byteLength(body), asText ? 'text/plain; charset=utf-8' : undefined));
  response.end(body);
}

function asksForAggregatedDiscovery(accept: string | undefined): boolean {
  return accept?.includes('as=APIGroupDiscoveryList') === true;
}

const lingerMs = 500;

/**
 * The last thing said on a socket: it ends behind the answer, whatever the client goes on to send. That is thrown away for a moment, because
 * closing over what has not been read resets the connection, and the answer might be lost with it.
 */
export function answerSocket(socket: Duplex, facts: AnswerFacts, requestId: string): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = statusBody(facts);
  const headers = headersOf({ ...facts, close: true }, requestId, Buffer.byteLength(body));
  const lines = [`HTTP/1.1 ${facts.status} ${STATUS_CODES[facts.status] ?? 'Error'}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  socket.on('error', () => {});
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  socket.resume();
}
