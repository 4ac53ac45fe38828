/** What a sign-in asks of our tables: who could be meant by a name, and under which policy somebody's tries are counted. */
import { createHash } from 'node:crypto';
import { changing, type Database } from '#lib/db/database.ts';
import { idFrom } from '#lib/db/ids.ts';
import type { KnownPerson } from '../types.ts';

export interface Candidate
  extends Pick<KnownPerson, 'id' | 'objectGuid' | 'dn' | 'samAccountName' | 'upn' | 'displayName' | 'cutAt' | 'directoryId'> {
  /** Of a policy of their own, as it was at their last sign-in. */
  readonly loginBudget: number | null;
  readonly lockoutWindowSeconds: number | null;
}

/** A first, generous match by index; who is meant is decided on what comes back, letter by letter. */
export async function findCandidates(db: Database, names: { sam: string | null; upn: string | null }): Promise<Candidate[]> {
  const { rows } = await db.sql.query<Candidate>(
    `SELECT p.id, p.object_guid AS "objectGuid", p.dn, p.sam_account_name AS "samAccountName", p.upn, p.display_name AS "displayName",
       p.cut_at AS "cutAt", p.directory_id AS "directoryId", p.login_budget AS "loginBudget", p.lockout_window_seconds AS "lockoutWindowSeconds"
     FROM person p WHERE p.deleted_at IS NULL AND (lower(p.sam_account_name) = lower($1) OR lower(p.upn) = lower($2)) LIMIT 20`,
    [names.sam, names.upn],
  );
  return rows;
}

export type StandIn = Pick<Candidate, 'directoryId' | 'loginBudget' | 'lockoutWindowSeconds'>;

/**
 * Somebody who lives in one of these directories, always the same one for the same name. Whoever means nobody is counted as they are: so a
 * budget that is unlike the domain's does not tell that somebody is behind a name.
 */
export async function standInFor(db: Database, name: string, directoryIds: readonly string[]): Promise<StandIn | null> {
  const place = idFrom('p', createHash('sha256').update(`stand-in ${name}`, 'utf8').digest().subarray(0, 12));
  const { rows } = await db.sql.query<StandIn>(
    `SELECT directory_id AS "directoryId", login_budget AS "loginBudget", lockout_window_seconds AS "lockoutWindowSeconds" FROM (
       (SELECT * FROM person WHERE id >= $1 AND deleted_at IS NULL AND directory_id = ANY($2) ORDER BY id LIMIT 1)
       UNION (SELECT * FROM person WHERE deleted_at IS NULL AND directory_id = ANY($2) ORDER BY id LIMIT 1)) AS somebody ORDER BY id < $1 LIMIT 1`,
    [place, [...directoryIds]],
  );
  return rows[0] ?? null;
}

/** Null: the domain's policy holds for them. */
export async function rememberPolicy(
  db: Database,
  personId: string,
  own: { tries: number; lockoutSeconds: number | null } | null,
): Promise<void> {
  await changing(db, async (tx, touch) => {
    const changed = await tx.$executeRaw`
      UPDATE person SET login_budget = ${own?.tries ?? null}, lockout_window_seconds = ${own?.lockoutSeconds ?? null}
      WHERE id = ${personId} AND (login_budget, lockout_window_seconds) IS DISTINCT FROM (${own?.tries ?? null}::integer, ${own?.lockoutSeconds ?? null}::integer)`;
    if (changed > 0) touch('person', personId);
  });
}
