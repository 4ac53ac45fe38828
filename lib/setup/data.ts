import type { Database } from '#lib/db/database.ts';
import { type StoredSettings, storedSettings } from './schema.ts';

export type InstallationRow = {
  readonly id: string;
  readonly createdAt: Date;
  readonly setupDoneAt: Date | null;
  readonly settings: unknown;
};

export async function installationRow(db: Database): Promise<InstallationRow | null> {
  const { rows } = await db.sql.query<InstallationRow>(
    'SELECT id, created_at AS "createdAt", setup_done_at AS "setupDoneAt", settings FROM installation',
  );
  return rows[0] ?? null;
}

export async function readSettings(db: Database): Promise<StoredSettings> {
  return storedSettings.parse((await installationRow(db))?.settings ?? {});
}

export async function setupIsOpen(db: Database): Promise<boolean> {
  return (await installationRow(db))?.setupDoneAt === null;
}

/** Counts this try among those of the last quarter of an hour, in Postgres, so that a restart forgets nothing. */
export async function triesLately(db: Database, bucket: string): Promise<number> {
  await db.sql.query('INSERT INTO login_attempt (bucket) VALUES ($1)', [bucket]);
  const { rows } = await db.sql.query<{ tries: number }>(
    `SELECT count(*)::int AS tries FROM login_attempt WHERE bucket = $1 AND at > now() - interval '15 minutes'`,
    [bucket],
  );
  return rows[0]?.tries ?? 0;
}
