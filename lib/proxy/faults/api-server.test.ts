/** A real API server, killed and stopped under everything that can be open at a door: what its people are told, and that it all comes back by itself. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { kubectlEnvironment } from '#e2e/stack/kubernetes/kubectl.ts';
import { type Cluster, ensureKubernetesBinaries, type KubernetesBinaries, startCluster } from '#e2e/stack/kubernetes.ts';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { createWarden, type Warden } from '#e2e/stack/warden.ts';
import { doorAccount, systemNamespace } from '#lib/cluster/names.ts';
import { accountObject, compileOwnObjects, systemNamespaceObject } from '#lib/cluster/own-objects.ts';
import { compileDoorPowers } from '#lib/cluster/powers.ts';
import { kubeconfig } from '#lib/credential/kubeconfig.ts';
import { developerId, operatorId } from '#lib/entitlement/builtin-roles.ts';
import { compileRoles } from '#lib/entitlement/compile.ts';
import { ask, openRaw, type RawClient } from '../testing/raw-client.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../testing/scripted-upstream.ts';
import { clusterId, type Stand, startStand } from '../testing/stand.ts';

const isLong = process.env.GATEHOUSE_TEST_LONG === '1';
const buildLimitMs = 25 * 60_000;
const patience = { timeout: 60_000, interval: 100 };
const east = clusterId('east');
const talking = 'i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done';
/** Nothing more than this may be promised of a busy machine: connecting is given up after 5 s. */
const refusedWithinMs = 15_000;

let directory: string;
let binaries: KubernetesBinaries;
let warden: Warden;
let cluster: Cluster;
let west: ScriptedUpstream;
let stand: Stand;
let token: string;
let config: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-api-server-'));
  binaries = await ensureKubernetesBinaries(consoleProgress);
  warden = await createWarden();
  west = await startScriptedUpstream();
  cluster = await startCluster({ name: 'east', directory: join(directory, 'east'), binaries, warden });
  await cluster.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    pod('clock', talking),
    pod('web', 'sleep 3600'),
  ]);
  let doorToken = '';
  stand = await startStand({
    clusters: [
      { name: 'east', serverUrl: cluster.server, caPem: cluster.caPem, namespaces: ['shop'] },
      { name: 'west', serverUrl: west.url, caPem: west.caPem, namespaces: ['shop'] },
    ],
    people: ['alice'],
    doorCredentials: { token: async () => doorToken, forget: () => {} },
  });
  for (const place of [east, clusterId('west')])
    for (const role of [operatorId, developerId])
      await stand.grant('alice', role, { kind: 'namespaces', clusterId: place, namespaces: ['shop'] });
  await cluster.apply([systemNamespaceObject(stand.installationId), accountObject(stand.installationId, doorAccount)]);
  const own = compileOwnObjects(stand.installationId).filter(({ metadata }) => !metadata.name.includes('reconciler'));
  const now = new Date();
  await cluster.apply([...own, ...compileRoles(stand.world, east, now), ...compileDoorPowers(stand.world, east, now)]);
  doorToken = await must('create', 'token', '-n', systemNamespace, doorAccount);
  token = await stand.token('alice');
  config = join(directory, 'alice.yaml');
  const facts = { proxyUrl: stand.url, proxyCaPem: stand.caPem, userName: 'alice', token, clusters: [{ name: 'east' }] };
  writeFileSync(config, kubeconfig(facts), { mode: 0o600 });
  await must('wait', '-n', 'shop', 'pod', '--all', '--for=condition=Ready', '--timeout=60s');
}, buildLimitMs);

afterAll(async () => {
  await cluster?.signalApiServer('SIGCONT');
  await stand?.stop();
  await west?.close();
  await cluster?.stop();
  await warden?.close();
  rmSync(directory, { recursive: true, force: true });
});

function pod(name: string, script: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'busybox', stdin: true, command: ['sh', '-c', script] }],
    },
  };
}

