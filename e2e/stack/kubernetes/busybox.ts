// The pods' programs: a busybox that needs no libraries, since a container's root holds nothing else. Many systems have a dynamic one, which
// would not start there.
import { closeSync, openSync, readSync } from 'node:fs';
import { ensurePackages, findCommand } from '../packages.ts';
import type { Progress } from '../progress.ts';

const names = ['busybox', 'busybox.static', 'busybox-static'];

export async function ensureStaticBusybox(progress: Progress): Promise<string> {
  const present = findStatic();
  if (present) return present;
  await ensurePackages(progress, [{ file: '/var/lib/dpkg/info/busybox-static.list', debian: 'busybox-static' }]);
  const installed = findStatic();
  if (!installed)
    throw new Error(
      'No statically linked busybox was found. Install one (Debian: busybox-static; Alpine: busybox-static) and run this again.',
    );
  return installed;
}

function findStatic(): string | undefined {
  return names.map(findCommand).find((path) => path !== undefined && isStatic(path));
}

/** A dynamic ELF file names its loader in a program header of type PT_INTERP; 64-bit little-endian is all that we run on. */
function isStatic(path: string): boolean {
  const head = Buffer.alloc(4096);
  const file = openSync(path, 'r');
  readSync(file, head, 0, head.length, 0);
  closeSync(file);
  if (head.toString('latin1', 1, 4) !== 'ELF' || head[4] !== 2 || head[5] !== 1) return false;
  const [table, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
  const kinds = Array.from({ length: count }, (_, index) => head.readUInt32LE(table + index * size));
  return !kinds.includes(3);
}
