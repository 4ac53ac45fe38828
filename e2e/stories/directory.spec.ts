/** What would come of other settings, seen before it does; a read that is held, and put right again. Nobody loses anything by it. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { PortalClient } from '#e2e/scene/portal-client.ts';
import { readContract } from '#e2e/test/contract-file.ts';
import { signIn } from '#e2e/test/sign-in.ts';

const contract = readContract();
const api = new PortalClient(contract.portal.url).withToken(contract.api.token);
const settings = `${contract.portal.url}/admin/settings`;
const patience = { timeout: 60_000 };

interface Directory {
  readonly id: string;
  readonly state: string;
}

async function directory(): Promise<Directory> {
  const { directories } = await api.must<{ directories: Directory[] }>('GET', '/directories');
  if (!directories[0]) throw new Error('no directory is connected');
  return directories[0];
}

/** In both colours, since a colour that cannot be read is as bad as a word that is missing. */
async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect
      .soft(violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`))
      .toEqual([]);
  }
}

async function previewFilter(page: Page, filter: string): Promise<void> {
  await page.goto(settings);
  await page.getByText('Change who comes in').click();
  await page.getByLabel('Only people who match').fill(filter);
  await page.getByRole('button', { name: 'Preview what would change' }).first().click();
  await expect(page.getByRole('button', { name: 'Save these settings' })).toBeVisible(patience);
}

async function signInAsCarol(page: Page): Promise<void> {
  const carol = contract.users.find(({ login }) => login === 'carol');
  await signIn(page, contract.portal.url, 'carol', carol?.password ?? '');
}

test('a connected directory is tested again by what is kept: each domain controller, some of its people and groups', async ({ page }) => {
  await signInAsCarol(page);
  await page.goto(settings);
  await page.getByRole('button', { name: 'Test the connection again' }).click();
  await expect(page.getByText(/answers: 3\d\d people and \d+ groups/)).toBeVisible(patience);
  const found = page.getByRole('table', { name: 'Domain controllers found' });
  await expect(found.getByRole('row').filter({ hasText: 'Yes' })).toHaveCount(1);
  await expect(
    page
      .getByRole('table', { name: 'Some of its people' })
      .getByText(/@corp\.example/)
      .first(),
  ).toBeVisible();
  await expectAccessible(page);
});

test('domain controllers that DNS cannot name are refused in words, and nothing has changed', async ({ page }) => {
  await signInAsCarol(page);
  await page.goto(settings);
  await page.getByText('Change the connection').click();
  await page.getByLabel('Find them by DNS').check();
  await expect(page.getByLabel('Domain controllers', { exact: true })).toHaveCount(0);
  await page.getByLabel('Domain', { exact: true }).fill('corp.example');
  // Nobody answers DNS there: the port is closed.
  await page.getByLabel('DNS servers').fill('127.0.0.1:9');
  await page.getByRole('button', { name: 'Preview what would change' }).last().click();
  await expect(page.getByText(/The DNS servers 127\.0\.0\.1:9 did not answer/)).toBeVisible(patience);
  await expectAccessible(page);
  expect((await directory()).state).toBe('following');
});

test('disconnecting asks for the name, and is refused to those who came in by that very directory', async ({ page }) => {
  await signInAsCarol(page);
  await page.goto(settings);
  await page.getByRole('button', { name: 'Disconnect', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Disconnect corp.example?' });
  await expect(dialog.getByText(/3\d\d people are nobody here from that moment on/)).toBeVisible();
  await expectAccessible(page);
  await dialog.getByLabel('Type corp.example to confirm').fill('other.example');
  await dialog.getByRole('button', { name: 'Disconnect' }).click();
  await expect(dialog.getByText(/Type corp\.example to confirm that this domain is meant/)).toBeVisible();
  await dialog.getByLabel('Type corp.example to confirm').fill('corp.example');
  await dialog.getByRole('button', { name: 'Disconnect' }).click();
  await expect(dialog.getByText(/You are signed in by this directory/)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Disconnect', exact: true })).toBeFocused();
  expect((await directory()).state).toBe('following');
});

test('another filter is previewed by name, held where it was not meant, and put back', async ({ page }) => {
  test.setTimeout(480_000);
  await signInAsCarol(page);

  await previewFilter(page, '(!(department=Payments))');
  await expect(page.getByText(/\d+ people leave; \d+ of them hold grants/)).toBeVisible();
  await expect(page.getByRole('table', { name: 'Who would lose access' }).getByText('bob@corp.example')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Save these settings' }).click();
  await expect(page.getByRole('dialog').getByText(/That is many at once/)).toBeVisible();
  await page.keyboard.press('Escape');

  // Saved without a word that it is meant: the guard holds it, and nobody has lost anything.
  const { id } = await directory();
  const { previewId } = await api.must<{ previewId: string }>('POST', `/directories/${id}/previews`, {
    peopleFilter: '(!(department=Payments))',
  });
  await expect
    .poll(async () => (await api.must<{ state: string }>('GET', `/directories/${id}/previews/${previewId}`)).state, patience)
    .toBe('done');
  await api.must('POST', `/directories/${id}/previews/${previewId}/save`, { approveRemovals: false });
  await expect.poll(async () => (await directory()).state, patience).toBe('held');
  await page.goto(settings);
  const held = page.getByRole('table', { name: 'People who would go' });
  await expect(held.getByRole('link', { name: 'Bob Fernandes' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'These removals are meant' })).toBeVisible();
  await expectAccessible(page);
  const { items } = await api.must<{ items: { upn: string; state: string }[] }>('GET', '/people?search=bob%40corp.example');
  expect(items).toMatchObject([{ upn: 'bob@corp.example', state: 'enabled' }]);

  await previewFilter(page, '');
  await expect(page.getByText('Nothing would change: what is known is what would be read.')).toBeVisible();
  await page.getByRole('button', { name: 'Save these settings' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await expect.poll(async () => (await directory()).state, patience).toBe('following');

  await page.goto(settings);
  await page.getByRole('link', { name: 'What each read brought' }).click();
  const history = page.getByRole('table', { name: 'Sync history' });
  await expect(history.getByText('held').first()).toBeVisible();
  await history.getByRole('row').filter({ hasText: 'held' }).getByRole('link').first().click();
  await expect(page.getByText(/suddenly seems to lack \d+ of \d+ people/).first()).toBeVisible();
});
