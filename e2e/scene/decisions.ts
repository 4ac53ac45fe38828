/**
 * The first day of an admin, by the portal's own ways: show the setup code, connect the directory, choose who administers, register one
 * cluster by a pasted kubeconfig and the other by one kubectl apply, make two projects, and grant what the cast needs.
 */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '#e2e/stack/progress.ts';
import { eventually } from './eventually.ts';
import type { Parts } from './parts.ts';
import { PortalClient } from './portal-client.ts';
import type { Product } from './product.ts';

export interface Decided {
  /** An API token of carol's. */
  readonly adminToken: string;
  readonly clusterIds: Readonly<Record<string, string>>;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/** As long as the worker gives itself for it; the portal answers sooner and says that it goes on. */
const firstReadPatienceMs = 30 * 60_000;
const registrationPatienceMs = 90_000;
const convergencePatienceMs = 60_000;

export async function decide({ product, parts, progress }: { product: Product; parts: Parts; progress: Progress }): Promise<Decided> {
  const { directory, clusters } = parts;
  await progress('connecting the directory and choosing the admins', async () => {
    const setup = new PortalClient(product.portalUrl);
    await setup.must('POST', '/setup/claim', { code: product.setupCode });
    const connection = {
      urls: [directory.url],
      serverName: directory.serverName,
      caPem: directory.caPem.trim(),
      bindDn: directory.followerDn,
      bindPassword: directory.followerPassword,
      baseDn: directory.baseDn,
    };
    await setup.must('POST', '/directories/test', connection);
    const { reading } = await setup.must<{ reading: boolean }>('POST', '/directories', connection);
    const findAdmins = () =>
      eventually(
        () => setup.must<{ items: Named[] }>('GET', '/setup/groups?search=platform-admins'),
        ({ items }) => items.some(({ name }) => name === 'platform-admins'),
        'the group platform-admins in the portal',
        reading ? firstReadPatienceMs : undefined,
      );
    const admins = reading ? await progress('the first read of a large directory goes on', findAdmins) : await findAdmins();
    const group = admins.items.find(({ name }) => name === 'platform-admins');
    // The portal's own picture of so many comes a moment after their rows.
    await eventually(
      () => setup.call('POST', '/setup/admins', { subject: { kind: 'group', id: group?.id } }),
      ({ status }) => status < 400,
      'the group platform-admins made the admins',
    );
  });

  const carol = new PortalClient(product.portalUrl);
  await eventually(() => carol.signIn('carol', directory.user('carol').password), Boolean, 'carol signing in at the portal');
  const { token } = await carol.must<{ token: string }>('POST', '/credentials/tokens', { name: 'demo scripts', days: 30 });

  const east = await progress('registering east by a pasted kubeconfig', async () => {
    const kubeconfig = await readFile(clusters.east.adminKubeconfig, 'utf8');
    const { id } = await carol.must<Named>('POST', '/clusters', { name: 'east', labels: { env: 'prod' }, kubeconfig });
    return id;
  });
  const west = await progress('registering west by one kubectl apply', () => registerByApply(carol, parts));

  await eventually(() => inStep(carol, [east, west]), Boolean, 'both clusters known', convergencePatienceMs);
  const shop = await carol.must<Named>('POST', '/projects', {
    name: 'shop',
    title: 'Shop',
    quota: { pods: '6', 'requests.cpu': '4', 'requests.memory': '4Gi', 'limits.cpu': '8', 'limits.memory': '8Gi' },
    limits: { defaultCpu: '200m', defaultMemory: '128Mi', requestCpu: '10m', requestMemory: '16Mi' },
    podSecurity: 'baseline',
    isolated: true,
    namespaces: [
      { clusterId: east, name: 'shop', origin: 'adopted' },
      { clusterId: west, name: 'shop', origin: 'adopted' },
    ],
  });
  const payments = await carol.must<Named>('POST', '/projects', {
    name: 'payments',
    title: 'Payments',
    quota: { pods: '10' },
    podSecurity: 'restricted',
    isolated: true,
    namespaces: [{ clusterId: east, name: 'payments', origin: 'adopted' }],
  });
  const project = ({ id }: Named) => ({ kind: 'project', projectId: id });
  const inEightHours = new Date(Date.now() + 8 * 3_600_000).toISOString();
  const roles = (await carol.must<{ roles: Named[] }>('GET', '/roles')).roles;
  const grant = async (kind: 'group' | 'person', name: string, role: string, scope: object, rest: object = {}) => {
    const subject = { kind, id: await subjectId(carol, kind, name) };
    await carol.must('POST', '/grants', { subject, roleId: roles.find((known) => known.name === role)?.id, scope, ...rest });
  };
  await grant('group', 'shop-developers', 'developer', project(shop));
  await grant('group', 'payments-developers', 'developer', project(payments));
  await grant('group', 'auditors', 'auditor', { kind: 'all' });
  await grant(
    'person',
    'dave',
    'operator',
    { kind: 'namespaces', namespaces: ['monitoring'] },
    { until: inEightHours, reason: 'on call tonight' },
  );

  await progress('waiting until both clusters are in step', async () => {
    await eventually(() => inStep(carol, [east, west]), Boolean, 'both clusters in step', convergencePatienceMs);
    const people = await signedIn(product, parts, { alice: 2, bob: 1, dave: 2, erin: 2 });
    await eventually(() => everybodyEntered(people), Boolean, 'every name known in its clusters', convergencePatienceMs);
  });
  return { adminToken: token, clusterIds: { east, west } };
}

async function registerByApply(carol: PortalClient, { clusters, directory }: Parts): Promise<string> {
  const invited = await carol.must<{ id: string; manifestUrl: string }>('POST', '/cluster-invitations', {
    name: 'west',
    labels: { env: 'staging' },
    serverUrl: clusters.west.server,
  });
  const manifest = await fetch(invited.manifestUrl);
  if (!manifest.ok) throw new Error(`the manifest could not be fetched: ${manifest.status} ${await manifest.text()}`);
  const file = join(directory.caFile, '../join-west.yaml');
  await writeFile(file, await manifest.text(), { mode: 0o600 });
  const applied = await clusters.west.kubectl('apply', '-f', file);
  await rm(file);
  if (applied.code !== 0) throw new Error(`kubectl apply of the manifest failed: ${applied.stderr}`);
  const done = await eventually(
    () => carol.must<{ state: string; detail: string | null; clusterId: string | null }>('GET', `/cluster-invitations/${invited.id}`),
    ({ state }) => state === 'registered' || state === 'failed',
    'the registration of west',
    registrationPatienceMs,
  );
  if (done.state === 'failed' || !done.clusterId) throw new Error(`west was not registered: ${done.detail}`);
  return done.clusterId;
}

async function subjectId(carol: PortalClient, kind: 'group' | 'person', name: string): Promise<string> {
  const where = kind === 'group' ? 'groups' : 'people';
  const found = await carol.must<{ items: { id: string; name?: string; upn?: string | null }[] }>('GET', `/${where}/search?search=${name}`);
  const match = found.items.find((item) => item.name === name || item.upn === `${name}@corp.example`);
  if (!match) throw new Error(`the portal knows no ${kind} ${name}`);
  return match.id;
}

async function inStep(carol: PortalClient, ids: readonly string[]): Promise<boolean> {
  const { clusters } = await carol.must<{ clusters: { id: string; state: string; status: { state: string } }[] }>('GET', '/clusters');
  return ids.every((id) =>
    clusters.some((cluster) => cluster.id === id && cluster.state === 'ready' && cluster.status.state === 'in-step'),
  );
}

/** Strict clusters let a person in once they know the name: true when nobody of the cast is "on the way" any more. */
async function everybodyEntered(people: readonly { client: PortalClient; expected: number }[]): Promise<boolean> {
  for (const { client, expected } of people) {
    const { clusters } = await client.must<{ clusters: { entered: boolean }[] }>('GET', '/me/access');
    if (clusters.length !== expected || clusters.some(({ entered }) => !entered)) return false;
  }
  return true;
}

async function signedIn({ portalUrl }: Product, { directory }: Parts, expected: Readonly<Record<string, number>>) {
  const people: { client: PortalClient; expected: number }[] = [];
  for (const [login, clusters] of Object.entries(expected)) {
    const client = new PortalClient(portalUrl);
    if (!(await client.signIn(login, directory.user(login).password))) throw new Error(`${login} could not sign in at the portal`);
    people.push({ client, expected: clusters });
  }
  return people;
}
