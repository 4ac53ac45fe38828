/**
 * A door before two scripted clusters, for a test file: alice may look into `shop` on east, frank may nothing, gina waits. The bindings below
 * are set before each file's first test.
 */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { ask } from './raw-client.ts';
import { ok, type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.ts';
import { clusterId, type Stand, startStand } from './stand.ts';

export let upstream: ScriptedUpstream;
export let stand: Stand;
export let alice: string;
export let frank: string;

export function standBeforeTheDoor(): void {
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    const cluster = { serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop', 'pay', 'kube-system'] };
    stand = await startStand({
      clusters: [
        { name: 'east', ...cluster },
        { name: 'west', ...cluster },
      ],
      people: ['alice', 'frank', 'gina'],
    });
    await stand.grant('alice', viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
    alice = await stand.token('alice');
    frank = await stand.token('frank');
  });

  afterAll(async () => {
    await stand?.stop();
    await upstream?.close();
  });

  beforeEach(() => {
    upstream.seen.length = 0;
    upstream.script = (_request, socket) => void socket.write(ok());
  });
}

export const raw = (...lines: string[]) => ask(stand.url, stand.caPem, lines);

export const get = (target: string, token: string | null, ...headers: string[]) =>
  raw(`GET ${target} HTTP/1.1`, 'Host: door', ...(token === null ? [] : [`Authorization: Bearer ${token}`]), ...headers);

export const statusIn = (body: string) => JSON.parse(body) as { kind: string; code: number; reason: string; message: string };

export const upgradeLines = (token: string, ...headers: string[]) => [
  'GET /clusters/east/api/v1/namespaces/shop/pods/web/exec?command=sh HTTP/1.1',
  'Host: door',
  `Authorization: Bearer ${token}`,
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: v5.channel.k8s.io',
  ...headers,
];
