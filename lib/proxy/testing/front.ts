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
    upstream.garbage.length = 0;
    upstream.script = (_request, socket) => void socket.write(ok());
    upstream.takesOver = () => false;
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

/** The three ways in. Whatever holds for one must hold for all, so the suites in `security/` ask each question in all of them. */
export const shapes = ['a plain request', 'a WebSocket upgrade', 'a SPDY upgrade'] as const;
export type Shape = (typeof shapes)[number];
export const upgrades = shapes.slice(1);
export const protocolOf = (shape: Shape) => (shape === 'a SPDY upgrade' ? 'SPDY/3.1' : 'websocket');

export const execPath = '/clusters/east/api/v1/namespaces/shop/pods/web/exec?command=sh';

/** The lines of one request in that shape; the plain one asks for the very same address. */
export function asked(shape: Shape, token: string | null, { target = execPath, headers = [] as readonly string[] } = {}): string[] {
  const authorization = token === null ? [] : [`Authorization: Bearer ${token}`];
  const method = shape === 'a SPDY upgrade' ? 'POST' : 'GET';
  return [`${method} ${target} HTTP/1.1`, 'Host: door', ...authorization, ...upgradeHeaders[shape], ...headers];
}

export const upgradeHeaders: Readonly<Record<Shape, readonly string[]>> = {
  'a plain request': [],
  'a WebSocket upgrade': [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: v5.channel.k8s.io',
  ],
  'a SPDY upgrade': ['Connection: Upgrade', 'Upgrade: SPDY/3.1', 'X-Stream-Protocol-Version: v4.channel.k8s.io'],
};

/** Every header line that a cluster may see of such a request of alice's, and no other. */
export function heard(shape: Shape, auditId: string, passed: readonly string[] = []): string[] {
  const groups = stand.world.platformGroups('p-alice', clusterId('east'), new Date());
  const framing: Record<Shape, readonly string[]> = {
    'a plain request': ['Connection: keep-alive'],
    'a WebSocket upgrade': ['Connection: Upgrade', 'Upgrade: websocket'],
    'a SPDY upgrade': ['Connection: Upgrade', 'Upgrade: SPDY/3.1', 'Content-Length: 0'],
  };
  return [
    `Host: ${new URL(upstream.url).host}`,
    'Authorization: Bearer door-token',
    'Impersonate-User: gatehouse:alice@corp.example',
    `Impersonate-Uid: ${stand.world.person('p-alice')?.objectGuid}`,
    ...groups.map((group) => `Impersonate-Group: ${group}`),
    'Impersonate-Group: system:authenticated',
    `Audit-Id: ${auditId}`,
    ...upgradeHeaders[shape].slice(2),
    ...passed,
    ...framing[shape],
  ];
}

export const auditIdIn = (headers: readonly string[]) =>
  headers.find((header) => /^Audit-Id: [0-9a-f-]{36}$/.test(header))?.slice('Audit-Id: '.length) ?? 'no audit id';
