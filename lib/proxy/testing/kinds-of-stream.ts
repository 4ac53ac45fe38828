/** Everything that can be open at a door, each as a client opens it, as a cluster answers it, and how it looks when it was cut truthfully. */
import { expect } from 'vitest';
import { openRaw, type RawClient } from './raw-client.ts';
import type { SeenRequest } from './scripted-upstream.ts';

export interface KindOfStream {
  readonly name: string;
  /** As the registry calls it. */
  readonly kind: string;
  /** Shells, tunnels: only on the freshest word of the directory. */
  readonly sensitive: boolean;
  readonly lines: (cluster: string, token: string) => readonly string[];
  readonly answer: string;
  readonly opened: RegExp;
  /** How it looks to the client behind what the cluster had said. */
  readonly cut: RegExp;
}

const websocket = (protocol: string) => [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Protocol: ${protocol}`,
];
const spdy = (protocol: string) => ['Connection: Upgrade', 'Upgrade: SPDY/3.1', `X-Stream-Protocol-Version: ${protocol}`];
const asking =
  (method: string, path: string, ...headers: string[]) =>
  (cluster: string, token: string) => [
    `${method} /clusters/${cluster}/api/v1/namespaces/shop/${path} HTTP/1.1`,
    'Host: door',
    `Authorization: Bearer ${token}`,
    ...headers,
  ];
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunked = (type: string, text: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(text)}`;
const switched = (protocol: string, bytes: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${protocol}\r\nConnection: Upgrade\r\n\r\n${bytes}`;
const frame = '\u0082\u0003abc';
const spdyFrame = '\u0000\u0000\u0000\u0003\u0000\u0000\u0000\u0003abc';
/** A close frame with 1008, policy violation, or 1001, going away, and a sentence. */
const closeCodes = ['\u0003\u00f0', '\u0003\u00e9'];
const closed = new RegExp(`abc\u0088.(?:${closeCodes.join('|')})[A-Z][a-zA-Z ;,]+[.]$`, 's');
const goAway = '\u0080\u0003\u0000\u0007\u0000\u0000\u0000\u0008\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0002';

export const kindsOfStream: readonly KindOfStream[] = [
  {
    name: 'a watch between two events',
    kind: 'watch',
    sensitive: false,
    lines: asking('GET', 'pods?watch=1'),
    answer: chunked('application/json', '{"type":"ADDED"}\n'),
    opened: /ADDED"}\n/,
    cut: /ADDED"}\n\r\n0\r\n\r\n$/,
  },
  {
    name: 'a watch inside an event',
    kind: 'watch',
    sensitive: false,
    lines: asking('GET', 'pods?watch=1&timeoutSeconds=300'),
    answer: chunked('application/json', '{"type":"MODIF'),
    opened: /MODIF/,
    cut: /MODIF\r\n$/,
  },
  {
    name: 'a followed log',
    kind: 'follow',
    sensitive: false,
    lines: asking('GET', 'pods/web/log?follow=true'),
    answer: chunked('text/plain', 'a line\n'),
    opened: /a line\n/,
    cut: /a line\n\r\n$/,
  },
  {
    name: 'a download',
    kind: 'request',
    sensitive: false,
    lines: asking('GET', 'configmaps'),
    answer: 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"part":',
    opened: /"part":/,
    cut: /"part":$/,
  },
  {
    name: 'exec over WebSocket',
    kind: 'exec',
    sensitive: true,
    lines: asking('GET', 'pods/web/exec?command=sh', ...websocket('v5.channel.k8s.io')),
    answer: switched('websocket', frame),
    opened: /abc/,
    cut: closed,
  },
  {
    name: 'exec over SPDY',
    kind: 'exec',
    sensitive: true,
    lines: asking('POST', 'pods/web/exec?command=sh', ...spdy('v4.channel.k8s.io')),
    answer: switched('SPDY/3.1', spdyFrame),
    opened: /abc/,
    cut: new RegExp(`abc[\\s\\S]*"status":"Failure"[\\s\\S]*${goAway}$`),
  },
  {
    name: 'port-forward over WebSocket',
    kind: 'portforward',
    sensitive: true,
    lines: asking('GET', 'pods/web/portforward', ...websocket('SPDY/3.1+portforward.k8s.io')),
    answer: switched('websocket', frame),
    opened: /abc/,
    cut: closed,
  },
  {
    name: 'port-forward over SPDY',
    kind: 'portforward',
    sensitive: true,
    lines: asking('POST', 'pods/web/portforward', ...spdy('portforward.k8s.io')),
    answer: switched('SPDY/3.1', spdyFrame),
    opened: /abc/,
    cut: new RegExp(`abc${goAway}$`),
  },
];

/** The only one that is ended and not broken off: its connection lives on. */
const [wholeWatch] = kindsOfStream;

/** What a cluster answers to any of them; null for what is none. */
export function answerAsCluster({ line, headers }: Pick<SeenRequest, 'line' | 'headers'>): string | null {
  const upgrade = headers.find((header) => header.startsWith('Upgrade: '))?.slice('Upgrade: '.length);
  const [method = '', path = ''] = line.split(' ');
  const found = kindsOfStream.find((kind) => {
    const [first = '', ...others] = kind.lines('', '');
    const upgrades = others.find((header) => header.startsWith('Upgrade: '))?.slice('Upgrade: '.length);
    return first === `${method} /clusters/${path} HTTP/1.1` && upgrades === upgrade;
  });
  return found?.answer ?? null;
}

export interface Opened {
  readonly of: KindOfStream;
  readonly client: RawClient;
}

/** Opens them at a door, one connection each, until each has heard its cluster. */
export function openStreams(
  door: { url: string; caPem: string },
  token: string,
  cluster = 'east',
  kinds = kindsOfStream,
): Promise<Opened[]> {
  return Promise.all(
    kinds.map(async (of) => {
      const client = await openRaw(door.url, door.caPem);
      client.send(of.lines(cluster, token));
      await client.until(of.opened, 15_000);
      return { of, client };
    }),
  );
}

/** It ended, and how it ended is true: nothing that looks whole save where it was whole, and not a byte behind its end. */
export async function expectCut({ of, client }: Opened, withinMs = 10_000): Promise<void> {
  if (of === wholeWatch) await client.until(of.cut, withinMs);
  else await client.ended(withinMs);
  const told = client.text();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(client.text(), of.name).toBe(told);
  expect(told, of.name).toMatch(of.cut);
  client.destroy();
}

export function expectOpen({ of, client }: Opened): void {
  expect(client.socket.destroyed || client.socket.readableEnded, of.name).toBe(false);
  if (of === wholeWatch) expect(client.text(), of.name).not.toMatch(of.cut);
}
