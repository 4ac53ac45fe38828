/** What our accounts may do in a cluster, as an admin sees it, proves it, and decides about it. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { PortalClient } from '#e2e/scene/portal-client.ts';
import { readContract } from '#e2e/test/contract-file.ts';
import { signIn } from '#e2e/test/sign-in.ts';

const contract = readContract();
const api = new PortalClient(contract.portal.url).withToken(contract.api.token);
const password = (login: string) => contract.users.find((user) => user.login === login)?.password ?? '';

interface Powers {
  readonly mode: string;
  readonly strict: boolean;
  readonly selfTest: { readonly outcome: string; readonly constrained: boolean; readonly mode: string } | null;
}

test('each cluster is served in the narrowest way that it knows, and its self-test has passed', async () => {
  for (const { id } of contract.clusters) {
    await expect
      .poll(async () => {
        const { mode, strict, selfTest } = await api.must<Powers>('GET', `/clusters/${id}/powers`);
        return { strict, outcome: selfTest?.outcome, narrowest: mode === (selfTest?.constrained ? 'constrained' : 'classic') };
      })
      .toEqual({ strict: true, outcome: 'passed', narrowest: true });
  }
});

test('the page names whom our account may be, tests itself on demand, and says what leaving strict means before it is done', async ({
  page,
}) => {
  const id = contract.clusters[0]?.id;
  await signIn(page, contract.portal.url, 'carol', password('carol'));
  await page.goto(`${contract.portal.url}/admin/clusters/${id}`);
  const powers = page.getByRole('region', { name: 'What this platform may do here' });
  await powers.getByText(/people as whom it may act/).click();
  await powers.getByLabel('Find a name').fill('alice');
  await expect(powers.getByRole('link', { name: /alice/i })).toBeVisible();

  const selfTest = page.getByRole('region', { name: 'Self-test' });
  await selfTest.getByRole('button', { name: 'Run now' }).click();
  await expect(page.getByText(/All \d+ checks came out as they must/)).toBeVisible();
  await expect(selfTest.getByText('passed')).toBeVisible();
  await selfTest.getByText(/All \d+ checks/).click();
  await expect(selfTest.getByText(/door: act as a member of system:masters/)).toBeVisible();

  await powers.getByRole('button', { name: 'Leave strict' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('system:kube-controller-manager')).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id: rule }) => rule)).toEqual([]);
  await dialog.getByRole('button', { name: 'Leave strict' }).click();
  await expect(powers.getByText('not strict')).toBeVisible();
  await powers.getByRole('button', { name: 'Make strict' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make it strict' }).click();
  await expect(powers.getByText('strict', { exact: true })).toBeVisible();
  await expect.poll(async () => (await api.must<Powers>('GET', `/clusters/${id}/powers`)).strict).toBe(true);
});
