/** What people and groups hold, for telling what they would lose. */
import type { Database } from '#lib/db/database.ts';
import type { FaultRecord } from '#lib/errors/fault.ts';
import type { Progress } from '#lib/request/answer.ts';

const living = 'b.revoked_at IS NULL AND (b.until IS NULL OR b.until > now())';

export interface Holdings {
  readonly grants: number;
  readonly credentials: number;
}

/** Grants of their own and by way of security groups, and credentials that live. Whoever holds nothing is left out. */
export async function holdingsOf(db: Database, personIds: readonly string[]): Promise<Map<string, Holdings>> {
  const { rows } = await db.sql.query<Holdings & { id: string }>(
    `WITH RECURSIVE above(person, id) AS (
       SELECT p, p FROM unnest($1::text[]) AS p
       UNION SELECT a.person, g.id FROM above a JOIN membership m ON m.member_id = a.id
         JOIN directory_group g ON g.id = m.group_id AND g.security AND g.deleted_at IS NULL),
     granted AS (SELECT a.person, count(DISTINCT b.id)::int AS grants FROM above a JOIN binding b ON b.subject_id = a.id AND ${living} GROUP BY a.person),
     held AS (SELECT person_id AS person, count(*)::int AS credentials FROM credential
       WHERE person_id = ANY($1) AND revoked_at IS NULL AND expires_at > now() GROUP BY person_id)
     SELECT coalesce(g.person, h.person) AS id, coalesce(g.grants, 0) AS grants, coalesce(h.credentials, 0) AS credentials
     FROM granted g FULL JOIN held h ON h.person = g.person`,
    [[...personIds]],
  );
  return new Map(rows.map(({ id, grants, credentials }) => [id, { grants, credentials }]));
}

/** Grants that stand on these groups or on what they are in. */
export async function grantsOfGroups(db: Database, groupIds: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await db.sql.query<{ id: string; grants: number }>(
    `WITH RECURSIVE above(origin, id) AS (
       SELECT g, g FROM unnest($1::text[]) AS g
       UNION SELECT a.origin, g.id FROM above a JOIN membership m ON m.member_id = a.id
         JOIN directory_group g ON g.id = m.group_id AND g.security AND g.deleted_at IS NULL)
     SELECT a.origin AS id, count(DISTINCT b.id)::int AS grants FROM above a JOIN binding b ON b.subject_id = a.id AND ${living} GROUP BY a.origin`,
    [[...groupIds]],
  );
  return new Map(rows.map(({ id, grants }) => [id, grants]));
}

export interface PosedPreview {
  readonly input: unknown;
  readonly state: 'queued' | 'running' | 'done' | 'failed';
  readonly progress: Progress | null;
  readonly result: unknown;
  readonly error: Pick<FaultRecord, 'code' | 'message' | 'fields'> | null;
  readonly finishedAt: Date | null;
}

export async function posedPreview(db: Database, directoryId: string, previewId: string): Promise<PosedPreview | null> {
  const { rows } = await db.sql.query<PosedPreview>(
    `SELECT input, state, progress, result, error, finished_at AS "finishedAt" FROM request
     WHERE id = $1 AND kind = 'directory.preview' AND input->>'directoryId' = $2`,
    [previewId, directoryId],
  );
  return rows[0] ?? null;
}
