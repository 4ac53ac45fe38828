import { keyedHash } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';

export const idleMinutes = 30;
export const absoluteHours = 8;
const seenEverySeconds = 60;

export type LiveSession = { readonly id: string; readonly personId: string; readonly expiresAt: Date };

/** Apart from credentials by its prefix: a session's secret is never a credential, nor the other way round. */
export function sessionHash(hashKey: Buffer, secret: string): Buffer {
  return keyedHash(hashKey, `portal-session ${secret}`);
}

/** The session behind a cookie, if it has not ended, not aged out and not been idle too long, by the database's clock. Being asked for counts as use. */
export async function findLiveSession(db: Database, hashKey: Buffer, secret: string): Promise<LiveSession | null> {
  if (secret.length < 32 || secret.length > 128) return null;
  const hash = sessionHash(hashKey, secret);
  const { rows } = await db.sql.query<{ id: string; person_id: string; expires_at: Date; stale: boolean }>(
    `SELECT id, person_id, expires_at, seen_at < now() - make_interval(secs => $2) AS stale FROM portal_session
     WHERE secret_hash = $1 AND ended_at IS NULL AND expires_at > now() AND seen_at > now() - make_interval(mins => $3)`,
    [hash, seenEverySeconds, idleMinutes],
  );
  const [row] = rows;
  if (!row) return null;
  if (row.stale) await db.sql.query('UPDATE portal_session SET seen_at = now() WHERE id = $1 AND ended_at IS NULL', [row.id]);
  return { id: row.id, personId: row.person_id, expiresAt: row.expires_at };
}

export type SessionRow = {
  readonly id: string;
  readonly createdAt: Date;
  readonly seenAt: Date;
  readonly expiresAt: Date;
  readonly address: string | null;
  readonly userAgent: string | null;
};

export async function liveSessionsOf(db: Database, personId: string): Promise<SessionRow[]> {
  const { rows } = await db.sql.query<SessionRow>(
    `SELECT id, created_at AS "createdAt", seen_at AS "seenAt", expires_at AS "expiresAt", address, user_agent AS "userAgent" FROM portal_session
     WHERE person_id = $1 AND ended_at IS NULL AND expires_at > now() AND seen_at > now() - make_interval(mins => $2) ORDER BY seen_at DESC`,
    [personId, idleMinutes],
  );
  return rows;
}
