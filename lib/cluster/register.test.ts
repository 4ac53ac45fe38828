import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { changing } from '#lib/db/database.ts';
import { asFault } from '#lib/errors/fault.ts';
import { carol, type TestCluster, type TestWorker, testCluster, testWorker, until } from '#lib/reconcile/testing.ts';
import { type ClusterClient, createClusterClient } from './client.ts';
import { readClusterRow, readInvitation } from './data.ts';
import { hashOfCode, newCode } from './invitation-code.ts';
import { insertInvitation } from './invitation-mutations.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { joinObjects } from './manifest.ts';
import { joinJobName, ownerSelector, systemNamespace } from './names.ts';

let west: TestCluster;
let worker: TestWorker;
let admin: ClusterClient;
let portal: Server;
let portalUrl: string;

beforeAll(async () => {
  [west, worker] = await Promise.all([testCluster('west'), testWorker()]);
  const { address, auth } = readKubeconfig(west.adminKubeconfig);
  admin = createClusterClient(address, auth);
  // The portal's part of joining is to hand the delivery to the worker; here it is done over real HTTP, as the Job does it.
  portal = createServer(async (request, response) => {
    try {
      const answer = await worker.ask('cluster.accept', await json(request));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } catch (error) {
      const { status, code, message } = asFault(error);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { code, message } }));
    }
  });
  await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve));
  portalUrl = `http://127.0.0.1:${(portal.address() as AddressInfo).port}`;
});

afterAll(async () => {
  portal?.close();
  await worker?.close();
  await admin?.close();
  await west?.close();
});

const register = (kubeconfig: string, input: object = {}) => worker.ask('cluster.register', { name: 'west', ...input }, { kubeconfig });

/** The administrator's kubeconfig with something changed in it. */
function kubeconfigWith(change: (config: { cluster: Record<string, unknown>; user: Record<string, unknown> }) => void): string {
  const config = parse(west.adminKubeconfig) as {
    clusters: { cluster: Record<string, unknown> }[];
    users: { user: Record<string, unknown> }[];
  };
  const [{ cluster } = { cluster: {} }] = config.clusters;
  const [{ user } = { user: {} }] = config.users;
  change({ cluster, user });
  return stringify(config);
}

async function nothingIsLeft(): Promise<void> {
  expect(await worker.db.prisma.cluster.count({ where: { NOT: { state: 'removed' } } })).toBe(0);
  expect((await worker.db.prisma.clusterDoorCredential.count()) + (await worker.db.prisma.clusterReconcileCredential.count())).toBe(0);
  // What the namespace owned is cleared by the cluster's own collector, a moment later.
  await until('our objects are gone', async () => {
    const kinds = ['ClusterRole', 'ClusterRoleBinding', 'RoleBinding'];
    const lists = await Promise.all(kinds.map((kind) => admin.list(kind, { labelSelector: ownerSelector(worker.installationId) })));
    return lists.every(({ items }) => items.length === 0);
  });
  await until('our namespace is gone', async () => (await admin.get('Namespace', systemNamespace)) === null);
}

