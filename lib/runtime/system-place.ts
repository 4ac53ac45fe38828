/**
 * A place of the system for what belongs to a data folder and cannot lie there, because other users cannot pass: the roles' secrets while
 * we run, and a readable view of the program. Only root writes here, so nobody can have laid a trap under a name that we are going to use;
 * the name is always the same for the same data folder, so that what a killed start left is taken over by the next; and what belongs to a
 * data folder that is gone is swept away.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const systemDirectory = '/var/lib/gatehouse';
const prefix = 'for-';
const note = 'data-folder';

export async function systemPlace(dataDirectory: string): Promise<string> {
  const place = placeOf(dataDirectory);
  await mkdir(dataDirectory, { recursive: true });
  await mkdir(systemDirectory, { recursive: true, mode: 0o755 });
  await sweep();
  await mkdir(place, { recursive: true, mode: 0o711 });
  await writeFile(join(place, note), dataDirectory, { mode: 0o600 });
  return place;
}

export async function leaveSystemPlace(dataDirectory: string): Promise<void> {
  await rm(placeOf(dataDirectory), { recursive: true, force: true });
}

function placeOf(dataDirectory: string): string {
  return join(systemDirectory, `${prefix}${createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16)}`);
}

async function sweep(): Promise<void> {
  for (const name of (await readdir(systemDirectory)).filter((entry) => entry.startsWith(prefix))) {
    const place = join(systemDirectory, name);
    const dataDirectory = await readFile(join(place, note), 'utf8').catch(() => null);
    if (dataDirectory !== null && !existsSync(dataDirectory)) await rm(place, { recursive: true, force: true });
  }
}
