// Where the data of a data folder really lie. In the folder itself, unless PostgreSQL's account cannot enter the place where it stands (a
// clone under root's home): then in a directory of the system, and the folder is a link to it. The link is what counts: whoever removes
// the folder has removed the database, and what it pointed to is swept away when the next such place is made.
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { canEnter, type PostgresAccount } from './postgres-account.ts';

const systemDirectory = '/var/lib/gatehouse';

export async function dataPlace(folder: string, account: PostgresAccount): Promise<string> {
  const parent = dirname(folder);
  if (linkTarget(folder) && existsSync(folder)) return realpathSync(folder);
  if (await canEnter(account, parent)) return join(realpathSync(parent), basename(folder));
  if (existsSync(folder))
    throw new Error(`The user "postgres" cannot enter ${parent}, and ${folder} is there already. Choose another data folder.`);
  return linkedPlace(folder);
}

function linkedPlace(folder: string): string {
  const place = join(systemDirectory, createHash('sha256').update(folder).digest('hex').slice(0, 16));
  mkdirSync(systemDirectory, { recursive: true, mode: 0o755 });
  sweepForsakenPlaces();
  rmSync(place, { recursive: true, force: true });
  // The link first: from here on nobody else's sweep takes the place away.
  rmSync(folder, { force: true });
  symlinkSync(place, folder);
  writeFileSync(`${place}.folder`, folder, { mode: 0o600 });
  mkdirSync(place);
  return place;
}

function sweepForsakenPlaces(): void {
  for (const note of readdirSync(systemDirectory).filter((name) => name.endsWith('.folder'))) {
    const file = join(systemDirectory, note);
    const place = file.slice(0, -'.folder'.length);
    const folder = textOf(file);
    if (folder === undefined || linkTarget(folder) === place) continue;
    rmSync(place, { recursive: true, force: true });
    rmSync(file, { force: true });
  }
}

/** Nothing where another process that starts at the same moment has swept it already. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function linkTarget(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
}
