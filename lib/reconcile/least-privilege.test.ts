/**
 * What the door's account is worth on real API servers: one that knows constrained impersonation, and one as older releases are. Through the
 * door people do their work on both; past the door, with the account's own token, a thief gets nothing that nobody here has.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ensureKubernetesBinaries } from '#e2e/stack/kubernetes.ts';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { createClusterClient } from '#lib/cluster/client.ts';
import { openDoorToken, readClusterRow, readSelfTest } from '#lib/cluster/data.ts';
import { readKubeconfig } from '#lib/cluster/kubeconfig.ts';
import { updateCluster } from '#lib/cluster/mutations.ts';
import { systemNamespace } from '#lib/cluster/names.ts';
import type { SelfTestCheck } from '#lib/cluster/powers-schema.ts';
import { changing } from '#lib/db/database.ts';
import { auditorId, developerId, viewerId } from '#lib/entitlement/builtin-roles.ts';
import { createGrant, createRole, updateRole } from '#lib/entitlement/mutations.ts';
import { carol, type TestCluster, type TestWorker, testCluster, testWorker, until as untilWithin } from './testing.ts';
import { type TestDoor, testDoor } from './testing-door.ts';

const buildLimitMs = 25 * 60_000;
/** Real servers on a machine that may have other things to do. */
const testLimitMs = 240_000;
const until = (what: string, holds: () => Promise<boolean> | boolean) => untilWithin(what, holds, 90_000);
const spdy = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' };
const servers = [
  ['constrained', 'east'],
  ['classic', 'west'],
] as const;
type Name = (typeof servers)[number][1];

const clusters = {} as Record<Name, TestCluster>;
const ids = {} as Record<Name, string>;
let worker: TestWorker;
let door: TestDoor;

const person = (name: string) => ({ kind: 'person', id: `p-${name}`, name }) as const;

beforeAll(async () => {
  const { kubectl } = await ensureKubernetesBinaries(consoleProgress);
  worker = await testWorker();
  // One after the other: two API servers that start at once on a small machine start later than two that take turns.
  clusters.east = await testCluster('east');
  clusters.west = await testCluster('west', { classicImpersonation: true });
  door = await testDoor(worker, kubectl);
  for (const [, name] of servers) {
    await clusters[name].cluster.apply([
      ...['shop', 'pay'].map((space) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: space } })),
      pod('shop', 'web'),
      pod('pay', 'still'),
    ]);
    const registered = await worker.ask('cluster.register', { name }, { kubeconfig: clusters[name].adminKubeconfig });
    ids[name] = (registered as { id: string }).id;
    await until(`the namespaces of ${name} are known`, () => worker.world.namespaces(ids[name]).has('shop'));
    await grant(name, developerId, 'alice', ['shop']);
    await grant(name, viewerId, 'bob', ['shop']);
    await grant(name, auditorId, 'carol');
    await clusters[name].cluster.kubectl('wait', '-n', 'shop', 'pod', '--all', '--for=condition=Ready', '--timeout=60s');
  }
  for (const [mode, name] of servers) await settled(name, mode);
}, buildLimitMs);

afterAll(async () => {
  await door?.close();
  await worker?.close();
  await Promise.all(servers.map(([, name]) => clusters[name]?.close()));
});

