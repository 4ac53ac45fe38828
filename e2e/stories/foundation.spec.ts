/**
 * The whole promise in one run, on real parts: a group gets a role in the browser, RBAC appears in both clusters, a member works through
 * the door with kubectl, the account is disabled in Active Directory, and that person is out, streams and all. Witnesses that are not ours:
 * kubectl's exit codes and texts, the API servers' objects and their audit logs, the directory itself.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { type Browser, expect, type Page, test } from '@playwright/test';
import type { DemoCluster, DemoContract } from '#e2e/scene/contract.ts';
import { eventually } from '#e2e/scene/eventually.ts';
import { PortalClient } from '#e2e/scene/portal-client.ts';
import { freePort } from '#e2e/stack/ports.ts';
import { type Administrator, signInAsAdministrator } from '#e2e/stack/samba/administrator.ts';
import { auditLines, requestsOf } from '#e2e/test/cluster-audit.ts';
import { readContract } from '#e2e/test/contract-file.ts';
import { Kubectl } from '#e2e/test/kubectl.ts';
import { sendRaw, tokenIn } from '#e2e/test/raw-door.ts';
import { signIn } from '#e2e/test/sign-in.ts';

test.describe.configure({ mode: 'serial' });

const contract: DemoContract = readContract();
const [east, west] = contract.clusters as [DemoCluster, DemoCluster];
const admin = (cluster: DemoCluster) => new Kubectl(contract.kubectl, cluster.adminKubeconfig);
const as = (login: string) => new Kubectl(contract.kubectl, contract.kubeconfigs[login] ?? '');
const user = (login: string) => {
  const found = contract.users.find((candidate) => candidate.login === login);
  if (!found) throw new Error(`the scene has no ${login}`);
  return found;
};

let directory: Administrator;
const newcomer = { login: 'nora', password: 'Lantern-Copper-47', upn: 'nora@corp.example' };
const crew = 'release-crew';
let nora: Kubectl;

test.beforeAll(async () => {
  const { url, ca, serverName, adminDn, adminPassword } = contract.directory;
  directory = await signInAsAdministrator({ url, caFile: ca, serverName }, adminDn, adminPassword);
});
test.afterAll(async () => {
  await directory.close();
});

async function freshPage(browser: Browser): Promise<Page> {
  return (await browser.newContext({ acceptDownloads: true })).newPage();
}

test('a person and a group made in Active Directory appear in the portal by themselves', async () => {
  await directory.createUser({ login: newcomer.login, displayName: 'Nora Vestergaard', password: newcomer.password });
  const dn = await directory.find(newcomer.login);
  await directory.createGroup(crew, [dn]);
  const api = new PortalClient(contract.portal.url).withToken(contract.api.token);
  const found = await eventually(
    () => api.must<{ items: { displayName: string }[] }>('GET', `/people?search=${newcomer.login}`),
    ({ items }) => items.length === 1,
    'the new person in the portal',
    5_000,
  );
  expect(found.items[0]?.displayName).toBe('Nora Vestergaard');
});

test('somebody without any grant signs in, is shown nothing, and gets no kubeconfig that opens anything', async ({ browser }) => {
  const page = await freshPage(browser);
  await signIn(page, contract.portal.url, 'frank', user('frank').password);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByText('east', { exact: true })).toHaveCount(0);
  await expect(page.getByText('west', { exact: true })).toHaveCount(0);
  const frank = new PortalClient(contract.portal.url);
  expect(await frank.signIn('frank', user('frank').password)).toBe(true);
  const access = await frank.must<{ clusters: unknown[] }>('GET', '/me/access');
  expect(access.clusters).toEqual([]);
  await page.context().close();
});

test('an admin gives a group a role in the browser, and RBAC appears in both clusters', async ({ browser }) => {
  const page = await freshPage(browser);
  await signIn(page, contract.portal.url, 'carol', user('carol').password);
  await expect(page).toHaveURL(/\/$/);
  await page.goto(`${contract.portal.url}/admin/access/new`);
  await grantInBrowser(page, { who: crew, role: 'Developer', namespaces: ['monitoring'] });
  for (const cluster of [east, west]) {
    const bindings = await eventually(
      async () => JSON.parse((await admin(cluster).run('get', 'rolebindings', '-n', 'monitoring', '-o', 'json')).stdout) as RoleBindings,
      ({ items }) => items.some((item) => item.metadata.annotations?.['gatehouse.io/role']?.toLowerCase().includes('developer')),
      `a RoleBinding in ${cluster.name}`,
    );
    const binding = bindings.items.find((item) => item.metadata.annotations?.['gatehouse.io/role']?.toLowerCase().includes('developer'));
    expect(binding?.metadata.labels?.['app.kubernetes.io/managed-by']).toBe('gatehouse');
    expect(binding?.subjects).toEqual([{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: binding?.metadata.name }]);
  }
  await page.context().close();
});

interface RoleBindings {
  items: {
    metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
    subjects?: { kind: string; apiGroup: string; name: string }[];
  }[];
}

/** Who → role → where → review → apply, as the page has it. */
async function grantInBrowser(page: Page, grant: { who: string; role: string; namespaces: string[] }): Promise<void> {
  await page.getByRole('combobox', { name: 'Who' }).click();
  await page.getByPlaceholder('Type to search').fill(grant.who);
  await page.getByRole('option', { name: grant.who }).first().click();
  await page.getByRole('combobox', { name: 'Role' }).selectOption(grant.role);
  await page.getByRole('combobox', { name: 'Where' }).selectOption('Namespaces by name');
  await page.getByLabel('Namespaces', { exact: true }).fill(grant.namespaces.join(', '));
  await expect(page.getByText('Matches 2 clusters, 2 namespaces today.')).toBeVisible();
  await page.getByRole('button', { name: 'Apply to 2 clusters' }).click();
  const progress = page.getByRole('table', { name: 'Progress on the clusters' });
  await expect(progress.getByText('in step')).toHaveCount(2);
}

