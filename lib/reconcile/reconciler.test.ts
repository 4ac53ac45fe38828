import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clearWhatWasLeft } from '#lib/cluster/clear-away.ts';
import { type ClusterClient, createClusterClient } from '#lib/cluster/client.ts';
import { openDoorToken, readClusterRow } from '#lib/cluster/data.ts';
import { createDoorCredentials } from '#lib/cluster/door-credential.ts';
import type { KubeObject, RbacSubject } from '#lib/cluster/kube-object.ts';
import { readKubeconfig } from '#lib/cluster/kubeconfig.ts';
import { ownerSelector, systemNamespace } from '#lib/cluster/names.ts';
import { actingAs } from '#lib/cluster/powers.ts';
import { renew } from '#lib/cluster/rotate.ts';
import { changing } from '#lib/db/database.ts';
import { builtinRoles } from '#lib/entitlement/builtin-roles.ts';
import { createGrant, endGrant } from '#lib/entitlement/mutations.ts';
import { createProject, removeProject } from '#lib/project/mutations.ts';
import { createReconciler } from './reconciler.ts';
import { carol, type TestCluster, type TestWorker, testCluster, testWorker, until } from './testing.ts';

let east: TestCluster;
let worker: TestWorker;
let admin: ClusterClient;
let clusterId: string;

const developer = builtinRoles.find(({ name }) => name === 'developer')?.id ?? '';
const devs = { kind: 'group', id: 'g-devs', name: 'devs' } as const;

beforeAll(async () => {
  [east, worker] = await Promise.all([testCluster('east'), testWorker()]);
  const { address, auth } = readKubeconfig(east.adminKubeconfig);
  admin = createClusterClient(address, auth);
  await east.cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }]);
  await east.cluster.apply([
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'somebody-elses', labels: { 'app.kubernetes.io/managed-by': 'helm' } },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    },
  ]);
  const registered = (await worker.ask(
    'cluster.register',
    { name: 'east', labels: { env: 'prod' } },
    { kubeconfig: east.adminKubeconfig },
  )) as { id: string };
  clusterId = registered.id;
  await inStep();
});

afterAll(async () => {
  await worker?.close();
  await admin?.close();
  await east?.close();
});

async function statusRow() {
  return worker.db.prisma.clusterStatus.findUnique({ where: { clusterId } });
}

async function lastChange(): Promise<bigint> {
  const { rows } = await worker.db.sql.query<{ seq: string }>('SELECT seq FROM change_counter');
  return BigInt(rows[0]?.seq ?? 0);
}

async function inStep(): Promise<void> {
  const goal = await lastChange();
  await until(`east is in step with ${goal}`, async () => {
    const row = await statusRow();
    return row?.state === 'in-step' && row.convergedSeq >= goal && (await readClusterRow(worker.db, clusterId))?.state === 'ready';
  });
  // The status is read from Postgres; the world that tests ask hears of the same commit through its feed, a moment later.
  const written = await lastChange();
  await until('the world has read as far', () => worker.world.seq >= written);
}

async function grant(place: { namespaces: string[] } | 'cluster', subject: { kind: 'group' | 'person'; id: string; name: string } = devs) {
  return changing(worker.db, (tx, touch) =>
    createGrant(
      tx,
      touch,
      {
        roleId: developer,
        place: {
          kind: place === 'cluster' ? 'cluster' : 'namespaces',
          clusterId,
          clusterSelector: null,
          projectId: null,
          namespaces: place === 'cluster' ? null : place.namespaces,
        },
        subject,
        until: null,
        reason: 'test',
        where: 'test',
      },
      carol,
    ),
  );
}

async function end(id: string): Promise<void> {
  await changing(worker.db, (tx, touch) =>
    endGrant(tx, touch, { id, reason: '', subjectName: 'devs', where: 'test', somebodyAdministers: () => true }, carol),
  );
}

const ours = (kind: string) => admin.list(kind, { labelSelector: ownerSelector(worker.installationId) }).then(({ items }) => items);

