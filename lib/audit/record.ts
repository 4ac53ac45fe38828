/**
 * The audit log: insert only, written in the transaction of the change it tells of, so that neither exists without the other.
 * There is no global writer; whoever records has the transaction in hand. No body of a request and no secret is ever a detail.
 */

import type { Database, Tx } from '#lib/db/database.ts';
import type { Prisma } from '#lib/db/generated/client.ts';
import { storableJson } from '#lib/db/storable-json.ts';
import type { AuditEventName } from './events.ts';

export type Actor =
  | { readonly kind: 'person'; readonly id: string; readonly name: string }
  | { readonly kind: 'break-glass'; readonly id: string; readonly name: string }
  | { readonly kind: 'directory'; readonly id: string; readonly name: string }
  | { readonly kind: 'system'; readonly name: string }
  | { readonly kind: 'anonymous'; readonly name?: string | undefined };

export interface AuditEntry {
  readonly event: AuditEventName;
  readonly actor: Actor;
  readonly subject?: { readonly kind: string; readonly id: string; readonly name: string } | undefined;
  readonly clusterId?: string | undefined;
  readonly projectId?: string | undefined;
  readonly detail?: Prisma.InputJsonObject | undefined;
}

export async function record(tx: Tx | Database['prisma'], entry: AuditEntry): Promise<void> {
  await recordAll(tx, [entry]);
}

/** Many at once (a directory delta, the end of many streams): one statement. */
export async function recordAll(tx: Tx | Database['prisma'], entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO audit_event (event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, cluster_id, project_id, detail)
    SELECT event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, cluster_id, project_id, detail
    FROM jsonb_to_recordset(${storableJson(entries.map(rowOf))}::jsonb) AS r(event text, actor_kind text, actor_id text, actor_name text,
      subject_kind text, subject_id text, subject_name text, cluster_id text, project_id text, detail jsonb)`;
}

/** An event with its place in the log: its number and the moment at which it got it, by the database's clock. */
export interface NumberedEntry {
  readonly entry: AuditEntry;
  readonly id: string;
  readonly at: string;
}

/** For whoever writes outside a transaction, and may have to write again without knowing whether it was written. */
export async function numbered(db: Database['prisma'], entries: readonly AuditEntry[]): Promise<NumberedEntry[]> {
  const rows = await db.$queryRaw<{ id: string; at: string }[]>`
    SELECT nextval('audit_event_id')::text AS id, to_json(now()) #>> '{}' AS at FROM generate_series(1, ${entries.length}::int)`;
  return entries.flatMap((entry, i) => {
    const place = rows[i];
    return place ? [{ entry, ...place }] : [];
  });
}

/** As often as one likes: what stands there already is left alone, and what is just being written is waited for. */
export async function recordOnce(db: Database['prisma'], entries: readonly NumberedEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map(({ entry, id, at }) => ({ ...rowOf(entry), id, at }));
  await db.$executeRaw`
    INSERT INTO audit_event
      (id, at, event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, cluster_id, project_id, detail)
    SELECT id, at, event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, cluster_id, project_id, detail
    FROM jsonb_to_recordset(${storableJson(rows)}::jsonb) AS r(id bigint, at timestamptz, event text, actor_kind text, actor_id text,
      actor_name text, subject_kind text, subject_id text, subject_name text, cluster_id text, project_id text, detail jsonb)
    ORDER BY id
    ON CONFLICT DO NOTHING`;
}

function rowOf({ event, actor, subject, clusterId, projectId, detail }: AuditEntry) {
  return {
    event,
    actor_kind: actor.kind,
    actor_id: 'id' in actor ? actor.id : null,
    actor_name: actor.name ?? null,
    subject_kind: subject?.kind ?? null,
    subject_id: subject?.id ?? null,
    subject_name: subject?.name ?? null,
    cluster_id: clusterId ?? null,
    project_id: projectId ?? null,
    detail: detail ?? {},
  };
}
