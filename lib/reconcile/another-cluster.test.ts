// Two real API servers behind one address: what stands in front of them can be turned from one to the other, as when a cluster is rebuilt.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { type ClusterClient, createClusterClient } from '#lib/cluster/client.ts';
import { openDoorToken, readClusterRow } from '#lib/cluster/data.ts';
import { readHealthRow } from '#lib/cluster/health-data.ts';
import { readKubeconfig } from '#lib/cluster/kubeconfig.ts';
import { doorAccount, systemNamespace } from '#lib/cluster/names.ts';
import { changing } from '#lib/db/database.ts';
import { builtinRoles } from '#lib/entitlement/builtin-roles.ts';
import { createGrant } from '#lib/entitlement/mutations.ts';
import { asFault } from '#lib/errors/fault.ts';
import { carol, type TestCluster, type TestWorker, testCluster, testWorker, until as untilWithin } from './testing.ts';

// Two whole clusters and what stands before them: on a busy machine each wait may be a long one.
vi.setConfig({ testTimeout: 240_000 });
const until = (what: string, holds: () => Promise<boolean> | boolean) => untilWithin(what, holds, 60_000);

let old: TestCluster;
let rebuilt: TestCluster;
let worker: TestWorker;
let clusterId: string;
let front: Front;

const wireName = 'gatehouse:alice@corp.example';

beforeAll(async () => {
  [old, rebuilt, worker] = await Promise.all([testCluster('old'), testCluster('rebuilt'), testWorker()]);
  front = await startFront(portOf(old));
  const registered = (await worker.ask('cluster.register', { name: 'east' }, { kubeconfig: atFront(old) })) as { id: string };
  clusterId = registered.id;
  await changing(worker.db, (tx, touch) =>
    createGrant(
      tx,
      touch,
      {
        roleId: builtinRoles.find(({ name }) => name === 'viewer')?.id ?? '',
        place: { kind: 'cluster', clusterId, clusterSelector: null, projectId: null, namespaces: null },
        subject: { kind: 'person', id: 'p-alice', name: 'alice' },
        until: null,
        reason: 'test',
        where: 'test',
      },
      carol,
    ),
  );
  await state('ready');
  await until('alice has entered', () => worker.world.hasEntered(clusterId, wireName));
});

afterAll(async () => {
  await worker?.close();
  await front?.close();
  await Promise.all([old?.close(), rebuilt?.close()]);
});

interface Front {
  readonly port: number;
  leadTo(port: number): void;
  close(): Promise<void>;
}

/** Passes bytes on and understands none of them. */
async function startFront(first: number): Promise<Front> {
  let target = first;
  const open = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = connect({ port: target, host: '127.0.0.1' });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cutAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    leadTo(port) {
      target = port;
      cutAll();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cutAll();
      await closed;
    },
  };
}

const portOf = ({ cluster }: TestCluster) => Number(new URL(cluster.server).port);

function atFront(cluster: TestCluster): string {
  const config = parse(cluster.adminKubeconfig) as { clusters: { cluster: { server: string } }[] };
  for (const each of config.clusters) each.cluster.server = `https://127.0.0.1:${front.port}`;
  return stringify(config);
}

const row = async () => (await readClusterRow(worker.db, clusterId)) as NonNullable<Awaited<ReturnType<typeof readClusterRow>>>;
const state = (wanted: string) => until(`the cluster is ${wanted}`, async () => (await row()).state === wanted);
const lookNow = () => changing(worker.db, async (_tx, touch) => touch('cluster', clusterId));

async function as<T>(cluster: TestCluster, use: (admin: ClusterClient) => Promise<T>): Promise<T> {
  const { address, auth } = readKubeconfig(cluster.adminKubeconfig);
  const client = createClusterClient(address, auth);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

describe('the cluster’s own word about us', () => {
  test('a look says that it answers, how fast, and whose certificate it shows until when (F16)', async () => {
    await lookNow();
    await until('its certificate was looked at', async () => Boolean((await readHealthRow(worker.db, clusterId))?.certificate));
    const health = await readHealthRow(worker.db, clusterId);
    expect(health).toMatchObject({
      failures: 0,
      strangerUid: null,
      message: null,
      certificate: { notAfter: expect.stringMatching(/^20/) },
    });
    expect(health?.latencyMs).toBeGreaterThanOrEqual(0);
  });

  test('a door’s token that the cluster no longer knows is renewed by the worker, without anybody (F17)', async () => {
    const before = await openDoorToken(worker.db, worker.openingKey, clusterId);
    // So that the token counts as old: one that was renewed a moment ago and is refused all the same is another trouble.
    await worker.db.sql.query(`UPDATE cluster_door_credential SET renewed_at = now() - interval '1 hour' WHERE cluster_id = $1`, [
      clusterId,
    ]);
    await as(old, async (admin) => {
      await admin.remove('ServiceAccount', doorAccount, { namespace: systemNamespace });
      await until('the account is there again', async () => {
        if ((await admin.get('ServiceAccount', doorAccount, systemNamespace)) !== null) return true;
        await admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: doorAccount, namespace: systemNamespace } });
        return false;
      });
    });
    await until('the door has another token', async () => {
      await lookNow();
      return (await openDoorToken(worker.db, worker.openingKey, clusterId)) !== before;
    });
    const { address } = readKubeconfig(old.adminKubeconfig);
    const door = createClusterClient(address, { kind: 'token', token: await openDoorToken(worker.db, worker.openingKey, clusterId) });
    expect((await door.whoAmI()).username).toBe(`system:serviceaccount:${systemNamespace}:${doorAccount}`);
    await door.close();
    await state('ready');
  });
});