/** As the cluster's own administrator, past the door. */
async function must(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(...args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout.trim();
}

const lines = (method: string, path: string, on: string, ...headers: string[]) => [
  `${method} /clusters/${on}/api/v1/namespaces/shop/${path} HTTP/1.1`,
  'Host: door',
  `Authorization: Bearer ${token}`,
  ...headers,
];
const get = (on = 'east', path = 'pods') => ask(stand.url, stand.caPem, lines('GET', path, on));
const status = async (on = 'east') => (await get(on)).status;

/** The answer to one request, for as long as a busy machine may need; destroyed when it is there. */
async function answered(client: RawClient, withinMs = refusedWithinMs): Promise<string> {
  const told = await client.until(/^HTTP\/1\.1 [\s\S]*\r\n\r\n[\s\S]*\}\s*(?:0\r\n\r\n)?$/, withinMs);
  client.destroy();
  return told;
}

async function asked(...request: Parameters<typeof lines>): Promise<RawClient> {
  const client = await openRaw(stand.url, stand.caPem);
  client.send(lines(...request));
  return client;
}

const websocket = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: v5.channel.k8s.io',
];
const shell = `pods/web/exec?container=main&stdout=true&command=sh&command=-c&command=${encodeURIComponent(talking)}`;

interface Open {
  readonly watch: RawClient;
  readonly log: RawClient;
  readonly exec: RawClient;
  all(): readonly RawClient[];
  /** How far each of the talking ones has come. */
  heard(): number[];
}

async function openAll(): Promise<Open> {
  const [watch, log, exec] = await Promise.all([
    asked('GET', 'pods?watch=1', 'east'),
    asked('GET', 'pods/clock/log?follow=true&tailLines=1', 'east'),
    asked('GET', shell, 'east', ...websocket),
  ]);
  onTestFinished(() => {
    for (const client of [watch, log, exec]) client.destroy();
  });
  await watch.until(/"type":"ADDED"/);
  await log.until(/tick \d+/);
  await exec.until(/tick \d+/);
  return { watch, log, exec, all: () => [watch, log, exec], heard: () => [log, exec].map((client) => client.text().length) };
}

