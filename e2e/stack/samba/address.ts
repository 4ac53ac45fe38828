// LDAP's ports are fixed, so each domain controller of this machine has a loopback address of its own. No address needs adding: all of
// 127.0.0.0/8 is there on Linux.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Release, tryLock } from '../cache.ts';

export interface ClaimedAddress {
  address: string;
  release: Release;
}

const ldaps = 636;
const dns = 53;
const patienceMs = 5_000;

/** The wanted one or none; else the preferred one, if it is free, or the first that is. */
export async function claimAddress({
  wanted,
  preferred,
  withDns = false,
}: {
  wanted?: string;
  preferred?: string;
  /** The machine's own resolver may sit on one of these addresses. */
  withDns?: boolean;
}): Promise<ClaimedAddress> {
  const ports = withDns ? [ldaps, dns] : [ldaps];
  const all = Array.from({ length: 249 }, (_, n) => `127.0.0.${n + 2}`);
  const candidates = wanted ? [wanted] : [...(preferred ? [preferred] : []), ...all];
  for (const address of candidates) {
    const release = await tryLock(`directory-address:${address}`);
    if (!release) continue;
    const known = address === wanted || address === preferred;
    if (known ? await becomesFree(address, ports) : await isFree(address, ports)) return { address, release };
    await release();
  }
  throw new Error(
    wanted
      ? `Another directory listens on ${wanted}:${ldaps}. Stop it or choose another address.`
      : 'All of 127.0.0.2 to 127.0.0.250 have a directory already.',
  );
}

/** Processes that were just killed hold their ports for a moment. */
export async function becomesFree(address: string, ports: readonly number[] = [ldaps]): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    if (await isFree(address, ports)) return true;
    await sleep(20);
  }
  return false;
}

async function isFree(address: string, ports: readonly number[]): Promise<boolean> {
  for (const port of ports) if (!(await isPortFree(address, port))) return false;
  return true;
}

async function isPortFree(address: string, port: number): Promise<boolean> {
  const server = createServer().listen(port, address);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') throw new Error(`A domain controller listens on port ${port}, which needs root. Run this as root.`);
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