describe('another cluster answers than the registered one (F18):', () => {
  test('by the UID of kube-system: closed at once, nothing written there, told to everybody, and reopened only by an administrator', async () => {
    const real = (await row()).kubeSystemUid;
    await changing(worker.db, async (tx, touch) => {
      await tx.cluster.update({ where: { id: clusterId }, data: { kubeSystemUid: 'uid-of-the-one-that-was-registered' } });
      touch('cluster', clusterId);
    });
    await state('wrong-cluster');
    expect(await readHealthRow(worker.db, clusterId)).toMatchObject({
      strangerUid: real,
      message: expect.stringContaining('Another cluster'),
    });
    const { rows } = await worker.db.sql.query(`SELECT detail FROM audit_event WHERE event = 'cluster.rebuilt' AND cluster_id = $1`, [
      clusterId,
    ]);
    expect(rows).toHaveLength(1);

    await as(old, async (admin) => {
      const bindings = () => admin.list('ClusterRoleBinding', { labelSelector: 'app.kubernetes.io/managed-by=gatehouse' });
      const before = (await bindings()).items.length;
      const [one] = (await bindings()).items.filter(({ metadata }) => !metadata.name.endsWith(':reconciler'));
      await admin.remove('ClusterRoleBinding', one?.metadata.name ?? '');
      await lookNow();
      await until('the worker looked again', async () => ((await readHealthRow(worker.db, clusterId))?.failures ?? 0) >= 2);
      expect((await bindings()).items).toHaveLength(before - 1);
    });

    const wrong = asFault(await worker.ask('cluster.approve-rebuilt', { id: clusterId, kubeSystemUid: 'another' }).catch((error) => error));
    expect(wrong).toMatchObject({ code: 'cluster.rebuilt', message: expect.stringContaining(real) });
    await worker.ask('cluster.approve-rebuilt', { id: clusterId, kubeSystemUid: real });
    await state('ready');
    await until('alice has entered anew', () => worker.world.hasEntered(clusterId, wireName));
  });

  test('a really rebuilt one is closed by its certificate; with a kubeconfig and the administrator’s word it keeps id, name and grants', async () => {
    front.leadTo(portOf(rebuilt));
    await until('its certificate is not trusted', async () => {
      const { state: found, stateDetail } = await row();
      return found === 'unreachable' && /does not come from a registered authority/.test(stateDetail ?? '');
    });
    expect(await as(rebuilt, (admin) => admin.get('Namespace', systemNamespace))).toBeNull();

    // Its authority alone does not make it ours: it knows none of our accounts, so it cannot even say who it is.
    const untried = asFault(
      await worker.ask('cluster.reach', { id: clusterId, addAuthority: rebuilt.cluster.caPem }).catch((error: unknown) => error),
    );
    expect(untried.code).toBe('cluster.accounts-unknown');

    const before = await row();
    const asked = asFault(await worker.ask('cluster.repair', { id: clusterId }, { kubeconfig: atFront(rebuilt) }).catch((error) => error));
    const uid = asked.fields?.approveUid;
    expect([asked.code, uid]).toEqual(['cluster.rebuilt', expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(await as(rebuilt, (admin) => admin.get('Namespace', systemNamespace))).toBeNull();
    expect((await row()).kubeSystemUid).toBe(before.kubeSystemUid);

    await worker.ask('cluster.repair', { id: clusterId, approveUid: uid }, { kubeconfig: atFront(rebuilt) });
    expect(await row()).toMatchObject({ id: clusterId, name: 'east', kubeSystemUid: uid });
    await state('ready');
    await until('alice has entered the new one', () => worker.world.hasEntered(clusterId, wireName));
    const bound = await as(rebuilt, (admin) =>
      admin.list('ClusterRoleBinding', { labelSelector: 'app.kubernetes.io/managed-by=gatehouse' }),
    );
    const [group] = worker.world.platformGroups('p-alice', clusterId, new Date());
    expect(bound.items.flatMap(({ subjects }) => (subjects as { name: string }[]).map(({ name }) => name))).toContain(group);
  });
});
