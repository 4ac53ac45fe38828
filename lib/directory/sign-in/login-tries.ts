/** The count of tries, in Postgres: one for all workers, and no restart and no flood of other names makes anything forgotten. */
import type { Database, Tx } from '#lib/db/database.ts';
import type { Bucket } from './login-throttle.ts';

/**
 * Takes one try out of each bucket's budget, or none and says which bucket is empty. The try counts as failed from the start: what dies half-way
 * has been tried. Buckets are locked in order, so that many at once neither slip past the count nor wait for each other in a circle.
 */
export async function reserveTry(tx: Tx, buckets: readonly Bucket[]): Promise<{ ids: bigint[] } | { empty: string }> {
  const ids: bigint[] = [];
  for (const { name } of buckets.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`login ${name}`}, 0))`;
  }
  for (const { name, budget, windowSeconds } of buckets) {
    const [row] = await tx.$queryRaw<{ failed: bigint }[]>`
      SELECT count(*) AS failed FROM login_attempt WHERE bucket = ${name} AND failed AND at > clock_timestamp() - make_interval(secs => ${windowSeconds})`;
    if (Number(row?.failed ?? 0) >= budget) return { empty: name };
  }
  for (const { name } of buckets) {
    const [row] = await tx.$queryRaw<{ id: bigint }[]>`INSERT INTO login_attempt (bucket) VALUES (${name}) RETURNING id`;
    if (row) ids.push(row.id);
  }
  return { ids };
}

/** Whether the bucket, the tries that are under way counted in, is still within its budget. */
export async function isWithinBudget(db: Database, { name, budget, windowSeconds }: Bucket): Promise<boolean> {
  const { rows } = await db.sql.query<{ failed: number }>(
    `SELECT count(*)::integer AS failed FROM login_attempt WHERE bucket = $1 AND failed AND at > clock_timestamp() - make_interval(secs => $2)`,
    [name, windowSeconds],
  );
  return (rows[0]?.failed ?? 0) <= budget;
}

/** A success clears the account's count, as it does in AD; of the address only this one try is given back. */
export async function settleTry(db: Database, ids: readonly bigint[], accountBucket: string): Promise<void> {
  await db.sql.query('UPDATE login_attempt SET failed = false WHERE failed AND (id = ANY($1::bigint[]) OR bucket = $2)', [
    ids.map(String),
    accountBucket,
  ]);
}

/** The domain controller never heard the password, or found it right: this was no wrong one. */
export async function giveBackTry(db: Database, ids: readonly bigint[]): Promise<void> {
  await db.sql.query('DELETE FROM login_attempt WHERE id = ANY($1::bigint[])', [ids.map(String)]);
}

/** A policy may count wrong passwords for weeks: as long as the longest that is known, no try is forgotten. */
export async function forgetOldTries(db: Database): Promise<void> {
  await db.sql.query(`
    DELETE FROM login_attempt WHERE at < now() - greatest(interval '2 days', make_interval(secs => greatest(
      (SELECT max(lockout_window_seconds) FROM directory), (SELECT max(lockout_window_seconds) FROM person))))`);
}
