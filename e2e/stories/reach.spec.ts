/**
 * How a cluster is reached, on its page: an authority added and taken out again, a proxy on the way and off it, and somebody who would let
 * another cluster bear the name. Each is tried live first; people work on through all of it.
 */

import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import type { DemoCluster } from '#e2e/scene/contract.ts';
import { PortalClient } from '#e2e/scene/portal-client.ts';
import { createAuthority } from '#e2e/stack/certificates.ts';
import { readContract } from '#e2e/test/contract-file.ts';
import { Kubectl } from '#e2e/test/kubectl.ts';
import { signIn } from '#e2e/test/sign-in.ts';

const contract = readContract();
const [east, west] = contract.clusters as [DemoCluster, DemoCluster];
const api = new PortalClient(contract.portal.url).withToken(contract.api.token);
const pictures = join(import.meta.dirname, '../../.gatehouse/e2e/screens');

interface Reached {
  serverUrl: string;
  proxyUrl: string | null;
  kubeSystemUid: string;
  authorities: { subject: string; inUse: boolean | null }[];
  health: { reachable: boolean | null; certificate: { notAfter: string } | null };
}

const cluster = () => api.must<Reached>('GET', `/clusters/${east.id}`);

test.describe.configure({ mode: 'serial', timeout: 300_000 });

let context: BrowserContext;
let page: Page;
let proxy: Server;
const asked: string[] = [];
const tunnels = new Set<Socket>();

test.beforeAll(async ({ browser }) => {
  context = await browser.newContext();
  page = await context.newPage();
  const carol = contract.users.find(({ login }) => login === 'carol');
  await signIn(page, contract.portal.url, 'carol', carol?.password ?? '');
  proxy = createServer();
  proxy.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(request.url ?? '');
    const { hostname, port } = new URL(`https://${request.url}`);
    const target = connect({ host: hostname, port: Number(port) }, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      tunnels.add(one);
      one.on('error', () => {});
      one.once('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
test.afterAll(async () => {
  for (const socket of tunnels) socket.destroy();
  await new Promise((resolve) => proxy.close(resolve));
  await context.close();
});

async function look(name: string, colorSchemes: readonly ('light' | 'dark')[] = ['light']): Promise<void> {
  for (const colorScheme of colorSchemes) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(pictures, `reach-${name}-${colorScheme}.png`), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
    expect.soft(found, `axe on ${name}, ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

const reach = () => page.getByRole('region', { name: 'How it is reached' });
const alice = () => new Kubectl(contract.kubectl, contract.kubeconfigs.alice ?? '').run('--context', 'east', 'get', 'pods', '-n', 'shop');

test('the page says that the cluster answers, by which certificate until when, and whom it trusts', async () => {
  await page.goto(`${contract.portal.url}/admin/clusters/${east.id}`);
  await expect(reach()).toContainText(/in \d+ ms/);
  await expect(reach()).toContainText('in use');
  await expect(reach()).toContainText(east.server);
  const { authorities, health } = await cluster();
  expect(authorities).toHaveLength(1);
  expect(health).toMatchObject({ reachable: true, certificate: { notAfter: expect.stringMatching(/^20/) } });
  await look('page', ['light', 'dark']);
});

test('an authority stands beside the present one, and is taken out again; the one in use is not, and nobody notices (F16)', async () => {
  const { certPem } = await createAuthority('the coming authority');
  await reach().getByRole('button', { name: 'Add an authority' }).click();
  await page.getByLabel('Certificate (PEM)').fill('not a certificate');
  await page.getByRole('button', { name: 'Add it' }).click();
  await expect(page.getByText('This is not a PEM certificate').first()).toBeVisible();
  await look('add-authority');
  await page.getByLabel('Certificate (PEM)').fill(certPem);
  await page.getByRole('button', { name: 'Add it' }).click();
  await expect(reach()).toContainText('CN=the coming authority');
  expect((await alice()).code).toBe(0);

  const lineOf = (text: string | RegExp) => reach().getByRole('listitem').filter({ hasText: text });
  await lineOf('in use').getByRole('button', { name: 'Take out' }).click();
  await page.getByRole('button', { name: 'Take it out' }).click();
  await expect(page.getByText(/Without this authority the certificate that the server shows now cannot be verified/).first()).toBeVisible();
  await look('take-out');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await lineOf('the coming authority').getByRole('button', { name: 'Take out' }).click();
  await page.getByRole('button', { name: 'Take it out' }).click();
  await expect(reach()).not.toContainText('the coming authority');
  expect((await cluster()).authorities).toHaveLength(1);
  expect((await alice()).code).toBe(0);
});

test('a proxy is gone through by worker and door alike, and another cluster is not taken for this one (F18)', async () => {
  const before = await cluster();
  await reach().getByRole('button', { name: 'Change the way' }).click();
  await page.getByLabel('HTTP proxy').fill('http://me:geheim@127.0.0.1:1');
  await page.getByRole('button', { name: 'Try and save' }).click();
  await expect(page.getByText(/takes no user name or password/).first()).toBeVisible();
  await look('change-the-way');
  await page.getByLabel('HTTP proxy').fill('');
  await page.getByLabel('Address of its API server').fill(west.server);
  await page.getByRole('button', { name: 'Try and save' }).click();
  await expect(page.getByText(/not signed by the given certificate authority/).first()).toBeVisible();
  expect(await cluster()).toMatchObject({ serverUrl: before.serverUrl, proxyUrl: null });

  await page.getByLabel('Address of its API server').fill(before.serverUrl);
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  await page.getByLabel('HTTP proxy').fill(proxyUrl);
  await page.getByRole('button', { name: 'Try and save' }).click();
  await expect(reach()).toContainText(proxyUrl);
  const atFirst = asked.length;
  expect(atFirst).toBeGreaterThan(0);
  expect((await alice()).code).toBe(0);
  await expect.poll(() => asked.length, { timeout: 15_000 }).toBeGreaterThan(atFirst);
  expect(new Set(asked)).toEqual(new Set([new URL(before.serverUrl).host]));

  await api.must('PATCH', `/clusters/${east.id}/reach`, { proxyUrl: null });
  await expect(reach()).toContainText('none, straight');
  expect((await alice()).code).toBe(0);
});

test('renewing our accounts with another cluster’s kubeconfig asks what is meant, says what it would do, and takes no cluster that is known (F18)', async () => {
  const before = await cluster();
  await page.getByRole('button', { name: 'Renew our accounts' }).click();
  await page.getByLabel(/^Kubeconfig of an administrator/).fill(await readFile(west.adminKubeconfig, 'utf8'));
  await page.getByLabel('Address of its API server').fill('');
  await page.getByRole('button', { name: 'Renew', exact: true }).click();
  await expect(page.getByText('Another cluster answers there. Does it take the place of east?')).toBeVisible();
  await expect(page.getByText(/All grants on east then hold in the new cluster/)).toBeVisible();
  await look('rebuilt', ['light', 'dark']);
  await page.getByRole('button', { name: 'Yes, it takes its place' }).click();
  await expect(page.getByText(/already registered, as “west”/).first()).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  expect(await cluster()).toMatchObject({ kubeSystemUid: before.kubeSystemUid, serverUrl: before.serverUrl });
  expect((await alice()).code).toBe(0);
});
