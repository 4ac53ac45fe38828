/**
 * HTTPS as it goes over the wire, on two ways to the same cluster: straight with the admin's certificate and the headers that the door would
 * send, and through the door with the person's token. What comes back is not decoded by anybody.
 */
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { DemoCluster, DemoContract } from '#e2e/scene/contract.ts';
import { tokenIn } from '#e2e/test/raw-door.ts';
import type { Identity } from './parity.ts';

export interface Wire {
  readonly name: 'direct' | 'behind';
  readonly token: string | null;
  readonly agent: Agent;
  readonly base: URL;
  /** Who one is, in headers. */
  readonly identity: Readonly<Record<string, string | string[]>>;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface AdminKubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } }[];
  readonly users: readonly { readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string } }[];
}

const patienceMs = 20_000;

export function wiresTo(contract: DemoContract, cluster: DemoCluster, kubeconfig: string, who: Identity): readonly [Wire, Wire] {
  const admin = JSON.parse(readFileSync(cluster.adminKubeconfig, 'utf8')) as AdminKubeconfig;
  const [place, account] = [admin.clusters[0]?.cluster, admin.users[0]?.user];
  if (!place || !account) throw new Error('the admin kubeconfig of the scene has another shape');
  const decoded = (text: string) => Buffer.from(text, 'base64');
  const token = tokenIn(kubeconfig);
  return [
    {
      name: 'direct',
      token: null,
      agent: new Agent({
        ca: decoded(place['certificate-authority-data']),
        cert: decoded(account['client-certificate-data']),
        key: decoded(account['client-key-data']),
        keepAlive: true,
      }),
      base: new URL(place.server),
      identity: { 'Impersonate-User': who.username, 'Impersonate-Uid': who.uid, 'Impersonate-Group': [...who.groups] },
    },
    {
      name: 'behind',
      token,
      agent: new Agent({ ca: readFileSync(contract.proxy.ca), servername: 'localhost', keepAlive: true }),
      base: new URL(`${contract.proxy.url}${cluster.proxyPath}`),
      identity: { Authorization: `Bearer ${token}` },
    },
  ];
}

export function send(wire: Wire, path: string, { method = 'GET', headers = {} }: Question = {}, identity = wire.identity) {
  const { agent, base } = wire;
  return request({
    agent,
    hostname: base.hostname,
    port: base.port,
    method,
    path: `${base.pathname === '/' ? '' : base.pathname}${path}`,
    headers: { ...identity, ...headers },
    timeout: patienceMs,
  });
}

export function ask(wire: Wire, path: string, question: Question = {}): Promise<Reply> {
  const sent = send(wire, path, question);
  sent.end(question.body);
  return answerTo(sent);
}

export function answerTo(sent: ReturnType<typeof send>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.once('response', (message: IncomingMessage) => {
      buffer(message).then((body) => resolve({ status: message.statusCode ?? 0, headers: message.headers, body }), reject);
    });
  });
}

/** An upgrade: the socket behind a 101, or the answer that came instead. */
export function upgrade(
  wire: Wire,
  path: string,
  headers: Readonly<Record<string, string>>,
  identity = wire.identity,
): Promise<{ status: number; headers: IncomingHttpHeaders; socket: Duplex | null; head: Buffer; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = send(wire, path, { headers: { Connection: 'Upgrade', ...headers } }, identity);
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.once('upgrade', (message, socket, head) => {
      socket.setTimeout(0);
      resolve({ status: 101, headers: message.headers, socket, head, body: Buffer.alloc(0) });
    });
    sent.once('response', (message) => {
      buffer(message).then(
        (body) => resolve({ status: message.statusCode ?? 0, headers: message.headers, socket: null, head: Buffer.alloc(0), body }),
        reject,
      );
    });
    sent.end();
  });
}
