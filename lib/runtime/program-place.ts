/**
 * From where the roles run. As root each role is a user of its own, and such a user must be able to read the program: the checkout itself
 * where others may enter it; else (a clone in root's home) a second view of it in a place of the system, made of hard links, so that it
 * costs a second and no space; on another file system, a copy. Where neither can be, all roles run as one user, and the log says so.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { leaveSystemPlace, systemPlace } from './system-place.ts';

export interface ProgramPlace {
  /** The node to run, and the file to run with it. */
  readonly command: string;
  readonly entry: string;
  remove(): Promise<void>;
}

const run = promisify(execFile);
// What a role reads while it runs. Nothing else of a checkout is shown to it.
const parts = ['server.ts', 'package.json', 'next.config.ts', 'lib', 'prisma', 'public', '.next', 'node_modules'];

export function placeOfCheckout(entry: string): ProgramPlace {
  return { command: process.execPath, entry, remove: async () => {} };
}

/** Null when no place can be had where that user could run the program. */
export async function placeForUser(entry: string, uid: number, dataDirectory: string): Promise<ProgramPlace | null> {
  if (process.getuid?.() !== 0) return null;
  const checkout = placeOfCheckout(entry);
  if (await canRun(checkout, uid)) return checkout;
  const place = await secondView(dirname(entry), entry, dataDirectory).catch(() => null);
  if (place && (await canRun(place, uid))) return place;
  await place?.remove();
  return null;
}

async function secondView(root: string, entry: string, dataDirectory: string): Promise<ProgramPlace> {
  const folder = join(await systemPlace(dataDirectory), 'program');
  const remove = () => leaveSystemPlace(dataDirectory);
  const present = parts.map((part) => join(root, part)).filter(existsSync);
  try {
    await fill(folder, present, '-al').catch(() => fill(folder, present, '-a'));
  } catch (error) {
    await remove();
    throw error;
  }
  const inCheckout = relative(root, process.execPath);
  const command = inCheckout.startsWith('..') ? process.execPath : join(folder, inCheckout);
  return { command, entry: join(folder, basename(entry)), remove };
}

async function fill(folder: string, present: readonly string[], how: '-al' | '-a'): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o755 });
  await run('cp', [how, ...present, folder]);
}

async function canRun({ command, entry }: ProgramPlace, uid: number): Promise<boolean> {
  const readable = [entry, join(dirname(entry), 'lib/runtime/roles.ts'), join(dirname(entry), 'node_modules/next/package.json')];
  return run('/bin/sh', ['-c', '"$0" --version && cat "$@" >/dev/null', command, ...readable], { uid, gid: uid, cwd: '/' }).then(
    () => true,
    () => false,
  );
}
