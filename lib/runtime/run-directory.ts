/**
 * Where the roles find their secrets while we run: one file each, readable by that role's user alone, in a folder that others may pass and
 * not list. Beside the data; where another user cannot pass there, in a place of the system that is always the same for the same data, so
 * that what a killed start left behind is overwritten and removed by the next and never piles up.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

// Only root may write here: nobody can have laid a trap under the name that we are going to use.
export const systemDirectory = '/var/lib/gatehouse';

export async function makeRunDirectory(dataDirectory: string, separateUsers: boolean): Promise<string> {
  const beside = join(dataDirectory, 'run');
  await mkdir(dataDirectory, { recursive: true });
  const place = !separateUsers || (await othersCanEnter(dataDirectory)) ? beside : elsewhere(dataDirectory);
  await mkdir(place, { recursive: true });
  await chmod(place, 0o711);
  return place;
}

function elsewhere(dataDirectory: string): string {
  return join(systemDirectory, `run-${createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16)}`);
}

async function othersCanEnter(directory: string): Promise<boolean> {
  for (let place = directory; ; place = dirname(place)) {
    const { mode } = await stat(place);
    if ((mode & 0o001) === 0) return false;
    if (place === dirname(place)) return true;
  }
}