describe('a registration that cannot succeed says why in one sentence and leaves nothing behind:', () => {
  test('nobody answers at the address', async () => {
    const closed = kubeconfigWith(({ cluster }) => Object.assign(cluster, { server: 'https://127.0.0.1:1' }));
    await expect(register(closed)).rejects.toMatchObject({
      code: 'cluster.unreachable',
      message: expect.stringContaining('connection is refused'),
    });
    const unknown = kubeconfigWith(({ cluster }) => Object.assign(cluster, { server: 'https://api.no-such-host.invalid:6443' }));
    await expect(register(unknown)).rejects.toMatchObject({ code: 'cluster.unreachable' });
    await nothingIsLeft();
  });

  test('the certificate is not from the given authority, and the credential was not sent', async () => {
    const other = kubeconfigWith(({ cluster }) =>
      Object.assign(cluster, { 'certificate-authority-data': Buffer.from(strangersCa).toString('base64') }),
    );
    await expect(register(other)).rejects.toMatchObject({
      code: 'cluster.untrusted',
      message: expect.stringContaining('Nothing was sent'),
    });
    await nothingIsLeft();
  });

  test('the certificate is for another name', async () => {
    const renamed = kubeconfigWith(({ cluster }) => Object.assign(cluster, { 'tls-server-name': 'api.elsewhere.example' }));
    await expect(register(renamed)).rejects.toMatchObject({
      code: 'cluster.untrusted',
      message: expect.stringContaining('another host name'),
    });
  });

  test('the credential is not known there', async () => {
    const stranger = kubeconfigWith(({ user }) => {
      for (const key of Object.keys(user)) delete user[key];
      user.token = 'not-a-token-of-this-cluster';
    });
    await expect(register(stranger)).rejects.toMatchObject({ code: 'cluster.credential-refused' });
  });

  test('its rights do not suffice, and the missing ones are named', async () => {
    await west.cluster.apply([{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'weak', namespace: 'default' } }]);
    await west.cluster.kubectl('create', 'clusterrolebinding', 'weak', '--clusterrole=view', '--serviceaccount=default:weak');
    const { stdout } = await west.cluster.kubectl('create', 'token', 'weak');
    const weak = kubeconfigWith(({ user }) => {
      for (const key of Object.keys(user)) delete user[key];
      user.token = stdout.trim();
    });
    const refusal = asFault(await register(weak).catch((error: unknown) => error));
    expect(refusal.code).toBe('cluster.rights-missing');
    for (const right of ['create namespaces', 'escalate clusterroles', 'create serviceaccounts/token'])
      expect(refusal.message).toContain(right);
    expect(refusal.message).not.toContain(stdout.trim());
    await nothingIsLeft();
  });

  test('every account of the cluster may read secrets: the self-test refuses to go in', async () => {
    await west.cluster.kubectl('create', 'clusterrole', 'secret-reader', '--verb=get,list', '--resource=secrets');
    await west.cluster.kubectl('create', 'clusterrolebinding', 'too-open', '--clusterrole=secret-reader', '--group=system:authenticated');
    await expect(register(west.adminKubeconfig)).rejects.toMatchObject({
      code: 'cluster.self-test-failed',
      message: expect.stringContaining('get secrets'),
    });
    await west.cluster.kubectl('delete', 'clusterrolebinding', 'too-open');
    await nothingIsLeft();
  });

  test('it belongs to another installation, whose objects stay as they are', async () => {
    const theirs = { 'app.kubernetes.io/managed-by': 'gatehouse', 'gatehouse.io/installation': 'i-other' };
    await west.cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace, labels: theirs } }]);
    await expect(register(west.adminKubeconfig)).rejects.toMatchObject({ code: 'cluster.other-installation' });
    expect((await admin.get('Namespace', systemNamespace))?.metadata.labels).toMatchObject(theirs);
    await admin.remove('Namespace', systemNamespace);
    await nothingIsLeft();
  });

  test('each failure stands in the audit log, without any secret', async () => {
    const { rows } = await worker.db.sql.query<{ detail: { why: string } }>(
      `SELECT detail FROM audit_event WHERE event = 'cluster.registration-failed'`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(6);
    expect(JSON.stringify(rows)).not.toMatch(/BEGIN|eyJ|not-a-token-of-this-cluster/);
  });
});

