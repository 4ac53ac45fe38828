/**
 * A named lease in Postgres: of several workers, one acts for a subject. It is taken by one statement, judged by the database's clock, and
 * carries an epoch that grows with each new holder. A holder that slept and lost it notices inside the transaction of its next write
 * (`requireHeld`), so what it decided before it slept is not written after somebody else took over.
 */
import type { Database, Tx } from './database.ts';

export interface LeaseOptions {
  readonly name: string;
  readonly holder: string;
  readonly seconds: number;
}

export interface Lease {
  readonly name: string;
  /** Takes or renews it; false when somebody else holds it. */
  acquire(): Promise<boolean>;
  /** By this process' own clock, which runs on while the process is stopped: whether it may still act without asking. */
  isHeld(): boolean;
  /** Throws unless this holder has it, in the epoch it knows, until the transaction ends. */
  requireHeld(tx: Tx): Promise<void>;
  /**
   * The same for one statement that is a transaction by itself, in a single round trip: what is done every second or two. It has to choose its
   * rows by `EXISTS (SELECT FROM held)`.
   */
  changeIfHeld(statement: string, values: readonly unknown[]): Promise<void>;
  release(): Promise<void>;
}

/** More than any step between two statements of such a transaction takes. */
const idleMaxMs = 4_000;

export class LeaseLost extends Error {
  constructor(name: string) {
    super(`the lease "${name}" is held by somebody else now`);
    this.name = 'LeaseLost';
  }
}

export function createLease(db: Database, { name, holder, seconds }: LeaseOptions): Lease {
  let epoch: string | null = null;
  let heldUntil = 0;
  return {
    name,
    isHeld: () => epoch !== null && performance.now() < heldUntil,
    async acquire() {
      const asked = performance.now();
      const { rows } = await db.sql.query<{ epoch: string }>(
        `INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
         ON CONFLICT (name) DO UPDATE SET
           epoch = CASE WHEN lease.holder = EXCLUDED.holder AND lease.expires_at > now() THEN lease.epoch ELSE lease.epoch + 1 END,
           holder = EXCLUDED.holder, expires_at = EXCLUDED.expires_at
         WHERE lease.holder = EXCLUDED.holder OR lease.expires_at <= now()
         RETURNING epoch`,
        [name, holder, seconds],
      );
      epoch = rows[0]?.epoch ?? null;
      heldUntil = asked + seconds * 1_000;
      return epoch !== null;
    },
    async requireHeld(tx) {
      // The lock keeps everybody else from taking over until this transaction ends: one that is stopped in the middle of it is ended by Postgres.
      const rows = await tx.$queryRaw<unknown[]>`
        SELECT set_config('idle_in_transaction_session_timeout', ${String(idleMaxMs)}, true) FROM lease WHERE name = ${name} AND holder = ${holder} AND epoch = ${epoch ?? '0'}::bigint AND expires_at > now() FOR SHARE`;
      if (epoch === null || rows.length === 0) throw new LeaseLost(name);
    },
    async changeIfHeld(statement, values) {
      const [first, second, third] = [1, 2, 3].map((n) => `$${values.length + n}`);
      const { rowCount } = await db.sql.query(
        `WITH held AS MATERIALIZED (SELECT FROM lease WHERE name = ${first} AND holder = ${second} AND epoch = ${third}::bigint AND expires_at > now() FOR SHARE),
           changed AS (${statement})
         SELECT FROM held`,
        [...values, name, holder, epoch ?? '0'],
      );
      if (epoch === null || rowCount !== 1) throw new LeaseLost(name);
    },
    async release() {
      epoch = null;
      // The column rounds to milliseconds, perhaps up: whoever asks at once must find it over.
      await db.sql.query(`UPDATE lease SET expires_at = now() - interval '1 millisecond' WHERE name = $1 AND holder = $2`, [name, holder]);
    },
  };
}

/** Whether anybody acts for this subject right now. */
export async function isLeaseHeld(db: Database, name: string): Promise<boolean> {
  const { rowCount } = await db.sql.query('SELECT 1 FROM lease WHERE name = $1 AND expires_at > now()', [name]);
  return rowCount === 1;
}