describe.each(servers)('on a server where the mode is %s', (mode, name) => {
  test('the mode was chosen by the self-test, which found all as it must be', async () => {
    const tested = await readSelfTest(worker.db, ids[name]);
    const checks = tested?.checks as unknown as SelfTestCheck[];
    expect(checks.filter(({ expected, found }) => expected !== found)).toEqual([]);
    expect(tested).toMatchObject({ outcome: 'passed', mode, constrained: mode === 'constrained' });
    for (const whom of ['system:masters', 'system:kube-controller-manager', 'a node', 'kube-system/default', 'no right here'])
      expect(checks.some(({ words, expected }) => expected === 'refused' && words.includes(whom))).toBe(true);
  });

  test(
    'people do their work: get, apply, watch, logs, exec, port-forward, copy, delete, and every question about oneself',
    async () => {
      const alice = await door.person('alice', name);
      const does = async (...args: string[]) => {
        const { code, stdout, stderr } = await alice.run(...args);
        expect(`${args.join(' ')}: ${code} ${code === 0 ? '' : stderr}`).toBe(`${args.join(' ')}: 0 `);
        return stdout;
      };
      expect(await does('get', 'ns', '-o', 'name')).toBe('namespace/shop\n');
      expect(await does('get', 'pods', '-n', 'shop', '-o', 'name')).toContain('pod/web');
      const manifest = JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'made', namespace: 'shop' },
        data: { a: '1' },
      });
      expect((await alice.runWith(manifest, 'apply', '-f', '-')).stderr).toBe('');
      expect((await alice.runWith(manifest, 'apply', '--server-side', '--force-conflicts', '-f', '-')).stderr).toBe('');
      const watch = alice.start({}, 'get', 'cm', '-n', 'shop', '-w', '-o', 'name');
      onTestFinished(watch.stop);
      await watch.shows(/configmap\/made/);
      await does('create', 'deployment', 'shelf', '-n', 'shop', '--image=busybox', '--replicas=0');
      await does('scale', '-n', 'shop', 'deployment/shelf', '--replicas=0');
      await does('patch', '-n', 'shop', 'deployment/shelf', '--type=merge', '-p', '{"metadata":{"labels":{"a":"b"}}}');
      await does('delete', '-n', 'shop', 'deployment/shelf');
      await does('delete', 'cm', '-n', 'shop', 'made');
      await watch.shows(/configmap\/made[\s\S]*configmap\/made/);
      expect(await does('logs', '-n', 'shop', 'web')).toContain('up');
      for (const env of [{}, spdy]) {
        const exec = await alice.start(env, 'exec', '-i', '-n', 'shop', 'web', '--', 'cat').ended('through and back');
        expect(exec).toMatchObject({ code: 0, stdout: 'through and back' });
        const forward = alice.start(env, 'port-forward', '-n', 'shop', 'pod/web', ':8080');
        onTestFinished(forward.stop);
        const [, port] = await forward.shows(/127\.0\.0\.1:(\d+) ->/);
        expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('I am web\n');
      }
      expect(await does('auth', 'can-i', 'create', 'pods', '-n', 'shop')).toBe('yes\n');
      expect((await alice.run('auth', 'can-i', 'list', 'secrets', '-n', 'pay')).stdout).toBe('no\n');
      expect(await does('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe('gatehouse:alice@corp.example');
      expect(await does('auth', 'can-i', '--list', '-n', 'shop')).toContain('pods/exec');
      expect(await does('api-resources', '-o', 'name')).toContain('deployments.apps');
      expect(await does('explain', 'pod.spec')).toContain('containers');
      expect(await does('version')).toContain('Server Version');
      for (const path of ['/version', '/api', '/apis', '/openapi/v3', '/healthz']) await does('get', '--raw', path);
    },
    testLimitMs,
  );

  test('what a person may not do is refused in the same words, about the person, whoever refuses it', async () => {
    const [alice, bob] = [await door.person('alice', name), await door.person('bob', name)];
    const cases = [
      [
        bob,
        ['get', 'secrets', '-n', 'shop'],
        'secrets is forbidden: User "gatehouse:bob@corp.example" cannot list resource "secrets" in API group "" in the namespace "shop"',
      ],
      [
        alice,
        ['get', 'secrets', '-n', 'kube-system'],
        'secrets is forbidden: User "gatehouse:alice@corp.example" cannot list resource "secrets" in API group "" in the namespace "kube-system"',
      ],
      [
        alice,
        ['get', 'deploy', 'x', '-n', 'pay'],
        'deployments.apps "x" is forbidden: User "gatehouse:alice@corp.example" cannot get resource "deployments" in API group "apps" in the namespace "pay"',
      ],
      [
        alice,
        ['get', 'nodes'],
        'nodes is forbidden: User "gatehouse:alice@corp.example" cannot list resource "nodes" in API group "" at the cluster scope',
      ],
      [alice, ['get', '--raw', '/metrics'], 'forbidden: User "gatehouse:alice@corp.example" cannot get path "/metrics"'],
    ] as const;
    for (const [who, args, sentence] of cases) {
      const { code, stderr } = await who.run(...args);
      expect(`${code} ${stderr.trim()}`).toMatch(/^1 Error from server \(Forbidden\): /);
      expect(stderr.trim()).toBe(`Error from server (Forbidden): ${sentence}`);
    }
    expect((await bob.run('exec', '-n', 'shop', 'web', '--', 'sh')).stderr).toContain(
      'User "gatehouse:bob@corp.example" cannot create resource "pods/exec" in API group "" in the namespace "shop"',
    );
    const token = await door.token('bob');
    for (const accept of ['application/json', 'application/vnd.kubernetes.protobuf', 'application/yaml']) {
      const answer = await get(`${door.url}/clusters/${name}/api/v1/namespaces/shop/secrets/any`, door.caPem, {
        authorization: `Bearer ${token}`,
        accept,
      });
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('gatehouse:bob@corp.example');
      expect(answer.text).not.toContain(systemNamespace);
    }
    const body = JSON.parse(
      (await get(`${door.url}/clusters/${name}/api/v1/namespaces/shop/secrets/any`, door.caPem, { authorization: `Bearer ${token}` })).text,
    );
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'secrets "any" is forbidden: User "gatehouse:bob@corp.example" cannot get resource "secrets" in API group "" in the namespace "shop"',
      reason: 'Forbidden',
      details: { name: 'any', kind: 'secrets' },
      code: 403,
    });
  });

  test('the read-only roles open no shell and reach no node, by WebSocket either (SECURITY 15)', async () => {
    for (const reader of ['bob', 'carol']) {
      const token = await door.token(reader);
      const paths = [
        'api/v1/namespaces/shop/pods/web/exec?command=id&stdout=true',
        'api/v1/namespaces/shop/pods/web/attach?stdout=true',
        'api/v1/namespaces/shop/pods/web/portforward?ports=8080',
      ];
      for (const path of paths) {
        const status = await upgrade(`${door.url}/clusters/${name}/${path}`, door.caPem, { authorization: `Bearer ${token}` });
        expect(`${reader} ${path} ${status}`).toBe(`${reader} ${path} 403`);
      }
      const nodes = [`api/v1/nodes/${name}-node/proxy/run/shop/web/main?cmd=id`, `api/v1/nodes/${name}-node/proxy/pods`];
      for (const path of nodes) {
        for (const method of ['GET', 'POST']) {
          const { status } = await get(`${door.url}/clusters/${name}/${path}`, door.caPem, { authorization: `Bearer ${token}` }, method);
          expect(`${reader} ${path} ${status}`).toBe(`${reader} ${path} 403`);
        }
      }
    }
  });

  test('a thief of the door’s token is nobody but those who have a right here, and nothing by himself (SECURITY 5)', async () => {
    const server = clusters[name].cluster;
    const authorization = `Bearer ${await openDoorToken(worker.db, worker.openingKey, ids[name])}`;
    const steals = async (path: string, ...as: [string, string][]) => {
      const { status } = await get(`${server.server}${path}`, server.caPem, { authorization, ...headersOf(as) });
      return status;
    };
    const kubeSystem = '/api/v1/namespaces/kube-system';
    for (const path of [
      '/api/v1/secrets',
      '/api/v1/namespaces',
      '/api/v1/nodes',
      `${kubeSystem}/configmaps`,
      '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    ])
      expect(`${path} ${await steals(path)}`).toBe(`${path} 403`);
    const strangers: [string, string][][] = [
      [
        ['user', 'system:admin'],
        ['group', 'system:masters'],
      ],
      [
        ['user', 'gatehouse:alice@corp.example'],
        ['group', 'system:masters'],
      ],
      [['user', 'system:kube-controller-manager']],
      [
        ['user', 'system:kube-controller-manager'],
        ['group', 'system:authenticated'],
      ],
      [['user', 'system:serviceaccount:kube-system:default']],
      [['user', `system:node:${name}-node`]],
      [
        ['user', `system:node:${name}-node`],
        ['group', 'system:nodes'],
      ],
      [
        ['user', 'gatehouse:mallory@corp.example'],
        ['group', 'system:authenticated'],
      ],
      [['user', 'alice@corp.example']],
      [
        ['user', 'gatehouse:alice@corp.example'],
        ['uid', '00000000-0000-4000-8000-000000000009'],
      ],
      [
        ['user', 'gatehouse:alice@corp.example'],
        ['extra-scopes', 'all'],
      ],
      [
        ['user', 'gatehouse:alice@corp.example'],
        ['group', 'devs'],
      ],
    ];
    for (const as of strangers) {
      for (const path of ['/version', `${kubeSystem}/secrets`])
        expect(`${as} ${path} ${await steals(path, ...as)}`).toBe(`${as} ${path} 403`);
    }
    const groups = worker.world.platformGroups('p-alice', ids[name], new Date()).map((group): [string, string] => ['group', group]);
    const alice: [string, string][] = [['user', 'gatehouse:alice@corp.example'], ...groups];
    expect(await steals('/api/v1/namespaces/shop/pods', ...alice)).toBe(200);
    expect(await steals(`${kubeSystem}/secrets`, ...alice)).toBe(403);
    // What is refused to everybody is refused before anybody's own rights are looked at, and that is the difference between the modes.
    const { text } = await get(`${server.server}${kubeSystem}/secrets`, server.caPem, { authorization, ...headersOf(alice) });
    expect(text.includes('impersonate-on:user-info:list')).toBe(mode === 'constrained');
  });

  test(
    'not strict, the token is worth what the page says: a controller of Kubernetes itself, within the ceiling where there is one',
    async () => {
      const { server, caPem } = clusters[name].cluster;
      const authorization = `Bearer ${await openDoorToken(worker.db, worker.openingKey, ids[name])}`;
      const asController = async (path: string) =>
        (await get(`${server}${path}`, caPem, { authorization, 'impersonate-user': 'system:kube-controller-manager' })).status;
      await setStrict(name, false);
      await until('any user name is let through', async () => (await asController('/version')) === 200);
      expect(await asController('/api/v1/namespaces/kube-system/secrets')).toBe(mode === 'constrained' ? 403 : 200);
      const alice = await door.person('alice', name);
      expect((await alice.run('get', 'pods', '-n', 'shop')).code).toBe(0);
      const answer = (await worker.ask('cluster.self-test', { id: ids[name] })) as { outcome: string };
      expect(answer.outcome).toBe('passed');
      await setStrict(name, true);
      await until('it is strict again', async () => (await asController('/version')) === 403);
      await until('everybody may come in', () =>
        ['alice', 'bob', 'carol'].every((who) => worker.world.hasEntered(ids[name], `gatehouse:${who}@corp.example`)),
      );
    },
    testLimitMs,
  );

  test('a role that was just widened is on its way, never a broken credential, and soon there', async () => {
    const widening = await changing(worker.db, (tx, touch) =>
      createRole(
        tx,
        touch,
        { name: `widening-${name}`, title: 'Widening', description: '', grantableOn: ['namespaces'], rules: reading('pods'), inherits: [] },
        carol,
      ),
    );
    await grant(name, widening, 'bob', ['pay']);
    const token = await door.token('bob');
    const ask = (resource: string) =>
      get(`${door.url}/clusters/${name}/api/v1/namespaces/pay/${resource}`, door.caPem, { authorization: `Bearer ${token}` });
    await until(
      'bob has pods there',
      async () =>
        (await get(`${door.url}/clusters/${name}/api/v1/namespaces/pay/pods`, door.caPem, { authorization: `Bearer ${token}` })).status ===
        200,
    );
    expect((await ask('secrets')).status).toBe(403);
    await worker.reconciler.stop();
    await changing(worker.db, (tx, touch) =>
      updateRole(
        tx,
        touch,
        {
          id: widening,
          version: 1,
          removed: [],
          rules: [...reading('pods'), ...reading('secrets')],
        },
        carol,
      ),
    );
    await door.heard();
    const meanwhile = await ask('secrets');
    expect(meanwhile.status).toBe(mode === 'constrained' ? 503 : 403);
    if (mode === 'constrained') expect(meanwhile.text).toContain('on its way');
    await worker.reconciler.start();
    const seen = new Set<number>();
    await until('bob has secrets there', async () => {
      const { status } = await ask('secrets');
      seen.add(status);
      return status === 200;
    });
    for (const status of seen) expect([200, 403, 503]).toContain(status);
  });

  test(
    'a changed name: the cluster knows the old and the new until it has confirmed the new (DECISIONS 9)',
    async () => {
      const { address, auth } = readKubeconfig(clusters[name].adminKubeconfig);
      const admin = createClusterClient(address, auth);
      onTestFinished(() => admin.close());
      const role = `gatehouse:${worker.installationId}:door-people-0`;
      const [before, after] = [`gatehouse:bob@corp.example`, `gatehouse:bob-${name}@corp.example`];
      const { resourceVersion } = await admin.list('ClusterRole');
      const told = new AbortController();
      const versions: string[] = [];
      const following = (async () => {
        for await (const event of admin.watch('ClusterRole', { resourceVersion, signal: told.signal })) {
          if (event.type === 'MODIFIED' && event.object.metadata.name === role) versions.push(JSON.stringify(event.object.rules));
        }
      })().catch(() => {});
      await rename('bob', `bob-${name}`);
      const holds = (text: string | undefined, wireName: string) => text?.includes(`"${wireName}"`) ?? false;
      await until('the new name is confirmed', () => worker.world.hasEntered(ids[name], after));
      worker.reconciler.wake();
      await until('the old name is gone', () => holds(versions.at(-1), after) && !holds(versions.at(-1), before));
      told.abort();
      await following;
      expect(versions.some((rules) => holds(rules, before) && holds(rules, after))).toBe(true);
      expect(versions.findIndex((rules) => holds(rules, before) && holds(rules, after))).toBeLessThan(
        versions.findIndex((rules) => !holds(rules, before)),
      );
      await until('the old name is forgotten', () => !worker.world.hasEntered(ids[name], before));
      await rename('bob', 'bob');
      await until('the first name is confirmed again', () => servers.every(([, each]) => worker.world.hasEntered(ids[each], before)));
    },
    testLimitMs,
  );

  test(
    'an account that lost its power to impersonate is 502, never a request in its own name, and is mended (F17)',
    async () => {
      const { cluster } = clusters[name];
      const token = await door.token('alice');
      // Another pod each time: a request that the API server has let through it lets through again for ten seconds, without looking.
      const ask = () =>
        get(`${door.url}/clusters/${name}/api/v1/namespaces/shop/pods/p-${randomBytes(4).toString('hex')}`, door.caPem, {
          authorization: `Bearer ${token}`,
        });
      expect((await ask()).status).toBe(404);
      await worker.reconciler.stop();
      const bindings = (await cluster.kubectl('get', 'clusterrolebindings', '-o', 'name')).stdout
        .split('\n')
        .filter((line) => /:door(-people-0)?$/.test(line));
      expect(bindings).toHaveLength(2);
      await cluster.kubectl('delete', ...bindings);
      await until('the cluster refuses us', async () => (await ask()).status === 502);
      expect((await ask()).text).toContain('refused the door itself, not you');
      const events = readFileSync(cluster.auditLog, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as AuditEvent);
      const inItsOwnName = events.filter(({ user, impersonatedUser }) => user.username.endsWith(':gatehouse-door') && !impersonatedUser);
      expect(inItsOwnName.length).toBeGreaterThan(0);
      for (const { requestURI, responseStatus } of inItsOwnName) {
        if (requestURI.includes('selfsubject') || requestURI.startsWith('/api/v1/namespaces/kube-system')) continue;
        expect(`${requestURI} ${responseStatus?.code}`).toBe(`${requestURI} 403`);
      }
      await worker.reconciler.start();
      await until('it is mended', async () => (await ask()).status === 404);
    },
    testLimitMs,
  );

  test('a cluster that gives too much to every account fails the self-test, and that is told; when it is mended, it passes', async () => {
    const { cluster } = clusters[name];
    await cluster.kubectl('create', 'clusterrole', 'secret-reader', '--verb=get,list', '--resource=secrets');
    await cluster.kubectl(
      'create',
      'clusterrolebinding',
      'too-open',
      '--clusterrole=secret-reader',
      `--group=system:serviceaccounts:${systemNamespace}`,
    );
    const ask = () => worker.ask('cluster.self-test', { id: ids[name] }) as Promise<{ outcome: string; failures: SelfTestCheck[] }>;
    await until('it fails', async () => (await ask()).outcome === 'failed');
    const { failures } = await ask();
    expect(failures.map(({ account, words }) => `${account}: ${words}`)).toEqual(
      expect.arrayContaining(['door: get secrets', `door: get secrets in ${systemNamespace}`, 'reconciler: get secrets']),
    );
    const { rows } = await worker.db.sql.query<{ detail: { failed: string[] } }>(
      `SELECT detail FROM audit_event WHERE event = 'cluster.self-test' AND cluster_id = $1 AND detail->>'outcome' = 'failed'`,
      [ids[name]],
    );
    expect(rows.flatMap(({ detail }) => detail.failed)).toContain('door: allowed to get secrets');
    await cluster.kubectl('delete', 'clusterrolebinding', 'too-open');
    await until('it passes', async () => (await ask()).outcome === 'passed');
    expect((await readClusterRow(worker.db, ids[name]))?.mode).toBe(mode);
  });
});