test('a member downloads a kubeconfig in the browser and the cluster knows them by exactly their name and groups', async ({ browser }) => {
  const page = await freshPage(browser);
  await signIn(page, contract.portal.url, newcomer.login, newcomer.password);
  await page.goto(`${contract.portal.url}/connect`);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: /download kubeconfig/i }).click();
  const file = join(await (await download).path());
  const kept = join(contract.kubeconfigs.alice ?? '', '../nora.kubeconfig');
  await writeFile(kept, await readFile(file), { mode: 0o600 });
  await page.context().close();
  nora = new Kubectl(contract.kubectl, kept);

  for (const { name } of [east, west]) {
    const who = await eventually(
      () => nora.run('--context', name, 'auth', 'whoami', '-o', 'json'),
      ({ code }) => code === 0,
      `whoami on ${name}`,
    );
    const { userInfo } = (JSON.parse(who.stdout) as { status: { userInfo: { username: string; uid?: string; groups: string[] } } }).status;
    expect(userInfo.username).toBe(`gatehouse:${newcomer.upn}`);
    expect(userInfo.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-/);
    expect(userInfo.groups.filter((group) => group.startsWith('gatehouse:'))).toHaveLength(1);
    expect(userInfo.groups.filter((group) => !group.startsWith('gatehouse:'))).toEqual(['system:authenticated']);
  }
});

test('get, apply, logs, exec, attach, cp and port-forward work through the door over both clusters', async () => {
  for (const { name } of [east, west]) {
    const here = (...args: string[]) => nora.run('--context', name, '-n', 'monitoring', ...args);
    expect((await here('get', 'pods')).stdout).toContain('probe');
    const applied = await nora.withInput(configMap('from-nora'), '--context', name, '-n', 'monitoring', 'apply', '-f', '-');
    expect(applied.stderr).toBe('');
    expect(applied.stdout).toContain('configmap/from-nora created');
    expect((await here('logs', 'probe', '--tail=2')).stdout).toMatch(/line \d+/);
    const echoed = await here('exec', 'probe', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7');
    expect([echoed.code, echoed.stdout]).toEqual([7, 'out\n']);
    expect(echoed.stderr).toContain('err');

    const attached = nora.open('--context', name, '-n', 'monitoring', 'attach', 'probe');
    await attached.shows(/line \d+/);
    attached.stop();
    await attached.ended;

    const local = `${contract.kubeconfigs.alice}.copied-${name}`;
    const content = 'a'.repeat(300_000);
    await writeFile(local, content);
    expect((await here('cp', local, 'probe:/tmp/copied')).code).toBe(0);
    expect((await here('cp', 'probe:/tmp/copied', `${local}.back`)).code).toBe(0);
    expect(await readFile(`${local}.back`, 'utf8')).toBe(content);

    const port = await freePort();
    const forward = nora.open('--context', name, '-n', 'monitoring', 'port-forward', 'pod/probe', `${port}:8080`);
    await forward.shows('Forwarding from');
    const page = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(
      (response) => response.text(),
      (error: unknown) => `${error}; kubectl said: ${forward.output()}`,
    );
    expect(page).toContain('hello from monitoring/probe');
    forward.stop();
    await forward.ended;
  }
});

function configMap(name: string): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { by: 'nora' } });
}

