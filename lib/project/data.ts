import type { Database } from '#lib/db/database.ts';
import type { Labels } from '#lib/entitlement/types.ts';

export interface ProjectRow {
  readonly id: string;
  readonly description: string | null;
  readonly createdAt: Date;
}

export async function readProjects(db: Database, ids: readonly string[]): Promise<Map<string, ProjectRow>> {
  const rows = await db.prisma.project.findMany({
    where: { id: { in: [...ids] }, removedAt: null },
    select: { id: true, description: true, createdAt: true },
  });
  return new Map(rows.map((row) => [row.id, row]));
}

export interface NamespaceRow {
  readonly clusterId: string;
  readonly name: string;
  readonly addedAt: Date;
  /** As last seen in the cluster; null when the namespace does not stand there. */
  readonly seen: { readonly phase: string; readonly quota: { readonly hard: Labels; readonly used: Labels } | null } | null;
}

export async function readProjectNamespaces(db: Database, projectId: string): Promise<NamespaceRow[]> {
  const { rows } = await db.sql.query<{ clusterId: string; name: string; addedAt: Date; phase: string | null; quota: unknown }>(
    `SELECT pn.cluster_id AS "clusterId", pn.name, pn.added_at AS "addedAt", cn.phase, cn.quota
     FROM project_namespace pn LEFT JOIN cluster_namespace cn ON cn.cluster_id = pn.cluster_id AND cn.name = pn.name
     WHERE pn.project_id = $1 ORDER BY pn.name, pn.cluster_id`,
    [projectId],
  );
  return rows.map(({ phase, quota, ...row }) => ({ ...row, seen: phase === null ? null : { phase, quota: quotaUse(quota) } }));
}

function quotaUse(value: unknown): { hard: Labels; used: Labels } | null {
  if (value === null || typeof value !== 'object') return null;
  const { hard, used } = value as { hard?: Labels; used?: Labels };
  return hard ? { hard, used: used ?? {} } : null;
}