/** A kubectl through the door that goes on by itself. */
function kubectl(env: Readonly<Record<string, string>>, ...args: string[]) {
  const child = spawn(binaries.kubectl, ['--kubeconfig', config, ...args], {
    env: { ...kubectlEnvironment(directory), ...env } as unknown as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => {
      said += piece.toString('utf8');
    });
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return { said: () => said, ended };
}

const gauge = async (pattern: RegExp) => {
  const text = await (await fetch(`http://127.0.0.1:${stand.door.metricsPort}/metrics`)).text();
  return Number(pattern.exec(text)?.[1] ?? 0);
};
const busy = () => gauge(/gatehouse_door_upstream_connections\{cluster="east",state="busy"\} (\d+)/);
const tcpSockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

/** Nothing is held for anybody any more, here or towards the cluster. */
async function expectNothingHeld(before: number): Promise<void> {
  await expect.poll(() => stand.door.snapshotStreams().length, patience).toBe(0);
  // Long reads share a connection that is kept for the next ones.
  await expect.poll(busy, patience).toBeLessThanOrEqual(1);
  await expect.poll(tcpSockets, patience).toBeLessThanOrEqual(before + 4);
}

async function expectAllWellAgain(): Promise<void> {
  await expect.poll(() => status(), patience).toBe(200);
  const open = await openAll();
  for (const client of open.all()) client.destroy();
}

async function settledSockets(): Promise<number> {
  await expectAllWellAgain();
  await expect.poll(() => stand.door.snapshotStreams().length, patience).toBe(0);
  return tcpSockets();
}

test('the API server is killed: streams break and none looks whole, requests are 502 at once, the other cluster is served, and it all comes back (F13)', async () => {
  const before = await settledSockets();
  const open = await openAll();
  const spdy = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' };
  const people = [
    kubectl({}, 'exec', '-n', 'shop', 'web', '--', 'sh', '-c', talking),
    kubectl(spdy, 'exec', '-n', 'shop', 'web', '--', 'sh', '-c', talking),
    kubectl({}, 'logs', '-f', '-n', 'shop', 'clock'),
  ];
  for (const { said } of people) await expect.poll(said, patience).toMatch(/tick \d+/);
  const upload = await asked('POST', 'configmaps', 'east', 'Content-Type: application/json', 'Content-Length: 1000');
  upload.socket.write('{"kind":"ConfigMap",');
  await expect.poll(busy, patience).toBeGreaterThanOrEqual(2);

  await cluster.signalApiServer('SIGKILL');
  await Promise.all(open.all().map((client) => client.ended(refusedWithinMs)));
  for (const client of [open.watch, open.log]) expect(client.text()).not.toMatch(/\r\n0\r\n\r\n$/);
  expect(await answered(upload)).toMatch(/^HTTP\/1\.1 502 [\s\S]*"status":"Failure"/);
  for (const { ended, said } of people) expect(await ended, said()).toBe(1);
  expect(people[1]?.said()).toContain('before it said how the command ended');

  let isOver = false;
  const told = Promise.all(Array.from({ length: 12 }, async () => answered(await asked('GET', 'pods', 'east')))).finally(() => {
    isOver = true;
  });
  do expect(await status('west')).toBe(200);
  while (!isOver);
  for (const text of await told) expect(text).toMatch(/^HTTP\/1\.1 502 [\s\S]*"status":"Failure"/);
  // Spared: it is not even tried.
  await expect.poll(async () => (await get()).body, patience).toContain('several times in a row');

  await cluster.restartApiServer();
  await expectAllWellAgain();
  await expectNothingHeld(before);
}, 180_000);

test('the API server is stopped and goes on: nothing is cut for being quiet, who comes anew is refused within the limit, and what waited is answered (F14)', async () => {
  const before = await settledSockets();
  const open = await openAll();
  await cluster.signalApiServer('SIGSTOP');
  const waiting = await asked('GET', 'pods', 'east');
  // What is on its way comes in; then nobody says anything.
  let last: number[] = [];
  await expect
    .poll(
      () => {
        const now = open.heard();
        const isQuiet = now.every((length, i) => length === last[i]);
        last = now;
        return isQuiet;
      },
      { timeout: 20_000, interval: 500 },
    )
    .toBe(true);
  // A shell needs a connection of its own, which nobody takes.
  const refused = await answered(await asked('GET', shell, 'east', ...websocket));
  expect(refused).toMatch(/^HTTP\/1\.1 50[234] [\s\S]*"status":"Failure"/);
  expect(await status('west')).toBe(200);
  await cluster.signalApiServer('SIGCONT');
  expect(await answered(waiting, 60_000)).toMatch(/^HTTP\/1\.1 200 /);
  for (const [i, client] of [open.log, open.exec].entries()) {
    await expect.poll(() => client.text().length, patience).toBeGreaterThan(last[i] ?? 0);
  }
  await must('label', '-n', 'shop', 'pod', 'web', 'seen=again', '--overwrite');
  await open.watch.until(/"seen":"again"/);
  for (const client of open.all()) client.destroy();
  await expectAllWellAgain();
  await expectNothingHeld(before);
}, 180_000);

if (isLong)
  test('the API server stays stopped: 504 to who waited for an answer, watches break off, kubectl leaves its shell, and it all comes back (F14)', async () => {
    const before = await settledSockets();
    const open = await openAll();
    const shell = kubectl({}, 'exec', '-n', 'shop', 'web', '--', 'sh', '-c', talking);
    await expect.poll(shell.said, patience).toMatch(/tick \d+/);
    await cluster.signalApiServer('SIGSTOP');
    const waiting = await asked('GET', 'pods', 'east');
    const began = performance.now();
    await open.watch.ended(60_000);
    expect(open.watch.text()).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(await answered(waiting, 120_000)).toMatch(/^HTTP\/1\.1 504 [\s\S]*"status":"Failure"/);
    // Its own pings stay unanswered, for they pass through to the cluster.
    expect(await shell.ended).toBe(1);
    expect(performance.now() - began).toBeLessThan(120_000);
    expect(await status('west')).toBe(200);
    await cluster.signalApiServer('SIGCONT');
    for (const client of open.all()) client.destroy();
    await expectAllWellAgain();
    await expectNothingHeld(before);
  }, 300_000);
