/**
 * The first day in the browser: an empty installation of its own, beside the scene's, and the three steps that it greets its first admin
 * with. Each is verified live: a wrong password is said, the directory's people are counted, a cluster turns green by itself.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { type Product, startProduct } from '#e2e/scene/product.ts';
import { type Cluster, ensureKubernetesBinaries, startCluster } from '#e2e/stack/kubernetes.ts';
import { silentProgress } from '#e2e/stack/progress.ts';
import { createWarden, type Warden } from '#e2e/stack/warden.ts';
import { readContract } from '#e2e/test/contract-file.ts';

test.describe.configure({ mode: 'serial' });

const contract = readContract();
const pictures = join(import.meta.dirname, '../../.gatehouse/e2e/screens');
let folder: string;
let warden: Warden;
let product: Product;
let plant: Cluster;
let page: Page;

test.beforeAll(async ({ browser }) => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-first-'));
  warden = await createWarden();
  const binaries = await ensureKubernetesBinaries(silentProgress);
  [product, plant] = await Promise.all([
    startProduct({ folder, warden }),
    startCluster({ name: 'plant', directory: join(folder, 'plant'), binaries, warden }),
  ]);
  page = await (await browser.newContext()).newPage();
});

test.afterAll(async () => {
  await page.context().close();
  await product.stop();
  await warden.close();
  await rm(folder, { recursive: true, force: true });
});

async function look(name: string): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect.soft(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)).toEqual([]);
}

test('a wrong setup code opens nothing, the printed one opens the first step', async () => {
  await page.goto(`${product.portalUrl}/setup`);
  await page.getByLabel('Setup code').fill('000000-000000-000000');
  await page.getByRole('button', { name: 'Begin' }).click();
  await expect(page.getByText('This is not the code.')).toBeVisible();
  await look('setup-code');
  await page.getByLabel('Setup code').fill(product.setupCode);
  await page.getByRole('button', { name: 'Begin' }).click();
  await expect(page.getByRole('heading', { name: /Connect the directory/ })).toBeVisible();
});

test('the directory is tried live before it is connected, then read while the page goes on by itself', async () => {
  const { url, ca, serverName, adminDn, adminPassword } = contract.directory;
  await page.getByLabel('Domain controllers').fill(url);
  await page.getByLabel('Account that reads the directory').fill(adminDn);
  await page.getByLabel('CA certificate').fill(await readFile(ca, 'utf8'));
  const more = page.getByLabel('Name in the certificate');
  if (!(await more.isVisible())) await page.locator('summary').first().click();
  await more.fill(serverName);
  await page.getByLabel('Its password').fill('certainly-wrong');
  await page.getByRole('button', { name: 'Test the connection' }).click();
  await expect(page.getByText(/password/i).last()).toBeVisible();
  await expect(page.getByRole('button', { name: /^Connect corp/ })).toHaveCount(0);
  await page.getByLabel('Its password').fill(adminPassword);
  await page.getByRole('button', { name: 'Test the connection' }).click();
  await expect(page.getByText(/answers: 3\d\d people and \d+ groups/)).toBeVisible();
  await look('setup-directory');
  await page.getByRole('button', { name: 'Connect corp.example' }).click();
  await expect(page.getByText(/corp\.example is read and followed: 3\d\d people/)).toBeVisible();
});

test('choosing who administers ends the setup, and one of them signs in', async () => {
  await page.getByRole('combobox', { name: 'A group of the directory' }).click();
  await page.getByPlaceholder('Type to search').fill('platform-admins');
  await page.getByRole('option', { name: /platform-admins/ }).click();
  await look('setup-admins');
  await page.getByRole('button', { name: 'platform-admins administers' }).click();
  await expect(page).toHaveURL(/\/login/);
  const carol = contract.users.find(({ login }) => login === 'carol');
  await page.getByLabel(/name/i).first().fill('carol');
  await page.getByLabel(/password/i).fill(carol?.password ?? '');
  await page.getByRole('button', { name: /sign in/i }).click();
  await expect(page).toHaveURL(/\/admin\/clusters\/new/);
});

test('a cluster registers by one kubectl apply, and the page turns green by itself', async () => {
  await page.getByLabel('Name', { exact: true }).fill('plant');
  await page.getByLabel('Labels').fill('env=lab');
  await page.getByRole('button', { name: 'One kubectl apply' }).click();
  await page.getByLabel('Address of its API server').fill(plant.server);
  await page.getByRole('button', { name: 'Show the command' }).click();
  const command = page.getByText(/kubectl apply -f http/).first();
  await expect(command).toBeVisible();
  await look('cluster-waiting');
  const manifestUrl = (await command.textContent())?.match(/http\S+\.yaml/)?.[0] ?? '';
  const file = join(folder, 'join.yaml');
  await writeFile(file, await (await fetch(manifestUrl)).text());
  const applied = await plant.kubectl('apply', '-f', file);
  expect(applied.stderr).toBe('');
  await expect(page.getByText('plant is registered.')).toBeVisible({ timeout: 60_000 });
  await look('cluster-registered');
  await page.getByRole('link', { name: /Open plant|Go on/ }).click();
  await expect(page.getByText('in step').first()).toBeVisible({ timeout: 30_000 });
});
