/** Every screen, light and dark, wide and narrow: it shows its heading, axe finds nothing, and a picture is kept for people to look at. */

import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { PortalClient } from '#e2e/scene/portal-client.ts';
import { readContract } from '#e2e/test/contract-file.ts';
import { signIn } from '#e2e/test/sign-in.ts';

const contract = readContract();
const pictures = join(import.meta.dirname, '../../.gatehouse/e2e/screens');
const api = new PortalClient(contract.portal.url).withToken(contract.api.token);
const password = (login: string) => contract.users.find((user) => user.login === login)?.password ?? '';

test.describe.configure({ mode: 'serial' });

async function firstId(path: string, list: string): Promise<string> {
  const answer = await api.must<Record<string, { id: string }[]>>('GET', path);
  const id = answer[list]?.[0]?.id;
  if (!id) throw new Error(`${path} lists nothing`);
  return id;
}

async function screens(): Promise<[string, string][]> {
  return [
    ['my-access', '/'],
    ['connect', '/connect'],
    ['credentials', '/credentials'],
    ['overview', '/admin'],
    ['people', '/admin/people'],
    ['people-none', '/admin/people?search=nobodyhasthisname'],
    ['person', `/admin/people/${await firstId('/people?search=alice', 'items')}`],
    ['groups', '/admin/groups'],
    ['group', `/admin/groups/${await firstId('/groups?search=shop-developers', 'items')}`],
    ['roles', '/admin/roles'],
    ['role', '/admin/roles/r-developer'],
    ['role-new', '/admin/roles/new'],
    ['grants', '/admin/access'],
    ['grant-new', '/admin/access/new'],
    ['clusters', '/admin/clusters'],
    ['cluster', `/admin/clusters/${contract.clusters[0]?.id}`],
    ['cluster-new', '/admin/clusters/new'],
    ['projects', '/admin/projects'],
    ['project', `/admin/projects/${await firstId('/projects?search=shop', 'projects')}`],
    ['project-new', '/admin/projects/new'],
    ['audit', '/admin/audit'],
    ['settings', '/admin/settings'],
    ['syncs', `/admin/settings/syncs/${await firstId('/directories', 'directories')}`],
  ];
}

async function signedIn(context: BrowserContext, login: string): Promise<Page> {
  const page = await context.newPage();
  await signIn(page, contract.portal.url, login, password(login));
  return page;
}

async function look(page: Page, name: string): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  expect.soft(found, `axe on ${name}`).toEqual([]);
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`each screen of an admin is whole and accessible, ${colorScheme}`, async ({ browser }) => {
    test.setTimeout(600_000);
    const context = await browser.newContext({ colorScheme });
    const login = await context.newPage();
    await login.goto(`${contract.portal.url}/login`);
    await look(login, `login-${colorScheme}`);
    const page = await signedIn(context, 'carol');
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`${page.url()}: ${message.text()}`);
    });
    for (const [name, path] of await screens()) {
      await page.goto(`${contract.portal.url}${path}`);
      await look(page, `${name}-${colorScheme}`);
    }
    expect(problems).toEqual([]);
    await context.close();
  });
}

test('each screen works at the width of a phone, without scrolling sideways', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await signedIn(context, 'carol');
  for (const [name, path] of await screens()) {
    await page.goto(`${contract.portal.url}${path}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.screenshot({ path: join(pictures, `${name}-phone.png`) });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect.soft([name, wide]).toEqual([name, 0]);
  }
  await context.close();
});

test('a developer sees what is theirs and nothing to administer', async ({ browser }) => {
  const context = await browser.newContext();
  const page = await signedIn(context, 'alice');
  await look(page, 'my-access-alice');
  await expect(page.getByRole('link', { name: /^People/ })).toHaveCount(0);
  const refused = await page.goto(`${contract.portal.url}/admin/people`);
  expect(refused?.status()).toBe(403);
  await expect(page.getByText('Dave Okafor')).toHaveCount(0);
  await look(page, 'refused-alice');
  const person = await page.goto(`${contract.portal.url}/admin/people/${await firstId('/people?search=dave', 'items')}`);
  const unknown = await page.goto(`${contract.portal.url}/admin/people/p-222222222222`);
  expect([person?.status(), unknown?.status()]).toEqual([403, 403]);
  await context.close();
});

test('what does not exist is told so by the status too, within the portal', async ({ browser }) => {
  const context = await browser.newContext();
  const page = await signedIn(context, 'carol');
  for (const path of ['people/p-222222222222', 'people/nobody', 'groups/x', 'roles/x', 'clusters/x', 'projects/x', 'nowhere']) {
    const answer = await page.goto(`${contract.portal.url}/admin/${path}`);
    expect([path, answer?.status()]).toEqual([path, 404]);
  }
  await look(page, 'nothing-here');
  await page.getByRole('link', { name: /^People/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'People' })).toBeVisible();
  await context.close();
});

test('the command palette jumps to a person by the keyboard alone', async ({ browser }) => {
  const context = await browser.newContext();
  const page = await signedIn(context, 'carol');
  await page.goto(`${contract.portal.url}/admin`);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('dave');
  await expect(page.getByRole('option', { name: /Dave Okafor/ })).toBeVisible();
  await page.screenshot({ path: join(pictures, 'palette.png') });
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: /Dave Okafor/ })).toBeVisible();
  await context.close();
});
