/**
 * Programs that others write: client-go (our small Go program, whose informers are those of every operator and of k9s) and
 * @kubernetes/client-node. They list, watch, come back after the door was restarted, open shells and ports; and when a grant changes which
 * namespaces somebody has, they notice by themselves.
 */
import { readFileSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreV1Api, Exec, KubeConfig, Log, makeInformer, PortForward, type V1Status } from '@kubernetes/client-node';
import { expect, test } from '@playwright/test';
import type { DemoCluster } from '#e2e/scene/contract.ts';
import { eventually } from '#e2e/scene/eventually.ts';
import { ensureKubernetesBinaries } from '#e2e/stack/kubernetes.ts';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { type GoClient, type Line, startGoClient } from '#e2e/test/clients/go-client.ts';
import { type Guest, welcomeGuest } from '#e2e/test/clients/guest.ts';
import { clear, furnish } from '#e2e/test/clients/world.ts';
import { readContract } from '#e2e/test/contract-file.ts';
import { Kubectl } from '#e2e/test/kubectl.ts';

test.describe.configure({ timeout: 240_000 });

const contract = readContract();
const clusters = contract.clusters as [DemoCluster, DemoCluster];
const [east] = clusters;
const admin = new Kubectl(contract.kubectl, east.adminKubeconfig);
const patience = { timeout: 45_000, intervals: [50] };

let binary: string;
let guest: Guest;
/** Granted from the start, and granted on the way. */
let home: string;
let second: string;

test.beforeAll(async () => {
  binary = (await ensureKubernetesBinaries(consoleProgress)).client;
  const run = `l${Date.now().toString(36)}`;
  [home, second] = [`${run}-home`, `${run}-second`];
  guest = await welcomeGuest(contract, `lib-${run}`);
  await Promise.all(clusters.map((cluster) => furnish(contract, cluster, [home, second])));
  await guest.grant('developer', [home]);
  await guest.entered(clusters);
});
test.afterAll(async () => {
  await guest?.leaves();
  if (home) await Promise.all(clusters.map((cluster) => clear(contract, cluster, [home, second])));
});

const goClient = (cluster: DemoCluster, args: readonly string[], env?: Record<string, string>) =>
  startGoClient(binary, ['--kubeconfig', guest.kubeconfig, '--context', cluster.name, '--namespace', home, ...args], env);

const namespaceEvent = (event: Line['event'], name: string) => (line: Line) =>
  line.event === event && line.kind === 'namespace' && line.name === name;
const configMapEvent = (event: Line['event'], name: string, n?: string) => (line: Line) =>
  line.event === event && line.kind === 'configmap' && line.name === name && line.n === n;

async function must(...args: string[]): Promise<void> {
  const { code, stderr } = await admin.run(...args);
  if (code !== 0) throw new Error(stderr);
}

async function withSecondNamespace(during: () => Promise<void>): Promise<void> {
  const id = await guest.grant('viewer', [second], east.id);
  try {
    await during();
  } finally {
    await guest.endGrant(id);
  }
}

test('client-go informers, by list and by streamed list: initial state, events, a namespace that comes and one that goes, a door restarted', async () => {
  const followers: GoClient[] = [
    goClient(east, ['follow'], { KUBE_FEATURE_WatchListClient: 'false' }),
    goClient(east, ['follow'], { KUBE_FEATURE_WatchListClient: 'true' }),
  ];
  const all = (of: (follower: GoClient) => Promise<unknown>) => Promise.all(followers.map(of));
  try {
    await all((follower) => follower.says(({ event }) => event === 'synced', 'that it is in step'));
    for (const { lines } of followers) {
      expect(lines.filter(({ event, kind }) => event === 'added' && kind === 'namespace').map(({ name }) => name)).toEqual([home]);
      expect(lines.some(configMapEvent('added', 'kube-root-ca.crt'))).toBe(true);
    }
    expect(followers.map(({ lines }) => lines.some(({ initial }) => initial))).toEqual([false, true]);

    await must('-n', home, 'create', 'configmap', 'told', '--from-literal=n=1');
    await all((follower) => follower.says(configMapEvent('added', 'told', '1'), 'what was made'));
    await must('-n', home, 'patch', 'configmap', 'told', '-p', '{"data":{"n":"2"}}');
    await all((follower) => follower.says(configMapEvent('changed', 'told', '2'), 'what was changed'));
    await must('-n', home, 'delete', 'configmap', 'told');
    await all((follower) => follower.says(configMapEvent('gone', 'told', '2'), 'what was deleted'));

    // A watch that ends within its first second without an event is begun anew by client-go of itself, whatever it is told.
    await sleep(1_500);
    await withSecondNamespace(async () => {
      await all((follower) => follower.says(namespaceEvent('added', second), 'the namespace that was granted'));
    });
    await all((follower) => follower.says(namespaceEvent('gone', second), 'the namespace that was withdrawn'));
    for (const { lines } of followers) {
      expect(lines.some(namespaceEvent('gone', home))).toBe(false);
      // The watch that would have resumed was told to begin anew.
      expect(lines.some(({ event, kind, status }) => event === 'asked' && kind === 'namespace' && status === 410)).toBe(true);
    }

    const before = followers.map(({ lines }) => lines.length);
    await restartTheDoor();
    await must('-n', home, 'create', 'configmap', 'afterwards', '--from-literal=n=3');
    await all((follower) =>
      follower.says(
        configMapEvent('added', 'afterwards', '3'),
        'what happened after the door was back',
        before[followers.indexOf(follower)],
      ),
    );
    for (const [index, { lines }] of followers.entries())
      expect(lines.slice(before[index]).filter(({ event }) => event === 'gone')).toEqual([]);
  } finally {
    for (const follower of followers) follower.stop();
    await all((follower) => follower.ended);
  }
});

