/** The lease of a directory, kept: renewed well before it ends, for as long as a worker follows. */
import type { Database } from '#lib/db/database.ts';
import { createLease, type Lease } from '#lib/db/lease.ts';

export interface KeptLease extends Lease {
  readonly lost: boolean;
}

/** Another worker takes over within this and one of its looks; three renewals may fail before it is lost. */
const seconds = 3;
const renewEveryMs = 750;

/** Null while another worker holds it. */
export async function keepLease(db: Database, name: string, workerId: string): Promise<KeptLease | null> {
  const lease = createLease(db, { name, holder: workerId, seconds });
  if (!(await lease.acquire())) return null;
  let passedOn = false;
  const timer = setInterval(async () => {
    try {
      // What is over is not taken anew under the feet of those who work by it: somebody else may have held it in between.
      passedOn ||= !lease.isHeld() || !(await lease.acquire());
    } catch {
      // Postgres may be back before the lease is over; if not, it is lost by the clock.
    }
  }, renewEveryMs);
  return {
    ...lease,
    get lost() {
      return passedOn || !lease.isHeld();
    },
    async release() {
      clearInterval(timer);
      await lease.release().catch(() => {});
    },
  };
}