async function asDoor<T>(use: (door: ClusterClient) => Promise<T>): Promise<T> {
  const { address } = readKubeconfig(east.adminKubeconfig);
  const door = createClusterClient(address, { kind: 'token', token: await openDoorToken(worker.db, worker.openingKey, clusterId) });
  try {
    return await use(door);
  } finally {
    await door.close();
  }
}

describe('a registered cluster', () => {
  test('is ready, knows its version, and no secret of the kubeconfig is anywhere in the database', async () => {
    const row = await readClusterRow(worker.db, clusterId);
    expect(row).toMatchObject({ name: 'east', state: 'ready', mode: 'classic', strict: true });
    expect(row?.version).toMatch(/^v1\./);
    const { auth } = readKubeconfig(east.adminKubeconfig);
    const canary = auth.kind === 'certificate' ? auth.keyPem.split('\n')[3] : auth.token;
    for (const table of ['cluster', 'request', 'audit_event', 'cluster_status', 'observed_object']) {
      const { rows } = await worker.db.sql.query(`SELECT 1 FROM ${table} AS t WHERE t::text LIKE '%' || $1 || '%'`, [canary]);
      expect(rows).toEqual([]);
    }
  });

  test('gets the roles that grants ask for, and the door may act as exactly the people who hold them', async () => {
    const id = await grant({ namespaces: ['shop'] });
    await inStep();
    await until('constrained', async () => (await readClusterRow(worker.db, clusterId))?.mode === 'constrained');
    await inStep();
    const toPeople = (all: readonly KubeObject[]) =>
      all.filter(({ metadata, subjects }) => metadata.namespace === 'shop' && (subjects as RbacSubject[])[0]?.kind === 'Group');
    const bindings = toPeople(await ours('RoleBinding'));
    expect(bindings).toHaveLength(1);
    const [group] = worker.world.platformGroups('p-alice', clusterId, new Date());
    expect(bindings[0]?.subjects).toEqual([{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: group }]);
    expect(worker.world.hasEntered(clusterId, 'gatehouse:alice@corp.example')).toBe(true);
    expect(worker.world.hasEntered(clusterId, 'gatehouse:bob@corp.example')).toBe(false);
    await asDoor(async (door) => {
      const impersonate = async (resource: string, name: string) => {
        const [classic, constrained] = await Promise.all([
          door.mayI({ verb: 'impersonate', resource, name, ...(resource === 'uids' ? { group: 'authentication.k8s.io' } : {}) }),
          door.mayI({ verb: 'impersonate:user-info', resource, name, group: 'authentication.k8s.io' }),
        ]);
        expect(classic).toBe(false);
        return constrained;
      };
      expect(await impersonate('users', 'gatehouse:alice@corp.example')).toBe(true);
      expect(await impersonate('uids', '00000000-0000-4000-8000-000000000001')).toBe(true);
      expect(await impersonate('groups', group ?? '')).toBe(true);
      for (const name of ['gatehouse:bob@corp.example', 'system:kube-controller-manager', 'system:admin']) {
        expect(await impersonate('users', name)).toBe(false);
      }
      for (const name of ['system:masters', 'system:nodes', 'devs']) expect(await impersonate('groups', name)).toBe(false);
      expect(await impersonate('uids', '00000000-0000-4000-8000-000000000002')).toBe(false);
      expect(await door.mayI({ verb: 'list', resource: 'secrets' })).toBe(false);
      expect(await door.mayI({ verb: 'get', resource: 'namespaces', name: 'kube-system' })).toBe(false);
      await expect(door.list('Secret')).rejects.toMatchObject({ kind: 'forbidden' });
    });
    await end(id);
    await inStep();
    expect((await ours('RoleBinding')).filter(({ metadata }) => metadata.namespace === 'shop')).toEqual([]);
    expect((await ours('ClusterRole')).map(({ metadata }) => metadata.name)).not.toContain(
      `gatehouse:${worker.installationId}:${developer}`,
    );
    expect(worker.world.hasEntered(clusterId, 'gatehouse:alice@corp.example')).toBe(false);
    expect(await asDoor((door) => door.mayI(actingAs('constrained', 'users', 'gatehouse:alice@corp.example')))).toBe(false);
  });

  test('is put back when somebody widens, changes or deletes what is ours, and says so in the audit log', async () => {
    const id = await grant('cluster');
    await inStep();
    const name = `gatehouse:${worker.installationId}:${developer}`;
    const before = (await statusRow())?.mended ?? 0;
    const wide = '[{"op":"add","path":"/rules/-","value":{"apiGroups":[""],"resources":["secrets"],"verbs":["*"]}}]';
    await kubectl('patch', 'clusterrole', name, '--type=json', '-p', wide);
    await kubectl('label', 'clusterrole', name, 'rbac.authorization.k8s.io/aggregate-to-edit=true');
    const [binding] = await ours('ClusterRoleBinding').then((all) =>
      all.filter(({ roleRef }) => (roleRef as { name: string }).name === name),
    );
    await kubectl('delete', 'clusterrolebinding', binding?.metadata.name ?? '');
    await until('the role is as it was', async () => {
      const role = await admin.get('ClusterRole', name);
      const secrets = JSON.stringify(role?.rules).includes('"secrets"],"verbs":["*"]');
      return !secrets && role?.metadata.labels?.['rbac.authorization.k8s.io/aggregate-to-edit'] === undefined;
    });
    await until('the binding is back', async () => (await admin.get('ClusterRoleBinding', binding?.metadata.name ?? '')) !== null);
    await until('it was counted', async () => ((await statusRow())?.mended ?? 0) >= before + 2);
    const { rows } = await worker.db.sql.query(`SELECT 1 FROM audit_event WHERE event = 'cluster.drift-mended' AND cluster_id = $1`, [
      clusterId,
    ]);
    expect(rows.length).toBeGreaterThan(0);
    await end(id);
    await inStep();
  });

  test('keeps what is not ours: other people’s objects, labels and namespaces', async () => {
    const role = await admin.get('ClusterRole', 'somebody-elses');
    expect(role?.rules).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
    await kubectl('label', 'namespace', 'shop', 'team=tills');
    const projectId = await changing(worker.db, (tx, touch) =>
      createProject(
        tx,
        touch,
        {
          name: 'tills',
          title: 'Tills',
          description: null,
          quota: { pods: '3', 'requests.cpu': '1000m' },
          limits: null,
          podSecurity: 'restricted',
          isolated: true,
          namespaces: [
            { clusterId, name: 'shop', origin: 'adopted' },
            { clusterId, name: 'tills-new', origin: 'created' },
          ],
        },
        carol,
      ),
    );
    await inStep();
    await until('the new namespace is seen', async () => worker.world.namespaces(clusterId).has('tills-new'));
    await until('its fence stands', async () => (await ours('NetworkPolicy')).some(({ metadata }) => metadata.namespace === 'tills-new'));
    expect((await admin.get('Namespace', 'shop'))?.metadata.labels).toMatchObject({
      team: 'tills',
      'gatehouse.io/project': projectId,
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
    await kubectl('label', 'namespace', 'shop', '--overwrite', 'pod-security.kubernetes.io/enforce=privileged');
    await until('the Pod Security level is back', async () => {
      const labels = (await admin.get('Namespace', 'shop'))?.metadata.labels ?? {};
      return labels['pod-security.kubernetes.io/enforce'] === 'restricted';
    });
    await kubectl('patch', 'networkpolicy', '-n', 'shop', 'gatehouse-closed', '--type=merge', '-p', '{"spec":{"ingress":[{}]}}');
    await until('the fence is closed again', async () => {
      const policy = await admin.get('NetworkPolicy', 'gatehouse-closed', 'shop');
      return policy !== null && (policy.spec as { ingress?: unknown }).ingress === undefined;
    });
    await until('what the quota counts is known', async () => {
      const row = await worker.db.prisma.clusterNamespace.findFirst({ where: { clusterId, name: 'shop' } });
      return (row?.quota as { used?: { pods?: string } } | null)?.used?.pods === '0';
    });
    await changing(worker.db, (tx, touch) => removeProject(tx, touch, projectId, carol));
    await inStep();
    await until('the fence is gone', async () => (await ours('NetworkPolicy')).length === 0 && (await ours('ResourceQuota')).length === 0);
    for (const name of ['shop', 'tills-new']) {
      const namespace = await admin.get('Namespace', name);
      expect(namespace?.metadata.deletionTimestamp).toBeUndefined();
      expect(Object.keys(namespace?.metadata.labels ?? {}).filter((key) => key.includes('gatehouse'))).toEqual([]);
    }
    expect((await admin.get('Namespace', 'shop'))?.metadata.labels?.team).toBe('tills');
  });

  test('comes to rest: in step, it writes nothing any more', async () => {
    await inStep();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = await objectVersions();
    worker.reconciler.wake();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await objectVersions()).toEqual(before);
  });

  test('gets new tokens at any time, and the doors use the new one once they are told', async () => {
    const credentials = createDoorCredentials({ db: worker.db, openingKey: worker.openingKey });
    const before = await credentials.token(clusterId);
    await renew(
      { db: worker.db, openingKey: worker.openingKey, sealingKey: worker.sealingKey, log: worker.log, workerId: 'w-test' },
      { id: clusterId, name: 'east' },
      ['door', 'reconciler'],
    );
    expect(await credentials.token(clusterId)).toBe(before);
    credentials.forget(clusterId);
    const after = await credentials.token(clusterId);
    expect(after).not.toBe(before);
    expect(await asDoor((door) => door.whoAmI())).toMatchObject({ username: `system:serviceaccount:${systemNamespace}:gatehouse-door` });
    await grant({ namespaces: ['shop'] }).then(inStep);
  });

  test('whose API server was away is in step again by itself, and nobody else waited', async () => {
    await east.cluster.restartApiServer();
    const id = await grant('cluster', { kind: 'person', id: 'p-bob', name: 'bob' });
    await inStep();
    expect(worker.world.hasEntered(clusterId, 'gatehouse:bob@corp.example')).toBe(true);
    await end(id);
    await inStep();
  });

  test('of another identity at the same address gets nothing written and is called wrong', async () => {
    const uid = (await readClusterRow(worker.db, clusterId))?.kubeSystemUid;
    await setUid('11111111-0000-4000-8000-000000000000');
    await until('it is wrong', async () => (await readClusterRow(worker.db, clusterId))?.state === 'wrong-cluster', 25_000);
    await setUid(uid ?? '');
    worker.reconciler.wake();
    await until('it is right again', async () => (await readClusterRow(worker.db, clusterId))?.state === 'ready', 40_000);
  }, 80_000);
});

test('an object that cannot be had is told of, and keeps no other waiting', async () => {
  const theirs = { 'app.kubernetes.io/managed-by': 'gatehouse', 'gatehouse.io/installation': 'i-other' };
  await east.cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'theirs', labels: theirs } }]);
  await until('it is seen', () => worker.world.namespaces(clusterId).has('theirs'));
  const projectId = await changing(worker.db, (tx, touch) =>
    createProject(
      tx,
      touch,
      {
        name: 'grab',
        title: 'Grab',
        description: null,
        quota: null,
        limits: null,
        podSecurity: 'baseline',
        isolated: false,
        namespaces: [{ clusterId, name: 'theirs', origin: 'adopted' }],
      },
      carol,
    ),
  );
  await until('it is told', async () => ((await statusRow())?.message ?? '').includes('another Gatehouse installation'));
  const id = await grant('cluster', { kind: 'person', id: 'p-bob', name: 'bob' });
  const group = () => worker.world.platformGroups('p-bob', clusterId, new Date())[0] ?? 'none yet';
  await until('the grant stands all the same', async () => (await admin.get('ClusterRoleBinding', group())) !== null, 3_000);
  await until('bob may come in', () => worker.world.hasEntered(clusterId, 'gatehouse:bob@corp.example'));
  expect((await admin.get('Namespace', 'theirs'))?.metadata.labels).toMatchObject(theirs);
  await end(id);
  await changing(worker.db, (tx, touch) => removeProject(tx, touch, projectId, carol));
  await inStep();
});

