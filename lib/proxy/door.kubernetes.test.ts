// The door before a real API server, used by the real kubectl.
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { kubectlEnvironment } from '#e2e/stack/kubernetes/kubectl.ts';
import { type Cluster, ensureKubernetesBinaries, type KubernetesBinaries, startCluster } from '#e2e/stack/kubernetes.ts';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { createWarden, type Warden } from '#e2e/stack/warden.ts';
import { doorAccount, systemNamespace } from '#lib/cluster/names.ts';
import { accountObject, compileOwnObjects, systemNamespaceObject } from '#lib/cluster/own-objects.ts';
import { compileDoorPowers } from '#lib/cluster/powers.ts';
import { kubeconfig } from '#lib/credential/kubeconfig.ts';
import { developerId, operatorId, viewerId } from '#lib/entitlement/builtin-roles.ts';
import { compileRoles } from '#lib/entitlement/compile.ts';
import { ask, openRaw } from './testing/raw-client.ts';
import { clusterId, type Stand, startStand } from './testing/stand.ts';
import { createUpstreams } from './upstream.ts';

const buildLimitMs = 25 * 60_000;
const east = clusterId('east');
const spdy = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' };
const protocols = [
  ['WebSocket', {}],
  ['SPDY', spdy],
] as const;

let directory: string;
let binaries: KubernetesBinaries;
let warden: Warden;
let cluster: Cluster;
let stand: Stand;
let doorToken = '';
const files: Record<string, string> = {};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-door-'));
  binaries = await ensureKubernetesBinaries(consoleProgress);
  warden = await createWarden();
  cluster = await startCluster({ name: 'east', directory: join(directory, 'east'), binaries, warden });
  await cluster.apply([
    namespace('shop'),
    namespace('pay'),
    pod('shop', 'web'),
    pod('pay', 'still', 'sleep 3600'),
    pod('shop', 'clock', 'i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done'),
  ]);
  stand = await startStand({
    clusters: [{ name: 'east', serverUrl: cluster.server, caPem: cluster.caPem, namespaces: ['shop', 'pay'] }],
    people: ['alice', 'bob', 'dave', 'erin', 'frank', 'gina', 'nora'],
    doorCredentials: { token: async () => doorToken, forget: () => {} },
  });
  for (const person of ['alice', 'dave', 'erin', 'gina']) {
    await stand.grant(person, operatorId, { kind: 'namespaces', clusterId: east, namespaces: ['shop'] });
  }
  await stand.grant('alice', developerId, { kind: 'namespaces', clusterId: east, namespaces: ['shop'] });
  await stand.grant('bob', viewerId, { kind: 'namespaces', clusterId: east, namespaces: ['pay'] });
  await stand.grant('nora', viewerId, { kind: 'namespaces', clusterId: east, namespaces: ['shop'] });
  await cluster.apply([systemNamespaceObject(stand.installationId), accountObject(stand.installationId, doorAccount)]);
  await cluster.apply(compileOwnObjects(stand.installationId).filter(({ metadata }) => !metadata.name.includes('reconciler')));
  await reconciled();
  doorToken = (await must(cluster.kubectl('create', 'token', '-n', systemNamespace, doorAccount))).trim();
  for (const person of ['alice', 'bob', 'dave', 'erin', 'frank', 'gina']) files[person] = await kubeconfigOf(person);
  await must(cluster.kubectl('wait', '-n', 'shop', 'pod', '--all', '--for=condition=Ready', '--timeout=60s'));
}, buildLimitMs);