test('each sees only their own namespaces, in a list as in a watch, and cannot read those of others', async () => {
  const names = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => line.replace('namespace/', ''))
      .filter(Boolean)
      .sort();
  expect(names((await as('alice').run('--context', 'east', 'get', 'ns', '-o', 'name')).stdout)).toEqual(['shop']);
  expect(names((await as('bob').run('--context', 'east', 'get', 'ns', '-o', 'name')).stdout)).toEqual(['payments']);
  const stolen = await as('bob').run('--context', 'east', '-n', 'shop', 'get', 'pods');
  expect(stolen.code).toBe(1);
  expect(stolen.stderr).toContain('Forbidden');
  const otherCluster = await as('bob').run(
    '--server',
    `${contract.proxy.url}/clusters/west`,
    '--context',
    'east',
    'get',
    'pods',
    '-n',
    'payments',
  );
  const noCluster = await as('bob').run(
    '--server',
    `${contract.proxy.url}/clusters/nowhere`,
    '--context',
    'east',
    'get',
    'pods',
    '-n',
    'payments',
  );
  expect(otherCluster.code).toBe(1);
  expect(withoutLogLines(otherCluster.stderr)).toBe(withoutLogLines(noCluster.stderr));
  const watching = as('alice').open('--context', 'east', 'get', 'ns', '-w', '-o', 'name');
  await watching.shows('namespace/shop');
  expect(watching.output()).not.toContain('payments');
  watching.stop();
  await watching.ended;
});

/** kubectl's own log lines carry a time and its process id. */
function withoutLogLines(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !/^[IWE]\d{4} /.test(line))
    .join('\n');
}

test('an auditor reads everything but secrets and changes nothing', async () => {
  const erin = as('erin');
  expect((await erin.run('--context', 'west', 'get', 'pods', '-A')).stdout).toContain('payments');
  expect((await erin.run('--context', 'west', 'get', 'secrets', '-A')).stderr).toContain('Forbidden');
  expect((await erin.run('--context', 'west', '-n', 'shop', 'delete', 'pod', 'web')).stderr).toContain('Forbidden');
  expect((await erin.run('--context', 'west', '-n', 'shop', 'exec', 'web', '--', 'id')).code).not.toBe(0);
});

test('the door answers what no honest client would send as DECISIONS say', async () => {
  const authorization = `Authorization: Bearer ${tokenIn(contract.kubeconfigs.alice ?? '')}`;
  const target = 'GET /clusters/east/api/v1/namespaces/shop/pods HTTP/1.1';
  const host = `Host: ${new URL(contract.proxy.url).host}`;
  const status = async (...lines: string[]) => (await sendRaw(contract, [...lines, 'Connection: close'])).status;
  expect(await status(target, host, authorization)).toBe(200);
  for (const header of [
    'Impersonate-User: system:admin',
    'impersonate-GROUP: system:masters',
    'Impersonate-Uid: x',
    'Impersonate-Extra-a: b',
    'Impersonate-Whatever: 1',
  ]) {
    const answer = await sendRaw(contract, [target, host, authorization, header, 'Connection: close']);
    expect([header, answer.status]).toEqual([header, 403]);
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', code: 403 });
  }
  expect(await status(target, host, authorization, authorization)).toBe(400);
  expect((await sendRaw(contract, [target, host, authorization, 'Connection: close, Impersonate-User, Authorization'])).status).toBe(200);
  expect(await status(target, host)).toBe(401);
  expect(await status(target, host, `${authorization}x`)).toBe(401);
  expect(await status('GET /clusters/east/api/v1/namespaces/shop/%2e%2e/payments/pods HTTP/1.1', host, authorization)).toBe(400);
  expect(await status('GET //clusters/east/api HTTP/1.1', host, authorization)).toBe(400);
  expect(await status(`GET ${contract.proxy.url}/clusters/east/api HTTP/1.1`, host, authorization)).toBe(400);
  const asOther = await as('alice').run('--context', 'east', '--as', 'system:admin', 'get', 'pods', '-n', 'shop');
  expect([asOther.code, asOther.stderr.includes('impersonat')]).toEqual([1, true]);
  const seen = (await auditLines(east)).map((line) => line.impersonatedUser?.username);
  expect(seen).not.toContain('system:admin');
});

