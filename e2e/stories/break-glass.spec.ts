/**
 * The envelope for the day on which no domain controller answers: an admin makes two local accounts, one of them comes in through its own
 * page, what it does and may not do, how everybody who administers hears of it, and how it is made anew.
 */
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { Secret, TOTP } from 'otpauth';
import { readContract } from '#e2e/test/contract-file.ts';
import { sendRaw } from '#e2e/test/raw-door.ts';
import { signIn } from '#e2e/test/sign-in.ts';

test.describe.configure({ mode: 'serial' });

const contract = readContract();
const { portal } = contract;
const pictures = join(import.meta.dirname, '../../.gatehouse/e2e/screens');
const periodMs = 30_000;

type Envelope = { name: string; password: string; secret: string; step: number };
let carol: Page;
let envelope: Envelope;

test.beforeAll(async ({ browser }) => {
  carol = await (await browser.newContext()).newPage();
  await signIn(carol, portal.url, 'carol', contract.users.find(({ login }) => login === 'carol')?.password ?? '');
  await leaveNoAccount();
});
/** A second try of this story begins where the first one began. */
async function leaveNoAccount(): Promise<void> {
  const url = `${portal.url}/api/v1/break-glass`;
  const options = { headers: { 'x-gatehouse-request': '1', origin: portal.url }, data: { reason: 'the story begins' } };
  const { accounts } = (await (await carol.request.get(url)).json()) as { accounts: { id: string }[] };
  for (const { id } of accounts) expect((await carol.request.delete(`${url}/accounts/${id}`, options)).status()).toBe(200);
}

test.afterAll(() => carol.context().close());

async function look(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect.soft(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)).toEqual([]);
}

/** The present code, or the next one where the present one is used up: a clock may be half a minute ahead. */
function nextCode(envelope: Envelope): string {
  envelope.step = Math.max(envelope.step + 1, Math.floor(Date.now() / periodMs));
  return TOTP.generate({ secret: Secret.fromBase32(envelope.secret), timestamp: envelope.step * periodMs });
}

async function readEnvelope(name: string): Promise<Envelope> {
  const dialog = carol.getByRole('dialog', { name: `Seal ${name}` });
  const text = async (label: string) => ((await dialog.getByRole('region', { name: label }).textContent()) ?? '').trim();
  return { name, password: await text(`Password of ${name}`), secret: await text(`One-time secret of ${name}`), step: 0 };
}

async function seal(name: string): Promise<Envelope> {
  const sealed = await readEnvelope(name);
  await carol.getByLabel('The code it shows now').fill(nextCode(sealed));
  await carol.getByRole('button', { name: 'Confirm and seal' }).click();
  await expect(carol.getByRole('dialog')).toHaveCount(0);
  return sealed;
}

async function make(name: string, beforeItIsSealed = async () => {}): Promise<Envelope> {
  await carol.getByRole('button', { name: 'Make an account' }).click();
  await carol.getByLabel('Name', { exact: true }).fill(name);
  await carol.getByRole('button', { name: 'Make it' }).click();
  await expect(carol.getByRole('img', { name: `QR code for the authenticator of ${name}` })).toBeVisible();
  await beforeItIsSealed();
  return seal(name);
}

async function strangersPage(browser: Browser, colorScheme: 'light' | 'dark'): Promise<Page> {
  const page = await (await browser.newContext({ colorScheme })).newPage();
  await page.goto(`${portal.url}/login/break-glass`);
  return page;
}

async function type(page: Page, { name, password, code }: { name: string; password: string; code: string }): Promise<void> {
  await page.getByLabel('Account').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('Code').fill(code);
  await page.getByRole('button', { name: 'Break the glass' }).click();
}

test('an admin makes two accounts; each password and secret is shown once, and a code confirms it', async () => {
  await carol.goto(`${portal.url}/admin`);
  await expect(carol.getByText('Break-glass is not set up yet')).toBeVisible();
  await carol.goto(`${portal.url}/admin/settings`);
  await expect(carol.getByText('Not set up yet: 0 of 2 confirmed')).toBeVisible();
  envelope = await make('glass-one', () => look(carol, 'break-glass-envelope'));
  await make('glass-two');
  await expect(carol.getByText('Sealed, ready')).toHaveCount(2);
  await expect(carol.getByText(envelope.password)).toHaveCount(0);
});

test('its own page refuses what is not right, and lets the envelope’s holder in to administer, with no way to a cluster', async ({
  browser,
}) => {
  const page = await strangersPage(browser, 'dark');
  await look(page, 'break-glass-login-dark');
  await type(page, { ...envelope, code: '000000' });
  await expect(page.getByText('Name, password and code do not fit together')).toBeVisible();
  await type(page, { ...envelope, code: nextCode(envelope) });
  await expect(page.getByText('Break-glass: glass-one.')).toBeVisible();
  await expect(page).toHaveURL(/\/admin$/);
  await expect(page.getByRole('link', { name: 'My access' })).toHaveCount(0);
  await look(page, 'break-glass-overview-dark');
  await page.goto(`${portal.url}/connect`);
  await expect(page).toHaveURL(/\/admin$/);
  await page.goto(`${portal.url}/admin/settings`);
  await expect(page.getByRole('button', { name: 'Make anew' })).toHaveCount(0);
  const key = (await page.context().cookies()).find(({ name }) => name.endsWith('gatehouse.break-glass'))?.value ?? '';
  expect(key).not.toBe('');
  const api = await page.request.get(`${portal.url}/api/v1/me`, { headers: { authorization: `Bearer ${key}` } });
  expect(api.status()).toBe(401);
  const { pathname, host } = new URL(`${contract.proxy.url}${contract.clusters[0]?.proxyPath}/version`);
  const door = await sendRaw(contract, [`GET ${pathname} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${key}`, 'Connection: close']);
  expect(door.status).toBe(401);
  await page.getByRole('button', { name: 'Sign out' }).first().click();
  await expect(page).toHaveURL(/\/login$/);
  await page.goto(`${portal.url}/admin`);
  await expect(page).toHaveURL(/\/login/);
  await page.context().close();
});

test('everybody who administers hears of it until somebody acknowledges it, and the account is made anew', async ({ browser }) => {
  await carol.goto(`${portal.url}/admin`);
  await expect(carol.getByText(/The break-glass account glass-one was used/).first()).toBeVisible();
  await carol.screenshot({ path: join(pictures, 'break-glass-alert.png') });
  await carol.goto(`${portal.url}/admin/settings#break-glass`);
  await look(carol, 'break-glass-used');
  const acknowledge = carol.getByRole('button', { name: /^Acknowledge/ });
  for (let left = await acknowledge.count(); left > 0; left -= 1) {
    await acknowledge.first().click();
    await expect(acknowledge).toHaveCount(left - 1);
  }
  await carol
    .getByRole('row', { name: /glass-one/ })
    .getByRole('button', { name: 'Make anew' })
    .click();
  await carol.getByRole('button', { name: 'Make it anew' }).click();
  await expect(carol.getByRole('img', { name: /QR code/ })).toBeVisible();
  await seal('glass-one');
  await expect(carol.getByText('Sealed, ready')).toHaveCount(2);
  const page = await strangersPage(browser, 'light');
  await look(page, 'break-glass-login-light');
  await type(page, { ...envelope, code: nextCode(envelope) });
  await expect(page.getByText('Name, password and code do not fit together')).toBeVisible();
  await page.context().close();
  await acknowledge.first().click();
  await expect(acknowledge).toHaveCount(0);
});
