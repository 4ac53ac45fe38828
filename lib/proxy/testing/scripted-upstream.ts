/**
 * A cluster that does what no real API server can be made to do: redirect, answer garbage, hang. It records each request's head byte for byte
 * and says exactly what the test wrote.
 */

import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { makeDoorCertificate } from '#lib/runtime/certificates.ts';

export interface SeenRequest {
  readonly line: string;
  /** `Name: value` lines in their order. */
  readonly headers: readonly string[];
  readonly body: string;
}

export interface ScriptedUpstream {
  readonly url: string;
  readonly caPem: string;
  readonly seen: SeenRequest[];
  readonly connections: () => number;
  /** What to do with a request: write bytes to the socket, or say nothing. */
  script: (request: SeenRequest, socket: TLSSocket) => void;
  open(): readonly TLSSocket[];
  close(): Promise<void>;
}

export const ok = (body = '{}', headers = 'Content-Type: application/json\r\n') =>
  `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const { doorCaPem, doorCertificatePem, doorKeyPem } = await makeDoorCertificate(['127.0.0.1']);
  const sockets = new Set<TLSSocket>();
  let connections = 0;
  const upstream: ScriptedUpstream = {
    url: '',
    caPem: doorCaPem,
    seen: [],
    connections: () => connections,
    script: (_request, socket) => socket.write(ok()),
    open: () => [...sockets],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  const server = createServer({ cert: doorCertificatePem, key: doorKeyPem, ALPNProtocols: ['http/1.1'] }, (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let buffered = '';
    let upgraded = false;
    socket.on('data', (chunk) => {
      if (upgraded) return;
      buffered += chunk.toString('latin1');
      for (;;) {
        const end = buffered.indexOf('\r\n\r\n');
        if (end === -1) return;
        const [line = '', ...headers] = buffered.slice(0, end).split('\r\n');
        const length = Number(headers.find((header) => /^content-length:/i.test(header))?.split(':')[1] ?? 0);
        if (buffered.length < end + 4 + length) return;
        const request = { line, headers, body: buffered.slice(end + 4, end + 4 + length) };
        buffered = buffered.slice(end + 4 + length);
        upgraded = headers.some((header) => /^upgrade:/i.test(header));
        upstream.seen.push(request);
        upstream.script(request, socket);
        if (upgraded) return;
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(upstream, { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
