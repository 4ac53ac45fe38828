/**
 * The portal's front: what every connection meets before Next sees it. It refuses what a framework could read in two ways, takes away what
 * only we may say (our own headers, forwarded-for and framework-internal ones), and puts the security headers on every answer.
 *
 * It is not an authorization layer: each operation gates itself. Upgrades, CONNECT and TRACE end here; the portal has no use for them.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressHeader, pathHeader, requestIdHeader } from './headers.ts';

export type FrontOptions = {
  /** Next's request handler. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<unknown>;
  readonly portalUrl: string;
  /** Addresses or CIDRs of reverse proxies whose X-Forwarded-For we believe. */
  readonly trustedProxies: readonly string[];
};

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const urlLimit = 8 * 1024;
const bodyLimitBytes = 1024 * 1024;

/** Headers whose only honest author is us or the framework itself. */
const takenAway = [
  /^x-middleware-/,
  /^x-gatehouse-(?!request$)/,
  /^x-forwarded-/,
  /^x-original-/,
  /^x-rewrite-/,
  /^x-invoke-/,
  /^x-matched-path$/,
  /^x-now-/,
  /^x-vercel-/,
  /^forwarded$/,
  /^next-action$/,
  /^x-nonce$/,
  /^x-request-id$/,
  /^content-security-policy/,
];

export function createPortalServer({ handle, portalUrl, trustedProxies }: FrontOptions): Server {
  const trusted = addressList(trustedProxies);
  const server = createServer({ maxHeaderSize: 32 * 1024, headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 10_000 });
  server.maxRequestsPerSocket = 1000;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const refusal = whyRefused(request);
    if (refusal) return refuse(response, refusal);
    const address = addressOf(request, trusted);
    for (const name of Object.keys(request.headers)) if (takenAway.some((pattern) => pattern.test(name))) delete request.headers[name];
    const requestId = randomBytes(9).toString('base64url');
    const nonce = randomBytes(16).toString('base64');
    const policy = contentSecurityPolicy(nonce, portalUrl.startsWith('https://'));
    // Next finds the nonce for its own scripts in the request's policy header, pages find it in x-nonce.
    Object.assign(request.headers, {
      [requestIdHeader]: requestId,
      [pathHeader]: request.url,
      'content-security-policy': policy,
      'x-nonce': nonce,
    });
    if (address) request.headers[addressHeader] = address;
    setSecurityHeaders(response, { policy, requestId, secure: portalUrl.startsWith('https://'), url: request.url ?? '/' });
    handle(request, response).catch(() => {
      if (!response.headersSent) refuse(response, { status: 500, text: 'Something went wrong on our side. Try again.' });
      else response.destroy();
    });
  });
  for (const event of ['upgrade', 'connect'] as const)
    server.on(event, (_request: IncomingMessage, socket: Duplex) => refuseSocket(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    refuseSocket(socket, error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request');
  });
  return server;
}

type RefusedBecause = { readonly status: number; readonly text: string };

function whyRefused(request: IncomingMessage): RefusedBecause | null {
  const url = request.url ?? '';
  const bad = (text: string): RefusedBecause => ({ status: 400, text });
  if (!methods.has(request.method ?? '')) return { status: 405, text: 'This method is not known here.' };
  if (url.length > urlLimit) return { status: 414, text: 'The address is too long.' };
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(url) || /[#\\]/.test(url)) return bad('The address is not one path of this portal.');
  if (/%(00|5c)/i.test(url.split('?')[0] ?? '')) return bad('The address is not one path of this portal.');
  if (isDoubled(request, 'host') || isDoubled(request, 'authorization') || isDoubled(request, 'content-length'))
    return bad('A header is given twice.');
  const encoding = request.headers['transfer-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') return bad('This transfer encoding is not known here.');
  if (request.headers.upgrade !== undefined) return bad('The portal upgrades no connection.');
  if (Number(request.headers['content-length'] ?? 0) > bodyLimitBytes)
    return { status: 413, text: 'The body is larger than 1 MiB, which is the limit here.' };
  // Pages only show; what changes something goes to the API. So no path can wake a framework's own action machinery.
  if (!['GET', 'HEAD'].includes(request.method ?? '') && !url.startsWith('/api/')) return { status: 405, text: 'Pages can only be read.' };
  return null;
}

function isDoubled({ rawHeaders }: IncomingMessage, name: string): boolean {
  let seen = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) if (rawHeaders[index]?.toLowerCase() === name) seen += 1;
  return seen > 1;
}

function refuse(response: ServerResponse, { status, text }: RefusedBecause): void {
  const code = status === 500 ? 'internal.unexpected' : 'api.refused-at-the-front';
  const requestId = String(response.getHeader('x-request-id') ?? randomBytes(9).toString('base64url'));
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  });
  response.end(JSON.stringify({ error: { code, message: text, requestId } }));
}

function refuseSocket(socket: Duplex, status = '400 Bad Request'): void {
  socket.on('error', () => socket.destroy());
  if (!socket.writable) return void socket.destroy();
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

type SecurityHeaders = { readonly policy: string; readonly requestId: string; readonly secure: boolean; readonly url: string };

function setSecurityHeaders(response: ServerResponse, { policy, requestId, secure, url }: SecurityHeaders): void {
  response.setHeader('content-security-policy', policy);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
  response.setHeader('x-request-id', requestId);
  if (secure) response.setHeader('strict-transport-security', 'max-age=31536000; includeSubDomains');
  if (!url.startsWith('/_next/static/')) response.setHeader('cache-control', 'no-store');
}

/**
 * Scripts run only with this answer's nonce. Styles are let in inline, because components place floating parts by style attributes and
 * elements of their own; a style can show wrong, it cannot act.
 */
function contentSecurityPolicy(nonce: string, secure: boolean): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    ...(secure ? ['upgrade-insecure-requests'] : []),
  ].join('; ');
}

/** The socket's address; or, behind a proxy that we trust, the last address in X-Forwarded-For that is not itself such a proxy. */
function addressOf(request: IncomingMessage, trusted: BlockList): string | null {
  const peer = plainAddress(request.socket.remoteAddress ?? '');
  if (!peer || !isIn(trusted, peer)) return peer;
  const forwarded = [request.headers['x-forwarded-for'] ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((part) => plainAddress(part.trim()));
  for (const address of forwarded.reverse()) {
    if (!address) return peer;
    if (!isIn(trusted, address)) return address;
  }
  return peer;
}

function plainAddress(text: string): string | null {
  const bare = text.startsWith('::ffff:') && isIPv4(text.slice(7)) ? text.slice(7) : text;
  return isIPv4(bare) || isIPv6(bare) ? bare : null;
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

function addressList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [network = '', bits] = entry.split('/');
    const family = isIPv4(network) ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(bits), family);
  }
  return list;
}