describe('joining by one kubectl apply', () => {
  async function invite(name: string, minutes = 15): Promise<{ id: string; code: string }> {
    const code = newCode();
    const { address } = readKubeconfig(west.adminKubeconfig);
    const id = await changing(worker.db, (tx, touch) =>
      insertInvitation(tx, touch, carol, {
        name,
        labels: { env: 'staging' },
        serverUrl: address.url,
        image: null,
        codeHash: hashOfCode(code),
        askerId: 'p-carol',
        expiresAt: new Date(Date.now() + minutes * 60_000),
      }),
    );
    return { id, code };
  }

  async function applyManifest(invitation: { id: string; code: string }, url: string): Promise<void> {
    const sealingKeyPem = worker.sealingKey.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await west.cluster.apply(
      joinObjects({
        installationId: worker.installationId,
        invitationId: invitation.id,
        code: invitation.code,
        portalUrl: url,
        sealingKeyPem,
        image: 'gatehouse.test/host-tools',
      }),
    );
  }

  async function jobLog({ id }: { id: string }): Promise<string> {
    await until(
      'the Job has ended',
      async () => {
        const status = (await admin.get('Job', joinJobName(id), systemNamespace))?.status as
          | { succeeded?: number; failed?: number }
          | undefined;
        return Boolean(status?.succeeded || status?.failed);
      },
      40_000,
    );
    const { stdout, stderr } = await west.cluster.kubectl('-n', systemNamespace, 'logs', `job/${joinJobName(id)}`);
    return stdout + stderr;
  }

  test('a Job that cannot reach the portal prints a delivery that only the worker can open; carried over by hand it registers, once', async () => {
    const invitation = await invite('west');
    await applyManifest(invitation, 'http://127.0.0.1:1');
    const log = await jobLog(invitation);
    expect(log).not.toContain(invitation.code);
    expect(log).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\./);
    const delivery = JSON.parse(log.split('\n').find((line) => line.startsWith('{')) ?? '') as { invitation: string; sealed: string };

    const tampered = { ...delivery, sealed: `${delivery.sealed.slice(0, -8)}AAAAAAA=` };
    await expect(worker.ask('cluster.accept', tampered)).rejects.toMatchObject({ code: 'cluster.bad-delivery' });
    const other = await invite('another');
    await expect(worker.ask('cluster.accept', { ...delivery, invitation: other.id })).rejects.toMatchObject({
      code: 'cluster.bad-delivery',
    });
    expect((await readInvitation(worker.db, invitation.id))?.state).toBe('waiting');

    const answers = await Promise.allSettled([worker.ask('cluster.accept', delivery), worker.ask('cluster.accept', delivery)]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(worker.ask('cluster.accept', delivery)).rejects.toMatchObject({ code: 'cluster.not-invited' });
    const { clusterId } = (await readInvitation(worker.db, invitation.id)) ?? {};
    await until('the cluster is ready', async () => (await readClusterRow(worker.db, clusterId ?? ''))?.state === 'ready');
    await until('the Job’s own rights are gone', async () => (await admin.get('Role', 'gatehouse-join', systemNamespace)) === null);

    await expect(register(west.adminKubeconfig, { name: 'west-again' })).rejects.toMatchObject({
      code: 'cluster.already-registered',
      message: expect.stringContaining('“west”'),
    });
    await expect(register(west.adminKubeconfig, { name: 'west' })).rejects.toMatchObject({ code: 'cluster.name-taken' });
    await worker.ask('cluster.remove', { id: clusterId });
    await nothingIsLeft();
  }, 90_000);

  test('a Job that reaches the portal registers by itself', async () => {
    const invitation = await invite('west-2');
    await applyManifest(invitation, portalUrl);
    expect(await jobLog(invitation)).toContain('This cluster has joined Gatehouse as west-2.');
    const row = await readInvitation(worker.db, invitation.id);
    expect(row?.state).toBe('registered');
    await until('the cluster is ready', async () => (await readClusterRow(worker.db, row?.clusterId ?? ''))?.state === 'ready');
    await worker.ask('cluster.remove', { id: row?.clusterId });
    await nothingIsLeft();
  }, 90_000);

  test('a code that is over is nothing', async () => {
    const invitation = await invite('late', 0);
    await expect(worker.ask('cluster.accept', { invitation: invitation.id, sealed: 'AAAA' })).rejects.toMatchObject({
      code: 'cluster.not-invited',
    });
  });
});

const strangersCa = `-----BEGIN CERTIFICATE-----
MIIBgjCCASegAwIBAgIUfb7Rii/QEAgopz6MaXk+74NU5VYwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKYSBzdHJhbmdlcjAgFw0yNjExMjMxMzE5NThaGA8yMTI2MTAz
MDEzMTk1OFowFTETMBEGA1UEAwwKYSBzdHJhbmdlcjBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABMHm17T9iWndM92nzAAMitX2awRl/iQFWBeENMKvbqZaUsPcLQNi
COLuMrsqLrQEPpZ8auRxe/WGXHqumuxJF8ujUzBRMB0GA1UdDgQWBBSzXth56gdz
hJVrir+Gsna+l5wuLDAfBgNVHSMEGDAWgBSzXth56gdzhJVrir+Gsna+l5wuLDAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCUO3YZK9HpHptVBQg5
xz89PzURnRDGZP7NpFH8QTyglgIhAOSIeWf20lj3EgdaIzdqufd4UNTxmoYW2beg
bgZN4JUJ
-----END CERTIFICATE-----
`;
