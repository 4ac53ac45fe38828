import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** What is dear to make and safe to lose lies here, outside the checkout, so that a fresh clone finds it again. */
export function cacheDirectory(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = resolve(process.env.GATEHOUSE_CACHE || join(base, 'gatehouse'));
  mkdirSync(directory, { recursive: true });
  return directory;
}
