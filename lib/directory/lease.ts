/**
 * One worker follows a domain controller, however many run. The lease is renewed well before it ends; who writes proves within the same
 * transaction that it still holds it, so that one that was paused for a minute writes nothing when it wakes.
 */
import { randomUUID } from 'node:crypto';
import type { Database, Tx } from '#lib/db/database.ts';
import { giveUpLease, holdsLease, takeLease } from './mutations.ts';

export interface Fence {
  readonly name: string;
  readonly holder: string;
  readonly epoch: bigint;
}

export class LeaseLost extends Error {
  constructor(name: string) {
    super(`the lease ${name} is another's now`);
    this.name = 'LeaseLost';
  }
}

export interface Lease {
  readonly fence: Fence;
  readonly lost: boolean;
  release(): Promise<void>;
}

const ttlMs = 6_000;
const renewEveryMs = 1_500;

/** Null while another worker holds it. */
export async function acquireLease(db: Database, name: string, workerId: string): Promise<Lease | null> {
  const holder = `${workerId}/${randomUUID().slice(0, 8)}`;
  const epoch = await takeLease(db, name, holder, ttlMs);
  if (epoch === null) return null;
  let lost = false;
  let heldUntil = performance.now() + ttlMs;
  const timer = setInterval(async () => {
    const began = performance.now();
    try {
      if ((await takeLease(db, name, holder, ttlMs)) === epoch) heldUntil = began + ttlMs;
      else lost = true;
    } catch {
      // Postgres may be back before the lease is over; if not, it is lost by the clock.
    }
  }, renewEveryMs);
  return {
    fence: { name, holder, epoch },
    get lost() {
      return lost || performance.now() > heldUntil;
    },
    async release() {
      clearInterval(timer);
      await giveUpLease(db, name, holder).catch(() => {});
    },
  };
}

export async function requireLease(tx: Tx, fence: Fence): Promise<void> {
  if (!(await holdsLease(tx, fence))) throw new LeaseLost(fence.name);
}
