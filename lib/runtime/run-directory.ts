/**
 * Where the roles find their secrets while we run: one file each, readable by that role's user alone, in a folder that others may pass and
 * not list. Beside the data, or in a place of the system where another user cannot pass there.
 */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemPlace } from './system-place.ts';

export async function makeRunDirectory(dataDirectory: string, separateUsers: boolean): Promise<string> {
  await mkdir(dataDirectory, { recursive: true });
  const beside = !separateUsers || (await othersCanEnter(dataDirectory));
  const place = join(beside ? dataDirectory : await systemPlace(dataDirectory), 'run');
  await mkdir(place, { recursive: true });
  await chmod(place, 0o711);
  return place;
}

async function othersCanEnter(directory: string): Promise<boolean> {
  for (let place = directory; ; place = dirname(place)) {
    const { mode } = await stat(place);
    if ((mode & 0o001) === 0) return false;
    if (place === dirname(place)) return true;
  }
}
