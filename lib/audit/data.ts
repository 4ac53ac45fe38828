/** Reads of the audit log. Newest first by (at, id), which is also its primary key, so that a page costs the same wherever it lies. */

import { createConditions, likeWords } from '#lib/db/conditions.ts';
import type { Database } from '#lib/db/database.ts';

export type AuditQuery = {
  readonly search: string;
  readonly event?: string | undefined;
  readonly noun?: string | undefined;
  readonly actorId?: string | undefined;
  readonly subjectId?: string | undefined;
  readonly personId?: string | undefined;
  readonly clusterId?: string | undefined;
  readonly projectId?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
};

export type AuditEventRow = {
  readonly id: string;
  readonly at: Date;
  readonly event: string;
  readonly actorKind: string;
  readonly actorId: string | null;
  readonly actorName: string | null;
  readonly subjectKind: string | null;
  readonly subjectId: string | null;
  readonly subjectName: string | null;
  readonly clusterId: string | null;
  readonly projectId: string | null;
  readonly detail: Record<string, unknown>;
};

export async function auditEventsOf(db: Database, query: AuditQuery): Promise<AuditEventRow[]> {
  const { add, value, ...conditions } = createConditions();
  const equal = (column: string, wanted: string | undefined) => wanted !== undefined && add(`${column} = ${value(wanted)}`);
  equal('event', query.event);
  if (query.noun) add(`event LIKE ${value(`${query.noun}.%`)}`);
  equal('actor_id', query.actorId);
  equal('subject_id', query.subjectId);
  equal('cluster_id', query.clusterId);
  equal('project_id', query.projectId);
  if (query.personId) {
    const person = value(query.personId);
    add(`(actor_id = ${person} OR subject_id = ${person} OR detail->>'personId' = ${person})`);
  }
  for (const word of likeWords(query.search)) {
    const like = value(word);
    add(`(actor_name ILIKE ${like} OR subject_name ILIKE ${like} OR event ILIKE ${like})`);
  }
  if (query.from) add(`at >= ${value(query.from)}`);
  if (query.to) add(`at < ${value(query.to)}`);
  if (query.before) {
    const before = value(query.before);
    add(`(at, id) < (SELECT at, id FROM audit_event WHERE id = ${before}::bigint)`);
  }
  const limit = value(query.limit);
  const { rows } = await db.sql.query<AuditEventRow>(
    `SELECT id::text, at, event, actor_kind AS "actorKind", actor_id AS "actorId", actor_name AS "actorName", subject_kind AS "subjectKind", subject_id AS "subjectId",
       subject_name AS "subjectName", cluster_id AS "clusterId", project_id AS "projectId", detail
     FROM audit_event ${conditions.where()} ORDER BY at DESC, id DESC LIMIT ${limit}`,
    conditions.values,
  );
  return rows;
}
