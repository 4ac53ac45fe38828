/**
 * A person's keys, in the browser and with real kubectl: narrowed to a namespace, renewed on the same computer, renamed, revoked by their
 * owner, and by an admin while a watch hangs on it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { eventually } from '#e2e/scene/eventually.ts';
import { PortalClient } from '#e2e/scene/portal-client.ts';
import { readContract } from '#e2e/test/contract-file.ts';
import { Kubectl } from '#e2e/test/kubectl.ts';
import { signIn } from '#e2e/test/sign-in.ts';

test.describe.configure({ mode: 'serial' });

const contract = readContract();
const password = (login: string) => contract.users.find((user) => user.login === login)?.password ?? '';
const device = `Bench ${Date.now().toString(36)}`;

let context: BrowserContext;
let page: Page;
let first: Kubectl;
let second: Kubectl;

test.beforeAll(async ({ browser }) => {
  context = await browser.newContext({ acceptDownloads: true });
  page = await context.newPage();
  await signIn(page, contract.portal.url, 'carol', password('carol'));
});
test.afterAll(() => context.close());

async function downloaded(name: string): Promise<Kubectl> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: /download kubeconfig/i }).click();
  const kept = join(dirname(contract.kubeconfigs.carol ?? ''), `${name}.kubeconfig`);
  await writeFile(kept, await readFile(await (await download).path()), { mode: 0o600 });
  return new Kubectl(contract.kubectl, kept);
}

async function expectAccessible(what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${what}: ${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)).toEqual([]);
}

test('a platform admin’s kubeconfig for one namespace reaches that namespace and nothing beside it', async () => {
  await page.goto(`${contract.portal.url}/connect`);
  await page.getByLabel('This computer').fill(device);
  await page.getByLabel('Only these namespaces').fill('Shop');
  await page.getByRole('button', { name: /download kubeconfig/i }).click();
  await expect(page.getByText('A namespace is written in lower-case letters, digits and dashes.')).toBeVisible();
  await page.getByLabel('Only these namespaces').fill('shop');
  first = await downloaded('narrowed');
  await expect(page.getByText('It reaches only the namespaces that you named.')).toBeVisible();
  await expectAccessible('connect');

  await eventually(
    () => first.run('get', 'pods'),
    ({ code }) => code === 0,
    'pods in the namespace where the kubeconfig begins',
  );
  expect((await first.run('get', 'namespaces', '-o', 'name')).stdout.trim()).toBe('namespace/shop');
  expect((await first.run('auth', 'whoami')).code).toBe(0);
  expect((await first.run('api-resources')).code).toBe(0);
  expect((await first.run('create', 'configmap', 'from-a-narrow-key', '--from-literal=a=b')).code).toBe(0);
  expect((await first.run('delete', 'configmap', 'from-a-narrow-key')).code).toBe(0);
  for (const beyond of [
    ['get', 'pods', '-A'],
    ['get', 'nodes'],
    ['get', 'secrets', '-n', 'kube-system'],
    ['create', 'namespace', 'mine'],
    ['delete', 'namespace', 'shop'],
  ]) {
    const { code, stderr } = await first.run(...beyond);
    expect([beyond.join(' '), code, stderr]).toEqual([beyond.join(' '), 1, expect.stringContaining('narrowed to the namespace shop')]);
  }
  await expect(page.getByText(/It works: used from/)).toBeVisible();
});

test('downloading again on the same computer renews: the page says so, and the first use of the new key ends the old one', async () => {
  await page.goto(`${contract.portal.url}/connect`);
  await page.getByLabel('This computer').fill(device);
  second = await downloaded('renewed');
  await expect(page.getByText('The former one of this device ends with the first use of this one, or after 10 minutes.')).toBeVisible();
  expect((await first.run('get', 'pods')).code).toBe(0);
  expect((await second.run('get', 'nodes')).code).toBe(0);
  const refused = await eventually(
    () => first.run('get', 'pods'),
    ({ code }) => code !== 0,
    'the end of the former kubeconfig',
  );
  expect(refused.stderr).toMatch(/logged in|Unauthorized/);
  await page.goto(`${contract.portal.url}/credentials`);
  await expect(page.getByRole('row', { name: new RegExp(`${device} kubeconfig works`) })).toHaveCount(1);
  await expect(page.getByRole('row', { name: new RegExp(`${device} kubeconfig only namespace shop replaced`) })).toHaveCount(1);
});

test('its owner renames it and revokes it, and is told beforehand what that cuts', async () => {
  const watch = second.open('get', 'pods', '-n', 'shop', '--watch');
  await watch.shows(/NAME/);
  const row = page.getByRole('row', { name: new RegExp(`${device} kubeconfig works, 1 stream open`) });
  await expect(async () => {
    await page.reload();
    await expect(row).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 20_000 });
  await row.getByRole('button', { name: `Rename ${device}` }).click();
  await page.getByRole('dialog').getByLabel('Name').fill(`${device} at home`);
  await expectAccessible('the dialog that renames');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  const renamed = page.getByRole('row', { name: new RegExp(`${device} at home kubeconfig works`) });
  await renamed.getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByRole('dialog').getByText('1 open stream (shells, logs, watches, port-forwards) is cut at once.')).toBeVisible();
  await expectAccessible('the dialog that revokes');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await watch.ended;
  const refused = await second.run('get', 'pods', '-n', 'shop');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/logged in|Unauthorized/)]);
  await expect(
    page
      .getByRole('table', { name: 'Credentials' })
      .last()
      .getByRole('row', { name: new RegExp(`${device} at home`) }),
  ).toContainText('revoked');
});

test('an admin revokes one of another person’s on that person’s page, with what hangs on it', async () => {
  const alice = new PortalClient(contract.portal.url);
  expect(await alice.signIn('alice', password('alice'))).toBe(true);
  const spare = `Spare ${device}`;
  const { kubeconfig } = await alice.must<{ kubeconfig: string }>('POST', '/credentials/kubeconfig', { deviceName: spare, days: 1 });
  const kept = join(dirname(contract.kubeconfigs.alice ?? ''), 'spare.kubeconfig');
  await writeFile(kept, kubeconfig, { mode: 0o600 });
  const watch = new Kubectl(contract.kubectl, kept).open('get', 'pods', '-n', 'shop', '--watch');
  await watch.shows(/NAME/);
  const { person } = await alice.must<{ person: { id: string } }>('GET', '/me');
  await page.goto(`${contract.portal.url}/admin/people/${person.id}`);
  const row = page.getByRole('row', { name: new RegExp(`^${spare}, kubeconfig`) });
  await expect(page.getByRole('row', { name: /watch pods in shop/ }).first()).toBeVisible();
  await row.getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByRole('dialog')).toContainText('1 open stream');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await watch.ended;
  await expect(row).toContainText('revoked');
  expect((await new Kubectl(contract.kubectl, contract.kubeconfigs.alice ?? '').run('get', 'pods', '-n', 'shop')).code).toBe(0);
});
