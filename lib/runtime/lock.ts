// Locks between processes of one machine that cannot go stale: a lock is a listening Unix socket, and the kernel closes it when its holder
// dies, however it dies. On Linux it has an abstract name and leaves no file; elsewhere a file that nobody listens on any more is removed.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheDirectory } from './cache.ts';

export type Release = () => Promise<void>;

const retryMs = 100;

/** The lock, or null when another process (or this one) holds it. */
export async function tryLock(name: string): Promise<Release | null> {
  const address = addressOf(name);
  const server = createServer((socket) => socket.destroy());
  server.unref();
  try {
    server.listen(address);
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (!address.startsWith('\0') && (await nobodyListens(address))) rmSync(address, { force: true });
    return null;
  }
  return async () => {
    server.close();
    await once(server, 'close');
  };
}

/** Waits for the lock, as long as its holder lives, or until the limit. */
export async function lock(name: string, timeoutMs = Number.POSITIVE_INFINITY): Promise<Release | null> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const release = await tryLock(name);
    if (release || Date.now() > deadline) return release;
    await sleep(retryMs);
  }
}

/** One process at a time does this, among all that share our cache. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const release = await lock(`${cacheDirectory()}:${name}`);
  try {
    return await work();
  } finally {
    await release?.();
  }
}

function addressOf(name: string): string {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
  if (process.platform === 'linux') return `\0gatehouse-lock-${digest}`;
  // A socket's path may hold about a hundred bytes: the temporary directory is short, a checkout's may not be.
  const directory = join(tmpdir(), `gatehouse-locks-${userInfo().uid}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return join(directory, digest);
}

async function nobodyListens(address: string): Promise<boolean> {
  const socket = connect(address);
  const heard = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
  socket.destroy();
  return !heard;
}
