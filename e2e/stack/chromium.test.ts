import { chromium } from '@playwright/test';
import { expect, it } from 'vitest';
import { ensureChromium, launchOptions } from './chromium.ts';
import { silentProgress } from './progress.ts';

it('a real Chromium opens a page and runs its script', async () => {
  const browser = await chromium.launch(launchOptions(await ensureChromium(silentProgress)));
  try {
    const page = await browser.newPage();
    await page.setContent("<title>before</title><script>document.title = 'after ' + 6 * 7</script>");
    expect(await page.title()).toBe('after 42');
  } finally {
    await browser.close();
  }
});
