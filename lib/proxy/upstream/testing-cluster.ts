/** The bare end of a cluster's sockets, for tests of what goes to them: certificates of any making, and whatever a test wants said or left unsaid. */
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { makeDoorCertificate } from '#lib/runtime/certificates.ts';
import type { Answer } from '../answers.ts';
import type { AnswerHead, AnswerListener, Exchange, Upstreams } from '../upstream.ts';
import type { Address } from './address.ts';
import type { Call } from './call.ts';

export interface Certificate {
  readonly caPem: string;
  readonly cert: string;
  readonly key: string;
}

export async function certificateFor(...hosts: string[]): Promise<Certificate> {
  const { doorCaPem, doorCertificatePem, doorKeyPem } = await makeDoorCertificate(hosts);
  return { caPem: doorCaPem, cert: doorCertificatePem, key: doorKeyPem };
}

export interface Cluster {
  readonly address: Address;
  readonly port: number;
  /** All that was heard, of all connections. */
  readonly heard: () => string;
  readonly accepted: () => number;
  readonly open: () => number;
  /** Told of each connection, and of each piece of bytes on it. */
  onConnection: (socket: TLSSocket) => void;
  onBytes: (socket: TLSSocket, bytes: string) => void;
  use(certificate: Certificate): void;
  close(): Promise<void>;
}

export const answer = (body: string, more = '') => `HTTP/1.1 200 OK\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

export async function startCluster(certificate: Certificate, protocols: readonly string[] = ['http/1.1']): Promise<Cluster> {
  const sockets = new Set<TLSSocket>();
  let heard = '';
  let accepted = 0;
  const server = createServer({ cert: certificate.cert, key: certificate.key, ALPNProtocols: [...protocols] }, (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    cluster.onConnection(socket);
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      heard += text;
      cluster.onBytes(socket, text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cluster: Cluster = {
    address: { id: `c-${port}`, serverUrl: `https://127.0.0.1:${port}`, serverName: null, caPem: certificate.caPem, proxyUrl: null },
    port,
    heard: () => heard,
    accepted: () => accepted,
    open: () => sockets.size,
    onConnection: () => {},
    onBytes: (socket, bytes) => {
      if (bytes.endsWith('\r\n\r\n')) socket.write(answer('{}'));
    },
    use: ({ cert, key }) => server.setSecureContext({ cert, key }),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return cluster;
}

/** Accepts connections and says nothing, not even TLS. */
export async function startBlackHole(): Promise<{ port: number; open(): number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.resume();
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export const get = (path = '/version', ...headers: string[]): Call => ({
  method: 'GET',
  path,
  headers: ['Host', 'cluster', 'Authorization', 'Bearer door-token', ...headers],
});

export interface Heard {
  status: number;
  head: AnswerHead | null;
  body: string;
  isWhole: boolean;
  error: Answer | null;
}

/** Listens to the end, whatever it is. */
export function hear(begin: (listener: AnswerListener) => Exchange): {
  readonly exchange: Exchange;
  readonly heard: Heard;
  readonly done: Promise<Heard>;
} {
  const heard: Heard = { status: 0, head: null, body: '', isWhole: false, error: null };
  let done: (heard: Heard) => void = () => {};
  const whole = new Promise<Heard>((resolve) => {
    done = resolve;
  });
  const exchange = begin({
    onHead(head) {
      heard.head = head;
      heard.status = head.status;
    },
    onData(piece) {
      heard.body += piece.toString('latin1');
    },
    onEnd() {
      heard.isWhole = true;
      done(heard);
    },
    onError(error) {
      heard.error = error;
      done(heard);
    },
  });
  return { exchange, heard, done: whole };
}

export function ask(upstreams: Upstreams, address: Address, call: Call = get()): Promise<Heard> {
  return hear((listener) => upstreams.send(address, call, null, 'firstByte', listener)).done;
}