test('of several workers one acts for a cluster, and another takes over when it stops', async () => {
  const holder = async () => {
    const { rows } = await worker.db.sql.query<{ holder: string; epoch: string }>(
      'SELECT holder, epoch FROM lease WHERE name = $1 AND expires_at > now()',
      [`cluster:${clusterId}`],
    );
    return rows[0];
  };
  const { db, world, openingKey, log } = worker;
  const second = createReconciler({ db, world, openingKey, log, workerId: 'w-second' });
  const first = await holder();
  expect(first?.holder).toBe('w-test');
  await second.start();
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await holder()).toEqual(first);
  await worker.reconciler.stop();
  try {
    await until('the second has taken over', async () => (await holder())?.holder === 'w-second');
    expect(Number((await holder())?.epoch)).toBe(Number(first?.epoch) + 1);
    const id = await grant('cluster', { kind: 'person', id: 'p-bob', name: 'bob' });
    await until('the world knows the grant', () => world.platformGroups('p-bob', clusterId, new Date()).length > 0);
    second.wake();
    await inStep();
    expect((await ours('ClusterRoleBinding')).some(({ metadata }) => metadata.annotations?.['gatehouse.io/role'] === 'developer')).toBe(
      true,
    );
    await end(id);
  } finally {
    await second.stop();
    await worker.reconciler.start();
  }
  await until('the first has it again', async () => (await holder())?.holder === 'w-test');
  await inStep();
}, 60_000);

