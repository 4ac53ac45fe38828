import { expect, type Page } from '@playwright/test';

/** Through the login page, as a person does; done once the portal has let them in. */
export async function signIn(page: Page, portalUrl: string, login: string, password: string): Promise<void> {
  await page.goto(`${portalUrl}/login`);
  await page.getByLabel(/name/i).first().fill(login);
  await page.getByLabel(/password/i).fill(password);
  await page.getByRole('button', { name: /sign in/i }).click();
  await expect(page).not.toHaveURL(/\/login/);
}
