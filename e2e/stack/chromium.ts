// A real Chromium: the one that is installed, Debian's package, or Playwright's own download, in this order.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, type LaunchOptions } from '@playwright/test';
import { withLock } from './cache.ts';
import { ensurePackages, findCommand } from './packages.ts';
import type { Progress } from './progress.ts';

const run = promisify(execFile);
const installedNames = ['chromium', 'google-chrome-stable', 'google-chrome'];

export async function ensureChromium(progress: Progress): Promise<string> {
  const present = findChromium();
  if (present) return present;
  if (isDebian() && process.getuid?.() === 0) await ensurePackages(progress, [{ command: 'chromium', debian: 'chromium' }]);
  else await withLock('chromium', () => progress('downloading Chromium for Playwright', download));
  const installed = findChromium();
  if (!installed) throw new Error('No Chromium was found. Install the package "chromium", or run: npx playwright install chromium');
  return installed;
}

/** How to launch it here: without a screen, and without the sandbox where that cannot work. */
export function launchOptions(executablePath: string): LaunchOptions {
  const isRoot = process.getuid?.() === 0;
  // Chromium's sandbox refuses root; /dev/shm is small in containers.
  const args = ['--disable-dev-shm-usage', '--disable-gpu', '--force-color-profile=srgb', ...(isRoot ? ['--no-sandbox'] : [])];
  return { executablePath, headless: true, args };
}

export function findChromium(): string | undefined {
  const installed = installedNames.map(findCommand).find(Boolean);
  if (installed) return installed;
  const downloaded = chromium.executablePath();
  return existsSync(downloaded) ? downloaded : undefined;
}

async function download(): Promise<void> {
  const cli = join(dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')), 'cli.js');
  await run(process.execPath, [cli, 'install', 'chromium']).catch((error: Error) => {
    throw new Error(
      `Chromium could not be downloaded: ${error.message.split('\n').at(-1)}. Install the package "chromium" and run this again.`,
    );
  });
}

/** Not Ubuntu: its package of that name only points to a snap. */
function isDebian(): boolean {
  return existsSync('/etc/os-release') && /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'));
}
