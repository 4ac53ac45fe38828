// Brings the distribution's packages that the stack needs: by apt-get when we are root on Debian or Ubuntu, otherwise it says what to run.
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './cache.ts';
import type { Progress } from './progress.ts';

/** Something the stack needs, found by its command or by a file, and the Debian package that has it. */
export type Wanted = { command: string; debian: string } | { file: string; debian: string };

const run = promisify(execFile);
const aptOptions = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
const policyFile = '/usr/sbin/policy-rc.d';

export async function ensurePackages(progress: Progress, wanted: Wanted[]): Promise<void> {
  if (missing(wanted).length === 0) return;
  await withLock('packages', async () => {
    const packages = missing(wanted);
    if (packages.length === 0) return;
    if (!findCommand('apt-get') || process.getuid?.() !== 0) throw new Error(adviceFor(packages));
    await progress(`installing ${packages.join(' ')}`, () => install(packages));
  });
  const still = missing(wanted);
  if (still.length > 0) throw new Error(adviceFor(still));
}

/** The command's full path, looked up as root's PATH would (domain controllers live in sbin). */
export function findCommand(command: string): string | undefined {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  return places
    .filter(Boolean)
    .map((place) => join(place, command))
    .find(isExecutable);
}

async function install(packages: string[]): Promise<void> {
  await withoutStartingServices(async () => {
    await apt('update', '-o', 'DPkg::Lock::Timeout=300');
    await apt('install', ...aptOptions, ...packages);
  });
}

async function apt(...args: string[]): Promise<void> {
  try {
    await run('apt-get', args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(`apt-get ${args.join(' ')} failed: ${stderr.trim().split('\n').slice(-5).join('; ')}`);
  }
}

/** We want the programs, not a directory service or a winbind that runs on this machine from now on. */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
  if (existsSync(policyFile)) return work();
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    rmSync(policyFile, { force: true });
  }
}

function missing(wanted: Wanted[]): string[] {
  const absent = wanted.filter((one) => ('command' in one ? !findCommand(one.command) : !existsSync(one.file)));
  return [...new Set(absent.map(({ debian }) => debian))];
}

function adviceFor(packages: string[]): string {
  const names = packages.join(' ');
  return findCommand('apt-get')
    ? `These packages are missing: ${names}. Run: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names}`
    : `These Debian packages are missing, and this system has no apt-get: ${names}. Install what your system calls them and run this again.`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