test('a cluster that is away when it is removed is refused at once and cleared when it is back, as if we had never been there', async () => {
  await grant('cluster', { kind: 'person', id: 'p-carol', name: 'carol' });
  await inStep();
  const { db, openingKey, log } = worker;
  await db.sql.query(`UPDATE cluster SET server_url = 'https://127.0.0.1:1' WHERE id = $1`, [clusterId]);
  expect(await worker.ask('cluster.remove', { id: clusterId })).toMatchObject({
    removed: 0,
    advice: expect.stringContaining('kubectl delete'),
  });
  expect(await db.prisma.clusterDoorCredential.count()).toBe(0);
  expect(await db.prisma.clusterEntry.count()).toBe(0);
  expect((await readClusterRow(db, clusterId))?.state).toBe('removed');
  await until('the world has forgotten it', () => worker.world.cluster(clusterId) === undefined);
  await clearWhatWasLeft({ db, openingKey, log });
  expect(await db.prisma.clusterReconcileCredential.count()).toBe(1);

  await db.sql.query('UPDATE cluster SET server_url = $2 WHERE id = $1', [clusterId, east.cluster.server]);
  await clearWhatWasLeft({ db, openingKey, log });
  expect(await db.prisma.clusterReconcileCredential.count()).toBe(0);
  await until('the namespace is gone', async () => (await admin.get('Namespace', systemNamespace)) === null, 30_000);
  await until('nothing of ours is left', async () => {
    const kinds = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'ValidatingAdmissionPolicy', 'Namespace'];
    const left = await Promise.all(kinds.map(ours));
    return left.every((objects) => objects.length === 0);
  });
  await expect(worker.ask('cluster.register', { name: 'east' }, { kubeconfig: east.adminKubeconfig })).rejects.toThrow('never used again');
}, 60_000);

async function setUid(uid: string): Promise<void> {
  await changing(worker.db, async (tx, touch) => {
    await tx.cluster.update({ where: { id: clusterId }, data: { kubeSystemUid: uid } });
    touch('cluster', clusterId);
  });
}

async function kubectl(...args: string[]): Promise<void> {
  const { code, stderr } = await east.cluster.kubectl(...args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
}

async function objectVersions(): Promise<string[]> {
  const kinds = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'Namespace', 'NetworkPolicy', 'ResourceQuota'];
  const lists = await Promise.all(kinds.map(ours));
  return lists.flat().map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.resourceVersion}`);
}