/** Told to end, as for an update: it drains, and its supervisor starts another. */
async function restartTheDoor(): Promise<void> {
  const running = doorProcess();
  if (running === null) throw new Error('the door is not running');
  process.kill(running, 'SIGTERM');
  await eventually(
    async () => doorProcess(),
    (now) => now !== null && now !== running,
    'another door',
    30_000,
  );
  await eventually(
    () =>
      fetch(`${contract.metrics}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    Boolean,
    'a ready door',
    30_000,
  );
}

function doorProcess(): number | null {
  const { supervisor } = contract.processes;
  const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ').map(Number);
  return children.find((pid) => commandOf(pid).endsWith('\0proxy')) ?? null;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '');
  } catch {
    return '';
  }
}

for (const cluster of clusters) {
  test(`client-go opens a shell and a port on ${cluster.name}, over WebSocket, over SPDY, and falling back`, async () => {
    for (const protocol of ['websocket', 'spdy', 'fallback']) {
      const target = ['--protocol', protocol, '--pod', 'probe', '--container', 'main', '--port', '8080'];
      const shell = goClient(cluster, [...target, 'exec', 'sh', '-c', 'cat; echo problem >&2; exit 7']);
      shell.child.stdin.end('what went in\n');
      expect([protocol, ...(await shell.ended)]).toEqual([
        protocol,
        { event: 'ended', code: 7, stdout: 'what went in\n', stderr: 'problem\n' },
      ]);
      const pages = await goClient(cluster, [...target, 'forward']).ended;
      expect([protocol, ...pages]).toEqual([protocol, ...Array(2).fill({ event: 'page', status: 200, body: 'hello from the pod\n' })]);
    }
  });
}

function nodeClient(cluster: DemoCluster): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(guest.kubeconfig);
  config.setCurrentContext(cluster.name);
  return config;
}

test('client-node lists, reads, writes and follows, and notices a namespace that comes and goes', async () => {
  const config = nodeClient(east);
  const api = config.makeApiClient(CoreV1Api);
  const pods = await api.listNamespacedPod({ namespace: home });
  expect(pods.items.map(({ metadata }) => metadata?.name)).toEqual(['probe']);
  await expect(api.listNode()).rejects.toThrow(/403/);
  await api.createNamespacedConfigMap({ namespace: home, body: { metadata: { name: 'by-node' }, data: { n: '1' } } });
  expect((await api.readNamespacedConfigMap({ namespace: home, name: 'by-node' })).data).toEqual({ n: '1' });
  await api.deleteNamespacedConfigMap({ namespace: home, name: 'by-node' });

  const informer = makeInformer(config, '/api/v1/namespaces', () => api.listNamespace());
  const shown = new Set<string>();
  informer.on('add', ({ metadata }) => shown.add(metadata?.name ?? ''));
  informer.on('delete', ({ metadata }) => shown.delete(metadata?.name ?? ''));
  let over = false;
  informer.on('error', async () => {
    await sleep(200);
    if (!over) await informer.start();
  });
  await informer.start();
  const names = () => [...shown].sort();
  try {
    await expect.poll(names, patience).toEqual([home]);
    await withSecondNamespace(async () => {
      await expect.poll(names, patience).toEqual([home, second]);
    });
    await expect.poll(names, patience).toEqual([home]);
  } finally {
    over = true;
    await informer.stop();
  }
});

test('client-node opens a shell, a port and a log', async () => {
  for (const cluster of clusters) {
    const config = nodeClient(cluster);
    const [out, problems] = [new PassThrough(), new PassThrough()];
    const status = new Promise<V1Status>((resolve) => {
      const command = ['sh', '-c', 'cat; echo problem >&2; exit 7'];
      void new Exec(config).exec(home, 'probe', 'main', command, out, problems, Readable.from(['what went in\n']), false, resolve);
    });
    const [said, complained, ended] = await Promise.all([text(out), text(problems), status]);
    expect([said, complained, ended.reason]).toEqual(['what went in\n', 'problem\n', 'NonZeroExitCode']);

    const [request, page] = [new PassThrough(), new PassThrough()];
    const forward = await new PortForward(config).portForward(home, 'probe', [8080], page, null, request);
    request.write('GET / HTTP/1.0\r\nHost: pod\r\n\r\n');
    let read = '';
    page.on('data', (chunk: Buffer) => {
      read += chunk.toString('utf8');
    });
    await expect.poll(() => read, patience).toContain('hello from the pod');
    if ('close' in forward) forward.close();

    const log = new PassThrough();
    const [lines] = await Promise.all([text(log), new Log(config).log(home, 'probe', 'main', log, { tailLines: 2 })]);
    expect(lines).toBe('line 2\nline 3\n');
  }
});
