/** What must be swept: partitions made ahead, answered requests and read changes dropped, dead replicas forgotten. */
import type { Database } from '#lib/db/database.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from './service.ts';

const everyMs = 60_000;
const partitionsAheadDays = 7;

const sweeps: readonly string[] = [
  `SELECT ensure_audit_partitions(${partitionsAheadDays})`,
  `DELETE FROM request WHERE expires_at < now() - interval '10 minutes'`,
  // A reader further behind than this lost its lease long ago and loads anew.
  `DELETE FROM change WHERE at < now() - interval '1 day'`,
  `DELETE FROM replica WHERE beat_at < now() - interval '1 day'`,
  `UPDATE cluster_invitation SET state = 'expired' WHERE state = 'waiting' AND expires_at < now()`,
  `UPDATE portal_session SET ended_at = now(), end_reason = 'expired' WHERE ended_at IS NULL AND expires_at < now()`,
  `UPDATE break_glass_session SET ended_at = now(), end_reason = 'expired' WHERE ended_at IS NULL AND expires_at < now()`,
];

export function createHousekeeping({ db, log }: { db: Database; log: Log }): Service {
  let timer: NodeJS.Timeout | null = null;
  let sweeping: Promise<void> = Promise.resolve();

  async function sweep(): Promise<void> {
    for (const statement of sweeps) {
      await db.sql.query(statement).catch((error: unknown) => log.warn({ err: error }, 'a sweep failed and will be tried again'));
    }
  }

  return {
    name: 'housekeeping',
    async start() {
      if (timer) return;
      sweeping = sweep();
      timer = setInterval(() => {
        sweeping = sweep();
      }, everyMs);
    },
    async stop() {
      if (timer) clearInterval(timer);
      timer = null;
      await sweeping;
    },
  };
}