test(
  'a server that stops to know constrained impersonation is served the classic way within seconds, and says so; nobody loses access for good',
  async () => {
    const { cluster } = clusters.east;
    const token = await door.token('alice');
    const ask = () => get(`${door.url}/clusters/east/api/v1/namespaces/shop/pods`, door.caPem, { authorization: `Bearer ${token}` });
    expect((await ask()).status).toBe(200);
    await cluster.restartApiServer({ classicImpersonation: true });
    await until('it is classic', async () => (await readClusterRow(worker.db, ids.east))?.mode === 'classic');
    await until('alice works', async () => (await ask()).status === 200);
    expect((await readSelfTest(worker.db, ids.east))?.constrained).toBe(false);
    const { rows } = await worker.db.sql.query(
      `SELECT 1 FROM audit_event WHERE event = 'cluster.impersonation-changed' AND cluster_id = $1`,
      [ids.east],
    );
    expect(rows).toHaveLength(2);
  },
  testLimitMs,
);

// ── what the tests speak with ────────────────────────────────────────────────────────────────────────────────────────────────

interface AuditEvent {
  readonly user: { readonly username: string };
  readonly impersonatedUser?: object;
  readonly requestURI: string;
  readonly responseStatus?: { readonly code: number };
}

async function settled(name: Name, mode: string): Promise<void> {
  await until(`${name} is ${mode} and tested`, async () => {
    const [row, tested] = await Promise.all([readClusterRow(worker.db, ids[name]), readSelfTest(worker.db, ids[name])]);
    return row?.mode === mode && tested?.mode === mode;
  });
  await until('everybody may come in', () =>
    ['alice', 'bob', 'carol'].every((who) => worker.world.hasEntered(ids[name], `gatehouse:${who}@corp.example`)),
  );
}

