/**
 * The audit log: insert only, written in the transaction of the change it tells of, so that neither exists without the other.
 * There is no global writer; whoever records has the transaction in hand. No body of a request and no secret is ever a detail.
 */

import type { Database, Tx } from '#lib/db/database.ts';
import type { Prisma } from '#lib/db/generated/client.ts';
import type { AuditEventName } from './events.ts';

export type Actor =
  | { readonly kind: 'person'; readonly id: string; readonly name: string }
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
  await tx.$executeRaw`
    INSERT INTO audit_event (event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, cluster_id, project_id, detail)
    VALUES (${entry.event}, ${entry.actor.kind}, ${'id' in entry.actor ? entry.actor.id : null}, ${entry.actor.name ?? null},
      ${entry.subject?.kind ?? null}, ${entry.subject?.id ?? null}, ${entry.subject?.name ?? null},
      ${entry.clusterId ?? null}, ${entry.projectId ?? null}, ${JSON.stringify(entry.detail ?? {})}::jsonb)`;
}

/** Many at once (a directory delta, the end of many streams): one statement. */
export async function recordAll(tx: Tx | Database['prisma'], entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({
    event: entry.event,
    actor_kind: entry.actor.kind,
    actor_id: 'id' in entry.actor ? entry.actor.id : null,
    actor_name: entry.actor.name ?? null,
    subject_kind: entry.subject?.kind ?? null,
    subject_id: entry.subject?.id ?? null,
    subject_name: entry.subject?.name ?? null,
    cluster_id: entry.clusterId ?? null,
    project_id: entry.projectId ?? null,
    detail: entry.detail ?? {},
  }));
  await tx.$executeRaw`
    INSERT INTO audit_event (event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, cluster_id, project_id, detail)
    SELECT event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, cluster_id, project_id, detail
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(event text, actor_kind text, actor_id text, actor_name text,
      subject_kind text, subject_id text, subject_name text, cluster_id text, project_id text, detail jsonb)`;
}
