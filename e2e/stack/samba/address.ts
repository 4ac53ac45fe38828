// LDAP's ports are fixed, so each domain controller of this machine has a loopback address of its own. No address needs adding: all of
// 127.0.0.0/8 is there on Linux.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Release, tryLock } from '../cache.ts';

export interface ClaimedAddress {
  address: string;
  release: Release;
}

const ldaps = 636;

export async function claimAddress(wanted?: string): Promise<ClaimedAddress> {
  const candidates = wanted ? [wanted] : Array.from({ length: 249 }, (_, n) => `127.0.0.${n + 2}`);
  for (const address of candidates) {
    const release = await tryLock(`directory-address:${address}`);
    if (!release) continue;
    if (await isFree(address)) return { address, release };
    await release();
  }
  throw new Error(
    wanted
      ? `Another directory listens on ${wanted}:${ldaps}. Stop it or choose another address.`
      : 'All of 127.0.0.2 to 127.0.0.250 have a directory already.',
  );
}

async function isFree(address: string): Promise<boolean> {
  const server = createServer().listen(ldaps, address);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') throw new Error(`A domain controller listens on port ${ldaps}, which needs root. Run this as root.`);
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