async function grant(name: Name, roleId: string, who: string, namespaces: string[] | null = null): Promise<void> {
  const place = {
    kind: namespaces ? ('namespaces' as const) : ('cluster' as const),
    clusterId: ids[name],
    clusterSelector: null,
    projectId: null,
    namespaces,
  };
  await changing(worker.db, (tx, touch) =>
    createGrant(tx, touch, { roleId, place, subject: person(who), until: null, reason: 'test', where: 'test' }, carol),
  );
}

async function setStrict(name: Name, strict: boolean): Promise<void> {
  await changing(worker.db, (tx, touch) => updateCluster(tx, touch, carol, ids[name], { strict }));
}

async function rename(who: string, to: string): Promise<void> {
  await changing(worker.db, async (tx, touch) => {
    await tx.person.update({ where: { id: `p-${who}` }, data: { upn: `${to}@corp.example`, wireName: `gatehouse:${to}@corp.example` } });
    touch('person', `p-${who}`);
  });
}

function reading(resource: string) {
  return [{ apiGroups: [''], resources: [resource], verbs: ['get', 'list', 'watch'] }];
}

function headersOf(as: readonly (readonly [string, string])[]): Record<string, string | string[]> {
  const headers: Record<string, string[]> = {};
  for (const [what, value] of as) {
    const header = `impersonate-${what}`;
    headers[header] = [...(headers[header] ?? []), value];
  }
  return headers;
}

function get(
  url: string,
  ca: string,
  headers: Record<string, string | string[]>,
  method = 'GET',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const question = request(url, { ca, headers, method, agent: false }, async (answer) => {
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      resolve({ status: answer.statusCode ?? 0, text });
    });
    question.once('error', reject);
    question.end();
  });
}

/** The status that a WebSocket is answered with. */
function upgrade(url: string, ca: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const question = request(url, {
      ca,
      agent: false,
      headers: {
        ...headers,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
        'sec-websocket-protocol': 'v5.channel.k8s.io',
      },
    });
    question.once('upgrade', (_answer, socket) => {
      socket.destroy();
      resolve(101);
    });
    question.once('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    question.once('error', reject);
    question.end();
  });
}

function pod(space: string, name: string) {
  const script = 'echo up; mkdir -p /www && echo "I am $HOSTNAME" > /www/index.html && exec httpd -f -p 8080 -h /www';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: space },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', script] }] },
  };
}