afterAll(async () => {
  await stand?.stop();
  await cluster?.stop();
  await warden?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What the worker would write. */
async function reconciled(): Promise<void> {
  const now = new Date();
  await cluster.apply([...compileRoles(stand.world, east, now), ...compileDoorPowers(stand.world, east, now)]);
}

async function kubeconfigOf(person: string, token?: string): Promise<string> {
  const file = join(directory, `${person}-${randomBytes(4).toString('hex')}.yaml`);
  const text = kubeconfig({
    proxyUrl: stand.url,
    proxyCaPem: stand.caPem,
    userName: person,
    token: token ?? (await stand.token(person)),
    clusters: [{ name: 'east' }],
  });
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

describe('who one is there', () => {
  test('whoami says exactly the person, their platform groups and system:authenticated', async () => {
    const { status } = JSON.parse(await must(kubectl('alice', 'auth', 'whoami', '-o', 'json')));
    expect(status.userInfo).toEqual({
      username: 'gatehouse:alice@corp.example',
      uid: stand.world.person('p-alice')?.objectGuid,
      groups: [...stand.world.platformGroups('p-alice', east, new Date()), 'system:authenticated'],
    });
  });

  test('the cluster’s own audit log names the person, and our request id', async () => {
    await must(kubectl('alice', 'get', 'pods', '-n', 'shop'));
    await expect
      .poll(() => readFileSync(cluster.auditLog, 'utf8'))
      .toMatch(/"impersonatedUser":\{"username":"gatehouse:alice@corp.example"/);
  });

  test('a watch over a shared HTTP/2 connection comes from exactly the person, each group on its own, as the cluster’s audit log reads it (SECURITY 6)', async () => {
    const upstreams = createUpstreams();
    onTestFinished(() => upstreams.close());
    const groups = [...stand.world.platformGroups('p-alice', east, new Date()), 'system:authenticated'];
    const auditId = randomUUID();
    const person = ['Impersonate-User', 'gatehouse:alice@corp.example', 'Impersonate-Uid', stand.world.person('p-alice')?.objectGuid ?? ''];
    const headers = [
      ...['Host', 'kubernetes', 'Authorization', `Bearer ${doorToken}`, ...person],
      ...groups.flatMap((group) => ['Impersonate-Group', group]),
      ...['Audit-Id', auditId, 'Connection', 'keep-alive'],
    ];
    const address = { id: east, serverUrl: cluster.server, serverName: null, caPem: cluster.caPem, proxyUrl: null };
    let seen = '';
    const watch = upstreams.follow(
      address,
      { method: 'GET', path: '/api/v1/namespaces/shop/configmaps?watch=1&timeoutSeconds=30', headers },
      {
        onHead: ({ status }) => {
          seen += `${status} `;
        },
        onData: (piece) => {
          seen += piece.toString('utf8');
        },
        onEnd: () => {
          seen += 'the end';
        },
        onError: ({ facts }) => {
          seen += facts.detail;
        },
      },
    );
    await expect.poll(() => seen, { timeout: 10_000 }).toMatch(/^200 .*kube-root-ca/s);
    expect(upstreams.sockets()).toMatchObject([{ busy: 1, streams: 1, idle: 0 }]);
    const told = () =>
      readFileSync(cluster.auditLog, 'utf8')
        .split('\n')
        .find((line) => line.includes(auditId)) ?? '{}';
    await expect
      .poll(() => JSON.parse(told()).impersonatedUser, { timeout: 10_000 })
      .toMatchObject({
        username: 'gatehouse:alice@corp.example',
        groups,
      });
    watch.abort();
    await expect.poll(() => upstreams.sockets()[0]?.streams).toBe(0);
    expect(seen).not.toContain('the end');
  });

  test('--as is refused with a sentence, not passed on', async () => {
    const { code, stderr } = await kubectl('alice', 'get', 'pods', '-n', 'shop', '--as=system:admin', '--as-group=system:masters');
    expect(code).toBe(1);
    expect(stderr).toContain('Acting as somebody else');
  });

  test('frank, without any right, gets nothing at all; bob cannot look into alice’s namespace', async () => {
    expect((await kubectl('frank', 'get', 'ns')).stderr).toContain('You have no access to a cluster of this name');
    expect((await kubectl('bob', 'get', 'pods', '-n', 'shop')).stderr).toContain('gatehouse:bob@corp.example');
    expect((await kubectl('alice', 'get', 'secrets', '-n', 'kube-system')).stderr).toContain('Forbidden');
  });
});

describe('namespaces are one’s own', () => {
  test('kubectl get ns shows them and no other, in whatever way it is asked', async () => {
    expect(await must(kubectl('alice', 'get', 'ns', '-o', 'name'))).toBe('namespace/shop\n');
    expect(await must(kubectl('bob', 'get', 'ns', '-o', 'name'))).toBe('namespace/pay\n');
    for (const path of [
      '/api/v1/namespaces',
      '/api/v1/namespaces/',
      '/api/v1/%6eamespaces',
      '/api/v1/namespaces?limit=1',
      '/api/v1/namespaces?labelSelector=&labelSelector=a',
      '/api/v1/namespaces?labelSelector=kubernetes.io/metadata.name%20in%20(kube-system',
      '/api/v1/namespaces?fieldSelector=metadata.name%3Dkube-system',
    ]) {
      const { stdout } = await kubectl('alice', 'get', '--raw', path);
      expect(stdout).not.toContain('kube-system"');
      expect(stdout).not.toContain('"name":"pay"');
    }
    expect((await kubectl('alice', 'get', 'ns', 'kube-system')).code).toBe(1);
  });

  test('a change of the set as an informer lives it: the watch ends, its version is 410 at once, a new list and watch show the new set (PROTOCOLS B3)', async () => {
    const token = await stand.token('nora');
    const asked = (path: string) => [
      `GET /clusters/east/api/v1/namespaces${path} HTTP/1.1`,
      'Host: door',
      `Authorization: Bearer ${token}`,
    ];
    const list = async () => {
      const { metadata, items } = JSON.parse((await ask(stand.url, stand.caPem, asked(''))).body);
      return { version: metadata.resourceVersion, names: items.map((item: { metadata: { name: string } }) => item.metadata.name) };
    };
    const listed = await list();
    expect(listed.names).toEqual(['shop']);
    const watch = await openRaw(stand.url, stand.caPem);
    watch.send(asked(`?watch=1&resourceVersion=${listed.version}&timeoutSeconds=60`));
    await watch.until(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n/, 15_000);
    await stand.grant('nora', viewerId, { kind: 'namespaces', clusterId: east, namespaces: ['pay'] });
    await watch.until(/\r\n0\r\n\r\n$/, 15_000);
    watch.destroy();
    await reconciled();
    const again = (version: string) =>
      ask(stand.url, stand.caPem, asked(`?watch=1&resourceVersion=${version}&timeoutSeconds=1`)).then(({ status }) => status);
    await expect.poll(() => again(listed.version), { timeout: 15_000 }).toBe(410);
    const relisted = await list();
    expect(relisted.names).toEqual(['pay', 'shop']);
    expect(await again(relisted.version)).toBe(200);
  });

  test('a watch of namespaces, old spelling included, shows them and no other', async () => {
    for (const path of [
      '/api/v1/namespaces?watch=1&timeoutSeconds=1',
      '/api/v1/watch/namespaces?timeoutSeconds=1',
      '/api/v1/watch/namespaces/kube-system?timeoutSeconds=1',
    ]) {
      expect((await must(kubectl('bob', 'get', '--raw', path))).match(/"kubernetes.io\/metadata.name":"[a-z-]+"/g) ?? []).not.toContain(
        '"kubernetes.io/metadata.name":"kube-system"',
      );
    }
  });
});

describe('work', () => {
  test('apply, get, describe, patch, wait and delete', async () => {
    const manifest = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'made', namespace: 'shop' },
      data: { a: 'x'.repeat(200_000) },
    });
    expect(await must(kubectlWith('alice', manifest, {}, 'apply', '-f', '-'))).toContain('configmap/made created');
    expect(await must(kubectlWith('alice', manifest, {}, 'apply', '--server-side', '--force-conflicts', '-f', '-'))).toContain(
      'serverside-applied',
    );
    expect(await must(kubectl('alice', 'get', 'cm', 'made', '-n', 'shop', '-o', 'jsonpath={.data.a}'))).toHaveLength(200_000);
    await must(kubectl('alice', 'patch', 'cm', 'made', '-n', 'shop', '--type=merge', '-p', '{"data":{"a":"y"}}'));
    expect(await must(kubectl('alice', 'describe', 'pod', 'web', '-n', 'shop'))).toContain('Name:');
    expect(await must(kubectl('alice', 'delete', 'cm', 'made', '-n', 'shop'))).toContain('deleted');
    expect(await must(kubectl('alice', 'auth', 'can-i', 'get', 'pods', '-n', 'shop'))).toBe('yes\n');
    expect((await kubectl('alice', 'get', 'pod', 'nobody', '-n', 'shop')).stderr).toContain('NotFound');
  });

  test('discovery, OpenAPI and version are the cluster’s own', async () => {
    expect(await must(kubectl('alice', 'api-resources', '-o', 'name'))).toContain('deployments.apps');
    expect(await must(kubectl('alice', 'explain', 'pod.spec.containers'))).toContain('ports');
    expect(await must(kubectl('alice', 'version', '-o', 'json'))).toContain('"serverVersion"');
  });

  test('a watch shows what happens', async () => {
    const watch = start('alice', {}, 'get', 'cm', '-n', 'shop', '-w', '-o', 'name');
    await watch.shows(/kube-root-ca/);
    await must(kubectl('alice', 'create', 'cm', 'seen', '-n', 'shop'));
    await watch.shows(/configmap\/seen/);
    await must(kubectl('alice', 'delete', 'cm', 'seen', '-n', 'shop'));
  });

  test('logs -f follows', async () => {
    await start('alice', {}, 'logs', '-f', '--tail=1', '-n', 'shop', 'clock').shows(/tick \d+\n.*tick \d+\n/);
  });

  test.each(protocols)('exec over %s hands over output, input and exit code', async (_name, env) => {
    const first = await kubectlWith('alice', '', env, 'exec', '-n', 'shop', 'web', '--', 'sh', '-c', 'echo out; echo problem >&2; exit 7');
    expect(first).toMatchObject({ code: 7, stdout: 'out\n' });
    expect(first.stderr).toContain('problem');
    const megabytes = 'x'.repeat(5 * 1024 * 1024);
    expect((await kubectlWith('alice', megabytes, env, 'exec', '-i', '-n', 'shop', 'web', '--', 'cat')).stdout).toHaveLength(
      megabytes.length,
    );
  });

  test.each(protocols)('cp over %s carries files in and out unaltered', async (_name, env) => {
    const [there, back] = [join(directory, 'there'), join(directory, 'back')];
    const bytes = randomBytes(3 * 1024 * 1024);
    writeFileSync(there, bytes);
    await must(kubectlWith('alice', '', env, 'cp', there, 'shop/web:/tmp/there'));
    await must(kubectlWith('alice', '', env, 'cp', 'shop/web:/tmp/there', back));
    expect(readFileSync(back).equals(bytes)).toBe(true);
  });

  test.each(protocols)('port-forward over %s reaches the pod, again and again', async (_name, env) => {
    const forward = start('alice', env, 'port-forward', '-n', 'shop', 'pod/web', ':8080');
    const [, port] = await forward.shows(/127\.0\.0\.1:(\d+) ->/);
    for (let i = 0; i < 3; i += 1) expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('I am web\n');
  });

  test('exec where there is no right is refused in the cluster’s own words', async () => {
    const { code, stderr } = await kubectl('bob', 'exec', '-n', 'pay', 'still', '--', 'sh');
    expect(code).toBe(1);
    expect(stderr).toContain('gatehouse:bob@corp.example');
  });
});

describe('a cut is felt and told', () => {
  test.each([
    ['WebSocket', {}, 'dave'],
    ['SPDY', spdy, 'erin'],
  ] as const)(
    'over %s: watch, logs -f and exec end within a second of the disable, none of them as if all were well, and the next request is 401',
    async (_name, env, person) => {
      const watch = start(person, env, 'get', 'pods', '-n', 'shop', '-w');
      const logs = start(person, env, 'logs', '-f', '--tail=1', '-n', 'shop', 'clock');
      const exec = start(person, env, 'exec', '-i', '-n', 'shop', 'web', '--', 'sh', '-c', 'echo ready; sleep 600');
      await Promise.all([watch.shows(/web/), logs.shows(/tick/), exec.shows(/ready/)]);
      const ofPerson = () => (stand.door.snapshotStreams() as { personId: string }[]).filter(({ personId }) => personId === `p-${person}`);
      await expect.poll(() => ofPerson().length, { timeout: 10_000 }).toBe(3);
      const began = performance.now();
      await stand.disable(person);
      const [, logsCode, execCode] = await Promise.all([watch.ended, logs.ended, exec.ended]);
      expect(performance.now() - began).toBeLessThan(2_000);
      expect(logsCode).not.toBe(0);
      expect(execCode).not.toBe(0);
      expect(exec.stderr()).toContain('Your access has ended');
      expect((await kubectl(person, 'get', 'pods', '-n', 'shop')).stderr).toMatch(/must be logged in|Unauthorized/);
    },
  );

  test('port-forward ends for whoever is out', async () => {
    const forward = start('gina', {}, 'port-forward', '-n', 'shop', 'pod/web', ':8080');
    const [, port] = await forward.shows(/127\.0\.0\.1:(\d+) ->/);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('I am web\n');
    await stand.disable('gina');
    await expect
      .poll(() =>
        fetch(`http://127.0.0.1:${port}/`).then(
          () => 'answered',
          () => 'refused',
        ),
      )
      .toBe('refused');
  });
});

type Env = Readonly<Record<string, string>>;

function kubectl(person: string, ...args: string[]) {
  return kubectlWith(person, '', {}, ...args);
}

async function kubectlWith(person: string, input: string, env: Env, ...args: string[]) {
  const running = start(person, env, ...args);
  running.stdin.end(input);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

function start(person: string, env: Env, ...args: string[]) {
  const child = spawn(binaries.kubectl, ['--kubeconfig', files[person] ?? '', ...args], {
    env: { ...kubectlEnvironment(directory), ...env } as unknown as NodeJS.ProcessEnv,
    stdio: 'pipe',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => err.push(chunk));
  const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8');
  return {
    stdin: child.stdin,
    stdout: () => text(out),
    stderr: () => text(err),
    ended: new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1))),
    async shows(pattern: RegExp): Promise<RegExpExecArray> {
      for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 20) {
        const found = new RegExp(pattern.source, 's').exec(text(out));
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`kubectl ${args.join(' ')} never showed ${pattern}; it said: ${text(out)}${text(err)}`);
    },
  };
}

async function must(running: Promise<{ code: number; stdout: string; stderr: string }>): Promise<string> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`kubectl ended with ${code}: ${stderr}`);
  return stdout;
}

function namespace(name: string) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

function pod(
  space: string,
  name: string,
  script = 'mkdir -p /www && echo "I am $HOSTNAME" > /www/index.html && exec httpd -f -p 8080 -h /www',
) {
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
