import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { kubectlEnvironment, runKubectl } from './kubernetes/kubectl.ts';
import { type Cluster, ensureKubernetesBinaries, type KubernetesBinaries, kubernetesVersion, startCluster } from './kubernetes.ts';
import { consoleProgress } from './progress.ts';
import { createWarden, type Warden } from './warden.ts';

const buildLimitMs = 25 * 60_000;
const ways = ['newest', 'classic'] as const;
type Way = (typeof ways)[number];

let directory: string;
let binaries: KubernetesBinaries;
let warden: Warden;
const clusters = {} as Record<Way, Cluster>;

/** The newest way passes WebSocket through to the node, the classic one translates to SPDY and knows no constrained impersonation. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-kubernetes-'));
  binaries = await ensureKubernetesBinaries(consoleProgress);
  warden = await createWarden();
  await Promise.all(
    ways.map(async (way) => {
      const newest = way === 'newest';
      clusters[way] = await startCluster({
        name: way,
        directory: join(directory, way),
        binaries,
        warden,
        classicImpersonation: !newest,
        extendWebSockets: newest,
      });
      await clusters[way].apply([
        namespace('shop'),
        pod('shop', 'web', webServer),
        pod('shop', 'other', webServer),
        pod('shop', 'echo', echo),
      ]);
      await must(clusters[way], 'wait', '-n', 'shop', 'pod', '--all', '--for=condition=Ready', '--timeout=30s');
    }),
  );
}, buildLimitMs);

afterAll(async () => {
  await Promise.all(Object.values(clusters).map((cluster) => cluster.stop()));
  await warden?.close();
  expect(processesOf(directory)).toEqual([]);
  rmSync(directory, { recursive: true, force: true });
});

describe.each(ways)('kubectl on the %s cluster', (way) => {
  it('finds the current release', async () => {
    const { serverVersion } = JSON.parse(await must(clusters[way], 'version', '-o', 'json'));
    expect(serverVersion).toMatchObject({ gitVersion: kubernetesVersion, major: '1', minor: '37' });
  });

  it('exec hands over output, standard input and exit code', async () => {
    const first = await clusters[way].kubectl('exec', '-n', 'shop', 'web', '--', 'sh', '-c', 'echo out; echo problem >&2; exit 7');
    expect(first).toMatchObject({ code: 7, stdout: 'out\n' });
    expect(first.stderr).toContain('problem');
    const megabytes = 'x'.repeat(20 * 1024 * 1024);
    const second = await kubectlWith(way, megabytes, 'exec', '-i', '-n', 'shop', 'web', '--', 'cat');
    expect(second.stdout.length).toBe(megabytes.length);
  });

  it('exec -t gives a real terminal', async () => {
    const command = `'${binaries.kubectl}' --kubeconfig '${clusters[way].adminKubeconfig}' exec -it -n shop web -- sh -c 'test -t 0 && echo a terminal'`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { env: environment() });
    child.stdin.end();
    expect(await text(child.stdout)).toContain('a terminal');
  });

  it("exec sees the container's own files, not the machine's", async () => {
    const inside = (...command: string[]) => must(clusters[way], 'exec', '-n', 'shop', 'web', '--', ...command);
    expect(await inside('ls', '/')).not.toContain('boot');
    expect(await inside('hostname')).toBe('web\n');
  });

  it('logs -f shows lines as they are written, and --tail and --since choose among them', async () => {
    await clusters[way].apply([pod('shop', 'clock', 'i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.2; done')]);
    await must(clusters[way], 'wait', '-n', 'shop', 'pod/clock', '--for=condition=Ready', '--timeout=30s');
    const follower = start(way, 'logs', '-f', '-n', 'shop', 'clock');
    await follower.shows(/tick 9\n/);
    expect(await must(clusters[way], 'logs', '-n', 'shop', 'clock', '--tail=2')).toMatch(/^tick \d+\ntick \d+\n$/);
    expect(await must(clusters[way], 'logs', '-n', 'shop', 'clock', '--since=1s')).not.toContain('tick 1\n');
    await must(clusters[way], 'delete', 'pod', '-n', 'shop', 'clock');
    expect(await follower.ended).toBe(0);
  });

  it('attach reaches the standard input and output of the running process', async () => {
    const attached = start(way, 'attach', '-i', '-n', 'shop', 'echo');
    await attached.shows(/see a command prompt/);
    attached.child.stdin?.write('hello\n');
    await attached.shows(/heard hello/);
  });

  it('cp carries files in and out', async () => {
    const [there, back] = [join(directory, `${way}-there`), join(directory, `${way}-back`)];
    writeFileSync(there, 'carried');
    await must(clusters[way], 'cp', there, 'shop/web:/tmp/there');
    await must(clusters[way], 'cp', 'shop/web:/tmp/there', back);
    expect(readFileSync(back, 'utf8')).toBe('carried');
  });

  it('port-forward reaches the right one of two pods that listen on the same port', async () => {
    for (const name of ['web', 'other']) {
      const forward = start(way, 'port-forward', '-n', 'shop', `pod/${name}`, ':8080');
      const [, port] = await forward.shows(/127\.0\.0\.1:(\d+) ->/);
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe(`I am ${name}\n`);
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe(`I am ${name}\n`);
      forward.child.kill();
    }
  });
});

describe('the node', () => {
  it('takes pods that name no node, and runs Jobs to success or failure', async () => {
    await clusters.newest.apply([job('shop', 'good', 'exit 0'), job('shop', 'bad', 'exit 3')]);
    await Promise.all([
      must(clusters.newest, 'wait', '-n', 'shop', 'job/good', '--for=condition=Complete', '--timeout=30s'),
      must(clusters.newest, 'wait', '-n', 'shop', 'job/bad', '--for=condition=Failed', '--timeout=30s'),
    ]);
  });

  it("lets a Job with the machine's tools use its service account and call us", async () => {
    const { address, called } = await listen();
    const whoami = 'kubectl auth whoami -o json > /tmp/me && cat /tmp/me';
    const post = `node -e 'fetch("${address}", {method: "POST", body: require("fs").readFileSync("/tmp/me")})'`;
    await clusters.newest.apply([job('shop', 'caller', `${whoami} && ${post}`, 'gatehouse.test/host-tools')]);
    const { userInfo } = JSON.parse(await called).status;
    expect(userInfo.username).toBe('system:serviceaccount:shop:default');
    expect(userInfo.extra['authentication.kubernetes.io/pod-name'][0]).toMatch(/^caller-/);
  });

  it('gives a container its Secret, ConfigMap, fields and shared scratch space', async () => {
    await clusters.newest.apply([
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'shop' }, stringData: { word: 'secret word' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'shop' }, data: { word: 'plain word' } },
      furnishedPod,
    ]);
    await must(clusters.newest, 'wait', '-n', 'shop', 'pod/furnished', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=30s');
    expect(await must(clusters.newest, 'logs', '-n', 'shop', 'furnished', '-c', 'reader')).toBe(
      'secret word/plain word/furnished/from the first\n',
    );
  });

  it('ends the processes of a deleted pod within its grace period', async () => {
    const stubborn = {
      ...pod('shop', 'stubborn', 'trap "" TERM; sleep 1234 & wait; sleep 1234'),
      metadata: { name: 'stubborn', namespace: 'shop' },
    };
    await clusters.newest.apply([stubborn]);
    await must(clusters.newest, 'wait', '-n', 'shop', 'pod/stubborn', '--for=condition=Ready', '--timeout=30s');
    expect(await must(clusters.newest, 'get', 'pod', '-n', 'shop', 'stubborn', '-o', 'jsonpath={.status.phase}')).toBe('Running');
    const uid = await must(clusters.newest, 'get', 'pod', '-n', 'shop', 'stubborn', '-o', 'jsonpath={.metadata.uid}');
    expect(processesOf(uid).length).toBeGreaterThan(0);
    await must(clusters.newest, 'delete', 'pod', '-n', 'shop', 'stubborn', '--timeout=10s');
    expect(processesOf(uid)).toEqual([]);
  });

  it('is called by the API server only: another certificate of the same authority is refused', async () => {
    const port = Number(
      await must(clusters.newest, 'get', 'node', 'newest-node', '-o', 'jsonpath={.status.daemonEndpoints.kubeletEndpoint.Port}'),
    );
    await expect(callKubelet(port, 'admin')).rejects.toThrow();
    expect(await callKubelet(port, 'kubelet-client')).toBe(200);
  });
});

describe('the control plane', () => {
  it('counts a quota and refuses the pod too many', async () => {
    await clusters.newest.apply([
      namespace('small'),
      { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'small' }, spec: { hard: { pods: '1' } } },
    ]);
    await must(clusters.newest, 'wait', '-n', 'small', 'resourcequota/q', '--for=jsonpath={.status.hard.pods}=1', '--timeout=30s');
    await clusters.newest.apply([pod('small', 'one', 'sleep 60')]);
    await expect(clusters.newest.apply([pod('small', 'two', 'sleep 60')])).rejects.toThrow('exceeded quota');
    await must(clusters.newest, 'wait', '-n', 'small', 'resourcequota/q', '--for=jsonpath={.status.used.pods}=1', '--timeout=30s');
  });

  it('refuses a privileged pod where the Pod Security level says so', async () => {
    await clusters.newest.apply([namespace('safe', { 'pod-security.kubernetes.io/enforce': 'baseline' })]);
    const privileged = pod('safe', 'p', 'sleep 60');
    Object.assign(privileged.spec.containers[0] ?? {}, { securityContext: { privileged: true } });
    await expect(clusters.newest.apply([privileged])).rejects.toThrow('violates PodSecurity');
  });

  it('deletes a namespace with all that runs in it', async () => {
    await clusters.newest.apply([namespace('short'), pod('short', 'p', 'sleep 600')]);
    await must(clusters.newest, 'delete', 'namespace', 'short', '--timeout=25s');
  });

  it('writes the impersonated person, their groups and the end of a request to its audit log', async () => {
    await clusters.newest.kubectl('get', 'pods', '-n', 'shop', '--as=somebody', '--as-group=some-group');
    await vi.waitFor(() => {
      const entry = auditEntries(clusters.newest).find(({ impersonatedUser }) => impersonatedUser?.username === 'somebody');
      expect(entry).toMatchObject({
        stage: 'ResponseComplete',
        user: { username: 'kubernetes-admin' },
        impersonatedUser: { groups: expect.arrayContaining(['some-group']) },
        responseStatus: { code: 403 },
      });
    });
    expect(auditEntries(clusters.newest).some(({ user }) => user.username.startsWith('system:node:'))).toBe(false);
  });

  it('knows constrained impersonation on the newest cluster only', async () => {
    const gate = async (way: Way) =>
      (await must(clusters[way], 'get', '--raw', '/metrics')).match(/name="ConstrainedImpersonation".*} (\d)/)?.[1];
    expect(await gate('newest')).toBe('1');
    expect(await gate('classic')).toBe('0');
  });
});

describe('a cluster', () => {
  it('keeps its port and its pods when the API server is restarted', async () => {
    const server = clusters.classic.server;
    await clusters.classic.restartApiServer();
    expect(clusters.classic.server).toBe(server);
    expect(await must(clusters.classic, 'exec', '-n', 'shop', 'web', '--', 'echo', 'still here')).toBe('still here\n');
  });

  it('is the same cluster when it is started again in its directory', async () => {
    const { caPem, server } = clusters.classic;
    await clusters.classic.stop();
    clusters.classic = await startCluster({ name: 'classic', directory: join(directory, 'classic'), binaries, warden });
    expect(clusters.classic).toMatchObject({ caPem, server });
    await vi.waitFor(async () => {
      expect(await must(clusters.classic, 'exec', '-n', 'shop', 'web', '--', 'echo', 'run again')).toBe('run again\n');
    }, 15_000);
  });

  it('leaves no process behind when its starter is killed by SIGKILL', async () => {
    const place = mkdtempSync(join(directory, 'killed-'));
    const script = join(place, 'starter.ts');
    writeFileSync(script, starterScript(place));
    const starter = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(starter.stdout, 'data');
    expect(processesOf(place).length).toBeGreaterThan(6);
    starter.kill('SIGKILL');
    await vi.waitFor(() => expect(processesOf(place)).toEqual([]), { timeout: 8_000, interval: 200 });
  }, 90_000);
});

const webServer = 'mkdir -p /www && echo "I am $HOSTNAME" > /www/index.html && exec httpd -f -p 8080 -h /www';
const echo = 'while read -r line; do echo "heard $line"; done';

function namespace(name: string, labels: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function pod(space: string, name: string, script: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: space },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'busybox', stdin: true, command: ['sh', '-c', script] }],
    },
  };
}

function job(space: string, name: string, script: string, image = 'busybox') {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: space },
    spec: {
      backoffLimit: 0,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image, command: ['sh', '-c', script] }] } },
    },
  };
}

const furnishedPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'furnished', namespace: 'shop' },
  spec: {
    restartPolicy: 'Never',
    volumes: [
      { name: 'secret', secret: { secretName: 's' } },
      { name: 'scratch', emptyDir: {} },
    ],
    initContainers: [
      {
        name: 'writer',
        image: 'busybox',
        command: ['sh', '-c', 'echo from the first > /scratch/note'],
        volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
      },
    ],
    containers: [
      {
        name: 'reader',
        image: 'busybox',
        args: ['sh', '-c', 'echo "$(cat /secret/word)/$(WORD)/$NAME/$(cat note)"'],
        workingDir: '/shared',
        env: [
          { name: 'WORD', valueFrom: { configMapKeyRef: { name: 'c', key: 'word' } } },
          { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
        volumeMounts: [
          { name: 'secret', mountPath: '/secret', readOnly: true },
          { name: 'scratch', mountPath: '/shared' },
        ],
      },
    ],
  },
};

async function must(cluster: Cluster, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(...args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

const environment = () => kubectlEnvironment(directory) as NodeJS.ProcessEnv;
const kubectlWith = (way: Way, input: string, ...args: string[]) =>
  runKubectl(binaries.kubectl, directory, ['--kubeconfig', clusters[way].adminKubeconfig, ...args], input);

/** A kubectl that goes on, and what it has said so far. */
function start(way: Way, ...args: string[]) {
  const child: ChildProcess = spawn(binaries.kubectl, ['--kubeconfig', clusters[way].adminKubeconfig, ...args], {
    env: environment(),
    stdio: 'pipe',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code]) => code);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const shows = async (wanted: RegExp): Promise<RegExpMatchArray> => {
    for (let waited = 0; waited < 15_000; waited += 20) {
      const match = said.match(wanted);
      if (match) return match;
      await sleep(20);
    }
    throw new Error(`kubectl ${args.join(' ')} never said ${wanted}, but: ${said}`);
  };
  return { child, ended, shows };
}

