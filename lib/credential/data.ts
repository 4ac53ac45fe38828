import type { Database, Tx } from '#lib/db/database.ts';
import { idleDaysSetting } from './schema.ts';

type Reader = Database['prisma'] | Tx;

export function credentialsOf(db: Reader, personId: string) {
  return db.credential.findMany({ where: { personId }, orderBy: { createdAt: 'desc' }, take: 200 });
}

export function credentialById(db: Reader, id: string) {
  return db.credential.findUnique({ where: { id } });
}

/** The one credential of a device that nothing has taken the place of, if it has one; it may have expired. */
export function newestOnDevice(db: Reader, personId: string, deviceId: string) {
  return db.credential.findFirst({ where: { personId, deviceId, revokedAt: null, successorId: null } });
}

/** Those that are renewed already end by themselves within minutes, and do not count. */
export function livingCount(db: Reader, personId: string, now: Date) {
  return db.credential.count({ where: { personId, revokedAt: null, successorId: null, expiresAt: { gt: now } } });
}

export async function hasLivingPredecessors({ sql }: Database, credentialId: string): Promise<boolean> {
  const { rowCount } = await sql.query(
    'SELECT 1 FROM credential WHERE successor_id = $1 AND revoked_at IS NULL AND expires_at > now() LIMIT 1',
    [credentialId],
  );
  return rowCount === 1;
}

/** After how many days without use a credential ends; null = never by that. */
export async function readIdleDays({ sql }: Pick<Database, 'sql'>): Promise<number | null> {
  const { rows } = await sql.query<{ days: unknown; said: boolean }>(
    `SELECT settings->'credentialIdleDays' AS days, settings ? 'credentialIdleDays' AS said FROM installation`,
  );
  const [row] = rows;
  return idleDaysSetting.parse(row?.said ? row.days : undefined);
}
