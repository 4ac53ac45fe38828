import { defineConfig } from '@playwright/test';
import { findChromium, launchOptions } from '#e2e/stack/chromium.ts';

export default defineConfig({
  testDir: 'e2e',
  testMatch: 'stories/*.spec.ts',
  globalSetup: './e2e/test/scene.ts',
  timeout: 120_000,
  expect: { timeout: 15_000 },
  // One scene, told in order: the last story is about somebody who leaves.
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  retries: 0,
  outputDir: 'test-results',
  use: {
    browserName: 'chromium',
    launchOptions: launchOptions(findChromium() ?? ''),
    viewport: { width: 1400, height: 900 },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
});
