import { keyedHash } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';

/** Apart from credentials and from people's sessions by its prefix. */
export function breakGlassSessionHash(hashKey: Buffer, secret: string): Buffer {
  return keyedHash(hashKey, `break-glass-session ${secret}`);
}

export type LiveBreakGlassSession = {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly expiresAt: Date;
};

/** The session behind a cookie, by the database's clock; asked anew at every request, so that what was ended is over at once. */
export async function findLiveBreakGlassSession(db: Database, hashKey: Buffer, secret: string): Promise<LiveBreakGlassSession | null> {
  if (secret.length < 32 || secret.length > 128) return null;
  const { rows } = await db.sql.query<LiveBreakGlassSession>(
    `SELECT s.id, s.account_id AS "accountId", a.name, s.expires_at AS "expiresAt"
     FROM break_glass_session s JOIN break_glass_account a ON a.id = s.account_id
     WHERE s.secret_hash = $1 AND s.ended_at IS NULL AND s.expires_at > now() AND a.ended_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM break_glass_switch WHERE off_at IS NOT NULL)`,
    [breakGlassSessionHash(hashKey, secret)],
  );
  return rows[0] ?? null;
}

export async function isSwitchedOff(db: Database): Promise<boolean> {
  const { rows } = await db.sql.query<{ off: boolean }>('SELECT off_at IS NOT NULL AS off FROM break_glass_switch');
  return rows[0]?.off ?? true;
}

export type Switch = { readonly offAt: Date | null; readonly offBy: string | null };

export async function readSwitch(db: Database): Promise<Switch> {
  const { rows } = await db.sql.query<Switch>('SELECT off_at AS "offAt", off_by AS "offBy" FROM break_glass_switch');
  return rows[0] ?? { offAt: new Date(0), offBy: null };
}

export type AccountRow = {
  readonly id: string;
  readonly name: string;
  readonly madeAt: Date;
  readonly madeBy: string;
  readonly enrolledAt: Date | null;
  readonly usedAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly sessions: number;
};

export async function livingAccounts(db: Database): Promise<AccountRow[]> {
  const { rows } = await db.sql.query<AccountRow>(
    `SELECT a.id, a.name, a.made_at AS "madeAt", a.made_by AS "madeBy", a.enrolled_at AS "enrolledAt", a.used_at AS "usedAt",
       a.last_used_at AS "lastUsedAt",
       (SELECT count(*)::int FROM break_glass_session s WHERE s.account_id = a.id AND s.ended_at IS NULL AND s.expires_at > now()) AS sessions
     FROM break_glass_account a WHERE a.ended_at IS NULL ORDER BY a.name`,
  );
  return rows;
}

export type AlertRow = {
  readonly id: string;
  readonly kind: 'used' | 'refused';
  readonly account: string | null;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly times: number;
  readonly address: string | null;
};

/** What nobody has acknowledged yet, latest first. */
export async function openAlerts(db: Database): Promise<AlertRow[]> {
  const { rows } = await db.sql.query<AlertRow>(
    `SELECT t.id, t.kind, a.name AS account, t.first_at AS "firstAt", t.last_at AS "lastAt", t.times, t.address
     FROM break_glass_alert t LEFT JOIN break_glass_account a ON a.id = t.account_id
     WHERE t.acknowledged_at IS NULL ORDER BY t.last_at DESC LIMIT 100`,
  );
  return rows;
}

export type SealedAccount = {
  readonly id: string;
  readonly name: string;
  readonly enrolledAt: Date | null;
  readonly usedAt: Date | null;
  readonly sealed: Buffer;
};

/** For the worker alone: no other process may read the envelope. */
export async function findSealedAccount(db: Database, by: { name: string } | { id: string }): Promise<SealedAccount | null> {
  const { rows } = await db.sql.query<SealedAccount>(
    `SELECT a.id, a.name, a.enrolled_at AS "enrolledAt", a.used_at AS "usedAt", v.sealed
     FROM break_glass_account a JOIN break_glass_verifier v ON v.account_id = a.id
     WHERE a.ended_at IS NULL AND (a.name = $1 OR a.id = $2)`,
    ['name' in by ? by.name : null, 'id' in by ? by.id : null],
  );
  return rows[0] ?? null;
}