async function listen(): Promise<{ address: string; called: Promise<string> }> {
  const server = createServer();
  onTestFinished(() => void server.close());
  const called = once(server, 'request').then(async ([message, response]) => {
    response.end();
    return text(message as IncomingMessage);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, called };
}

function callKubelet(port: number, account: string): Promise<number | undefined> {
  const pki = (name: string) => readFileSync(join(directory, 'newest', 'pki', name));
  return new Promise((resolve, reject) => {
    const path = '/containerLogs/shop/web/main';
    const call = request({
      host: '127.0.0.1',
      port,
      path,
      ca: pki('ca.crt'),
      cert: pki(`${account}.crt`),
      key: pki(`${account}.key`),
      agent: false,
    });
    call.once('response', (response) => resolve(response.resume().statusCode));
    call.once('error', reject);
    call.end();
  });
}

interface AuditEntry {
  stage: string;
  user: { username: string };
  impersonatedUser?: { username: string; groups?: string[] };
}

function auditEntries(cluster: Cluster): AuditEntry[] {
  return readFileSync(cluster.auditLog, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** All processes that carry this text in their command line or environment, ourselves excepted. */
function processesOf(sought: string): number[] {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => read(pid, 'cmdline').includes(sought) || read(pid, 'environ').includes(sought))
    .map(Number);
}

function starterScript(place: string): string {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const spec = JSON.stringify(pod('default', 'busy', 'sleep 4321 & setsid sleep 4321 & sleep 4321'));
  return `
    import { startCluster } from ${module('./kubernetes.ts')};
    import { createWarden } from ${module('./warden.ts')};
    const cluster = await startCluster({ name: 'killed', directory: ${JSON.stringify(place)}, binaries: ${JSON.stringify(binaries)}, warden: await createWarden() });
    await cluster.apply([${spec}]);
    await cluster.kubectl('wait', 'pod/busy', '--for=condition=Ready', '--timeout=30s');
    console.log('ready');
    setInterval(() => {}, 1000);
  `;
}
