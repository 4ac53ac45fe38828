// An API server that says just who it is, and an HTTP proxy: for what a real one cannot be made to do at will, such as to change its authority
// in the middle of a test. What it hears is kept, so that a test can say that it heard nothing.
import { createServer as createHttp, type IncomingMessage } from 'node:http';
import { createServer as createHttps, type Server } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Authority, issue } from '#e2e/stack/certificates.ts';

export interface ScriptedApiServer {
  readonly url: string;
  readonly port: number;
  readonly heard: IncomingMessage[];
  /** What it says of itself; `knows`: the bearer tokens that it takes, null = any. */
  readonly says: { uid: string; knows: ReadonlySet<string> | null };
  /** From the next connection on it shows a certificate of this authority. */
  showCertificateOf(authority: Authority, until?: Date, from?: Date): Promise<void>;
  close(): Promise<void>;
}

export async function scriptedApiServer(authority: Authority, uid: string): Promise<ScriptedApiServer> {
  const heard: IncomingMessage[] = [];
  const says: ScriptedApiServer['says'] = { uid, knows: null };
  const server = createHttps(await certificateOf(authority), (request, response) => {
    heard.push(request);
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if (says.knows && !says.knows.has(token)) return answer(401, { kind: 'Status', code: 401, message: 'Unauthorized' });
    if (request.url === '/version') return answer(200, { gitVersion: 'v1.36.0' });
    if (request.url === '/api/v1/namespaces/kube-system')
      return answer(200, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: says.uid } });
    return answer(404, { kind: 'Status', code: 404, message: 'not found' });
  });
  const port = await listening(server);
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    heard,
    says,
    async showCertificateOf(other, until, from) {
      server.setSecureContext(await certificateOf(other, until, from));
      server.closeAllConnections();
    },
    close: () => closing(server),
  };
}

export interface ScriptedProxy {
  readonly url: string;
  /** What it was asked for, such as `CONNECT api.example:6443`. */
  readonly asked: string[];
  /** What came through the tunnels, as bytes. */
  readonly passed: Buffer[];
  answer: 'tunnel' | 'refuse' | 'silence' | 'chatter' | 'nonsense';
  close(): Promise<void>;
}

/** Sends every tunnel to one place, whatever was asked: it is the proxy that knows the names. */
export async function scriptedProxy(toPort: number, tls?: Authority): Promise<ScriptedProxy> {
  const asked: string[] = [];
  const passed: Buffer[] = [];
  const server = tls ? createHttps(await certificateOf(tls)) : createHttp();
  const open = new Set<Socket | TLSSocket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(`${request.method} ${request.url}`);
    client.on('error', () => {});
    if (proxy.answer === 'silence') return;
    if (proxy.answer === 'nonsense' || proxy.answer === 'refuse') {
      client.end(proxy.answer === 'refuse' ? 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n' : '220 mail.example ESMTP\r\n\r\n');
      return;
    }
    const target = connect({ port: toPort, host: '127.0.0.1' }, () => {
      client.write(`HTTP/1.1 200 OK\r\n\r\n${proxy.answer === 'chatter' ? 'HTTP/1.1 200 OK' : ''}`);
      client.on('data', (bytes: Buffer) => {
        passed.push(bytes);
        target.write(bytes);
      });
      target.pipe(client);
    });
    target.on('error', () => client.destroy());
    target.once('close', () => client.destroy());
    client.once('close', () => target.destroy());
  });
  const port = await listening(server);
  const proxy: ScriptedProxy = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    asked,
    passed,
    answer: 'tunnel',
    async close() {
      for (const socket of open) socket.destroy();
      await closing(server);
    },
  };
  return proxy;
}

async function certificateOf(authority: Authority, until?: Date, from?: Date): Promise<{ cert: string; key: string }> {
  const subject = { commonName: 'api', ips: ['127.0.0.1'], server: true };
  const { certPem, keyPem } = await issue(authority, { ...subject, ...(until ? { until } : {}), ...(from ? { from } : {}) });
  return { cert: certPem, key: keyPem };
}

type AnyServer = Server | ReturnType<typeof createHttp>;

async function listening(server: AnyServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function closing(server: AnyServer): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
