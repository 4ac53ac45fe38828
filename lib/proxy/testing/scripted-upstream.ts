/**
 * A cluster that does what no real API server can be made to do: redirect, answer garbage, hang, take a body in without end. It keeps every
 * byte that it heard and reads it by a strict reading of its own: what it cannot read to the letter stands in `garbage`, where no test wants
 * to find anything. It says exactly what the test wrote.
 */

import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { makeDoorCertificate } from '#lib/runtime/certificates.ts';

export interface SeenRequest {
  readonly line: string;
  /** `Name: value` lines in their order. */
  readonly headers: readonly string[];
  /** The head as it came, byte for byte, with the empty line that ends it. */
  readonly head: string;
  readonly body: string;
  /** What came behind an upgrade's head. */
  readonly behind: string;
}

export interface ScriptedUpstream {
  readonly url: string;
  readonly caPem: string;
  readonly seen: SeenRequest[];
  /** What was no request to the letter. */
  readonly garbage: string[];
  readonly connections: () => number;
  /** What to do with a request: write bytes to the socket, or say nothing. */
  script: (request: SeenRequest, socket: TLSSocket) => void;
  /** Asked as soon as a head is whole; whoever takes the socket gets all that follows, and the request is seen without its body. */
  takesOver: (head: SeenRequest, socket: TLSSocket, early: Buffer) => boolean;
  open(): readonly TLSSocket[];
  reset(socket: TLSSocket): void;
  close(): Promise<void>;
}

export const ok = (body = '{}', headers = 'Content-Type: application/json\r\n') =>
  `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

export const switching = (protocol: 'websocket' | 'SPDY/3.1' = 'websocket') =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${protocol}\r\nConnection: Upgrade\r\n\r\n`;

const behindMax = 1024 * 1024;

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const { doorCaPem, doorCertificatePem, doorKeyPem } = await makeDoorCertificate(['127.0.0.1']);
  const sockets = new Set<TLSSocket>();
  const plain = new Set<Socket>();
  let connections = 0;
  const upstream: ScriptedUpstream = {
    url: '',
    caPem: doorCaPem,
    seen: [],
    garbage: [],
    connections: () => connections,
    script: (_request, socket) => socket.write(ok()),
    takesOver: () => false,
    open: () => [...sockets],
    reset: ({ remotePort }) => void [...plain].find((socket) => socket.remotePort === remotePort)?.resetAndDestroy(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of [...sockets, ...plain]) socket.destroy();
      }),
  };
  const server = createServer({ cert: doorCertificatePem, key: doorKeyPem, ALPNProtocols: ['http/1.1'], allowHalfOpen: true }, (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('end', () => {
      if (!isTaken) socket.end();
    });
    let buffered = '';
    let askedFor = '';
    let upgraded: { behind: string } | null = null;
    let isTaken = false;
    socket.on('data', (chunk) => {
      if (isTaken) return;
      if (upgraded !== null) {
        if (upgraded.behind.length < behindMax) upgraded.behind += chunk.toString('latin1');
        return;
      }
      buffered += chunk.toString('latin1');
      for (;;) {
        const end = buffered.indexOf('\r\n\r\n');
        if (end === -1) return;
        const head = buffered.slice(0, end + 4);
        const request = readHead(head);
        if (askedFor !== head) {
          askedFor = head;
          if (upstream.takesOver(request, socket, Buffer.from(buffered.slice(head.length), 'latin1'))) {
            isTaken = true;
            upstream.seen.push(request);
            return;
          }
        }
        const read = readBody(request.headers, buffered.slice(head.length));
        if (read === 'not yet') return;
        if (read === 'broken' || !/^[A-Z]+ \/\S* HTTP\/1\.1$/.test(request.line)) {
          upstream.garbage.push(buffered.slice(0, 2_000));
          socket.destroy();
          return;
        }
        request.body = read.body;
        askedFor = '';
        buffered = buffered.slice(head.length + read.bytes);
        upstream.seen.push(request);
        if (request.headers.some((header) => /^upgrade:/i.test(header))) {
          upgraded = request;
          request.behind = buffered;
        }
        upstream.script(request, socket);
        if (upgraded) return;
      }
    });
  });
  server.on('connection', (socket) => {
    plain.add(socket);
    socket.once('close', () => plain.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(upstream, { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function readHead(head: string) {
  const [line = '', ...headers] = head.slice(0, -4).split('\r\n');
  return { line, headers, head, body: '', behind: '' };
}

type Read = { readonly body: string; readonly bytes: number } | 'not yet' | 'broken';

function readBody(headers: readonly string[], text: string): Read {
  if (headers.some((header) => !/^[!#$%&'*+.^`|~\w-]+: [\t\x20-\x7e\x80-\xff]*$/.test(header))) return 'broken';
  const named = (name: RegExp) => headers.filter((header) => name.test(header)).map((header) => header.slice(header.indexOf(':') + 2));
  const lengths = named(/^content-length:/i);
  const codings = named(/^transfer-encoding:/i);
  if (lengths.length + codings.length > 1) return 'broken';
  if (codings.length === 1) return codings[0] === 'chunked' ? readChunks(text) : 'broken';
  const [length = '0'] = lengths;
  if (!/^\d+$/.test(length)) return 'broken';
  return text.length < Number(length) ? 'not yet' : { body: text.slice(0, Number(length)), bytes: Number(length) };
}

/** Neither extensions nor trailers: we never send any. */
function readChunks(text: string): Read {
  let body = '';
  let at = 0;
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end === -1) return 'not yet';
    const size = text.slice(at, end);
    if (!/^[0-9a-f]{1,8}$/i.test(size)) return 'broken';
    const bytes = Number.parseInt(size, 16);
    const next = end + 2 + bytes + 2;
    if (text.length < next) return 'not yet';
    if (text.slice(next - 2, next) !== '\r\n') return 'broken';
    body += text.slice(end + 2, end + 2 + bytes);
    at = next;
    if (bytes === 0) return { body, bytes: at };
  }
}
