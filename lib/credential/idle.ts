/**
 * Ends what nobody uses any more: a kubeconfig on a laptop that was given away is a key under a mat. The worker looks every few minutes, and the
 * ending is a revocation like any other, so that each door refuses, cuts and acknowledges. Nothing of this is on the way of a request.
 *
 * Last uses are written in batches, by several doors; so an hour is given on top of the bound, and the one statement that ends a credential looks
 * at its last use again under the row's lock: a use that was written in between keeps it.
 */
import { record } from '#lib/audit/record.ts';
import { changing, type Database } from '#lib/db/database.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from '#lib/runtime/service.ts';
import { readIdleDays } from './data.ts';
import { revokeIdle } from './mutations.ts';

const everyMs = 5 * 60_000;
const firstAfterMs = 30_000;
/** A revocation must not wait long for the next one to commit. */
const atOnceMax = 100;

/** How many were ended. */
export async function endIdleCredentials(db: Database): Promise<number> {
  const idleDays = await readIdleDays(db);
  if (idleDays === null) return 0;
  for (let total = 0; ; ) {
    const ended = await endSome(db, idleDays);
    total += ended;
    if (ended < atOnceMax) return total;
  }
}

function endSome(db: Database, idleDays: number): Promise<number> {
  return changing(db, async (tx, touch) => {
    const ended = await revokeIdle(tx, touch, { idleDays, limit: atOnceMax });
    for (const { id, name, personId, reason } of ended) {
      await record(tx, {
        event: 'credential.revoked',
        actor: { kind: 'system', name: 'worker' },
        subject: { kind: 'credential', id, name },
        detail: { reason, personId },
      });
    }
    return ended.length;
  });
}

export function createIdleEnd({ db, log }: { db: Database; log: Log }): Service {
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    try {
      const ended = await endIdleCredentials(db);
      if (ended > 0) log.info({ credentials: ended }, 'credentials that were not used for too long are ended');
    } catch (error) {
      log.warn({ err: error }, 'ending unused credentials failed; tried again in some minutes');
    }
  }

  function lookIn(ms: number): void {
    timer = setTimeout(() => {
      looking = look().then(() => {
        if (timer) lookIn(everyMs);
      });
    }, ms);
    timer.unref();
  }

  return {
    name: 'idle credentials',
    async start() {
      // Not at once: doors that were away with the database first write what they remember.
      if (!timer) lookIn(firstAfterMs);
    },
    async stop() {
      if (timer) clearTimeout(timer);
      timer = null;
      await looking;
    },
  };
}
