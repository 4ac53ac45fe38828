import { createConditions } from '#lib/db/conditions.ts';
import type { Database } from '#lib/db/database.ts';
import type { SyncRow } from './schema.ts';

type Row = Omit<SyncRow, 'startedAt' | 'endedAt'> & { readonly startedAt: Date; readonly endedAt: Date };

const columns = `id::text, coalesce((SELECT c.dns_host_name FROM domain_controller c WHERE c.id = controller_id), controller) AS controller, kind, outcome, mode, started_at AS "startedAt", ended_at AS "endedAt", times, accounts, groups,
  people_appeared AS "peopleAppeared", people_changed AS "peopleChanged", people_left AS "peopleLeft", people_cut AS "peopleCut",
  groups_appeared AS "groupsAppeared", groups_changed AS "groupsChanged", groups_left AS "groupsLeft",
  memberships_added AS "membershipsAdded", memberships_removed AS "membershipsRemoved", sentence`;

export async function listSyncs(
  db: Database,
  { directoryId, kind, offset, limit }: { directoryId: string; kind?: Row['kind'] | undefined; offset: number; limit: number },
): Promise<{ items: Row[]; total: number }> {
  const conditions = createConditions();
  conditions.add(`directory_id = ${conditions.value(directoryId)}`);
  if (kind) conditions.add(`kind = ${conditions.value(kind)}`);
  const counting = db.sql.query<{ total: number }>(`SELECT count(*)::int AS total FROM directory_sync ${conditions.where()}`, [
    ...conditions.values,
  ]);
  const page = `LIMIT ${conditions.value(limit)} OFFSET ${conditions.value(offset)}`;
  const reading = db.sql.query<Row>(
    `SELECT ${columns} FROM directory_sync ${conditions.where()} ORDER BY ended_at DESC, id DESC ${page}`,
    conditions.values,
  );
  const [count, rows] = await Promise.all([counting, reading]);
  return { items: rows.rows, total: count.rows[0]?.total ?? 0 };
}

export async function oneSync(db: Database, directoryId: string, syncId: string): Promise<Row | null> {
  const { rows } = await db.sql.query<Row>(`SELECT ${columns} FROM directory_sync WHERE directory_id = $1 AND id = $2::bigint`, [
    directoryId,
    syncId,
  ]);
  return rows[0] ?? null;
}

export async function domainOf(db: Database, directoryId: string): Promise<string | null> {
  const { rows } = await db.sql.query<{ domain: string }>('SELECT domain FROM directory WHERE id = $1', [directoryId]);
  return rows[0]?.domain ?? null;
}