test('a project refuses the pod too many and the privileged pod, and its members cannot change what fences them', async () => {
  const alice = (...args: string[]) => as('alice').run('--context', 'east', '-n', 'shop', ...args);
  const create = (pod: object) => as('alice').withInput(JSON.stringify(pod), '--context', 'east', '-n', 'shop', 'create', '-f', '-');
  const privileged = await create(podNamed('too-strong', { securityContext: { privileged: true } }));
  expect([privileged.code, privileged.stderr.includes('PodSecurity')]).toEqual([1, true]);
  let refused: string | null = null;
  for (let n = 0; n < 12 && refused === null; n += 1) {
    const made = await create(podNamed(`extra-${n}`, {}));
    if (made.code !== 0) refused = made.stderr;
  }
  expect(refused).toContain('exceeded quota');
  for (const [verb, resource] of [
    ['delete', 'networkpolicies'],
    ['create', 'networkpolicies'],
    ['patch', 'resourcequotas'],
    ['delete', 'limitranges'],
    ['create', 'rolebindings'],
    ['patch', 'namespaces'],
    ['create', 'serviceaccounts/token'],
    ['impersonate', 'serviceaccounts'],
  ]) {
    const answer = await alice('auth', 'can-i', verb ?? '', resource ?? '');
    expect(`${verb} ${resource}: ${answer.stdout.trim()}`).toBe(`${verb} ${resource}: no`);
  }
  const policies = JSON.parse((await admin(east).run('-n', 'shop', 'get', 'networkpolicies', '-o', 'json')).stdout) as {
    items: { spec: { policyTypes?: string[] } }[];
  };
  expect(policies.items.some(({ spec }) => spec.policyTypes?.includes('Ingress') && spec.policyTypes.includes('Egress'))).toBe(true);
  await alice('delete', 'pods', '-l', 'app=extra', '--wait=false');
});

function podNamed(name: string, container: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'extra' } },
    spec: { containers: [{ name: 'main', image: 'busybox', command: ['sleep', '60'], ...container }] },
  };
}

test('disabling the account in Active Directory ends everything: requests, watch, exec, session; and there is a receipt', async ({
  browser,
}) => {
  const page = await freshPage(browser);
  await signIn(page, contract.portal.url, newcomer.login, newcomer.password);
  await expect(page.getByText('east', { exact: true }).first()).toBeVisible();

  const port = await freePort();
  const streams = {
    watch: nora.open('--context', 'east', '-n', 'monitoring', 'get', 'configmaps', '-w'),
    exec: nora.open('--context', 'east', '-n', 'monitoring', 'exec', '-i', 'probe', '--', 'sh', '-c', 'echo started; sleep 600'),
    logs: nora.open('--context', 'west', '-n', 'monitoring', 'logs', '-f', 'probe'),
    forward: nora.open('--context', 'west', '-n', 'monitoring', 'port-forward', 'pod/probe', `${port}:8080`),
  };
  await streams.watch.shows('from-nora');
  await streams.exec.shows('started');
  await streams.logs.shows(/line \d+/);
  await streams.forward.shows('Forwarding from');
  const through = createConnection({ port, host: '127.0.0.1' });
  through.on('error', () => {});
  await new Promise((resolve) => through.once('connect', resolve));

  const disabledAt = performance.now();
  await directory.setDisabled(newcomer.login, true);
  const commit = performance.now();
  // The request that is answered while the news arrives may end in the middle (never as a success); the next one is refused.
  await eventually(
    () => nora.run('--context', 'east', '-n', 'monitoring', 'get', 'pods'),
    ({ code, stderr }) => code !== 0 && /Unauthorized|logged in/.test(stderr),
    'the refusal',
    5_000,
  );
  for (const name of ['watch', 'exec', 'logs'] as const) {
    const ended = await streams[name].ended;
    expect(`${name} cut after ${ended.at - commit < 2_000 ? 'less than 2 s' : `${ended.at - commit} ms`}`).toBe(
      `${name} cut after less than 2 s`,
    );
    // A cut must never look like a complete answer.
    if (name !== 'watch') expect(`${name} ended with ${ended.code === 0 ? 'success' : 'failure'}`).toBe(`${name} ended with failure`);
  }
  streams.forward.stop();
  await streams.forward.ended;
  through.destroy();

  await page.reload();
  await expect(page).toHaveURL(/\/login/);
  const again = new PortalClient(contract.portal.url);
  expect(await again.signIn(newcomer.login, newcomer.password)).toBe(false);

  const api = new PortalClient(contract.portal.url).withToken(contract.api.token);
  const receipt = await eventually(
    () =>
      api.must<{ items: { event: string; subject: { name: string } | null; detail: Record<string, unknown> }[] }>(
        'GET',
        '/audit?event=access.cut',
      ),
    ({ items }) => items.some((item) => JSON.stringify(item).includes('Nora') || JSON.stringify(item).includes(newcomer.upn)),
    'the receipt in the audit log',
    10_000,
  );
  expect(receipt.items.length).toBeGreaterThan(0);

  // Their own words: nothing of hers reached either API server after the cut.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const cutAt = Date.now() - (performance.now() - disabledAt) + 2_000;
  for (const cluster of [east, west]) {
    const hers = await requestsOf(cluster, `gatehouse:${newcomer.upn}`);
    expect(hers.length).toBeGreaterThan(0);
    expect(hers.every((line) => line.impersonatedUser?.groups?.includes('system:authenticated'))).toBe(true);
    expect(hers.filter((line) => Date.parse(line.requestReceivedTimestamp) > cutAt)).toEqual([]);
  }
  await page.context().close();
});
