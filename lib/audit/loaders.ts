/** The audit log as the portal reads it. Only auditors and admins; reading it changes nothing in it. */
import { csv, csvOf } from '#lib/api/csv.ts';
import { operation } from '#lib/api/operation.ts';
import { none } from '#lib/api/schema.ts';
import type { World } from '#lib/entitlement/types.ts';
import { auditColumns } from './csv.ts';
import { type AuditEventRow, auditEventsOf } from './data.ts';
import { auditEvents } from './events.ts';
import { auditEventsOutput, auditExportInput, auditListInput, auditPage } from './schema.ts';

const exportedMax = 50_000;

export const auditList = operation({
  id: 'audit.list',
  method: 'GET',
  path: '/audit',
  summary: 'What happened, newest first, filtered; a page and where the next begins',
  allow: 'auditor',
  input: auditListInput,
  output: auditPage,
  async run({ db, world }, _viewer, query) {
    const rows = await auditEventsOf(db, { ...query, limit: query.limit + 1 });
    const items = rows.slice(0, query.limit);
    return { items: items.map((row) => auditView(world, row)), next: rows.length > query.limit ? (items.at(-1)?.id ?? null) : null };
  },
});

export const auditExport = operation({
  id: 'audit.export',
  method: 'GET',
  path: '/audit.csv',
  summary: `The same as CSV, at most ${exportedMax} events`,
  allow: 'auditor',
  input: auditExportInput,
  output: csv,
  media: { type: 'text/csv', filename: 'gatehouse-audit.csv' },
  async run({ db }, _viewer, query) {
    return csvOf(auditColumns, await auditEventsOf(db, { ...query, limit: exportedMax }));
  },
});

export const auditEventNames = operation({
  id: 'audit.events',
  method: 'GET',
  path: '/audit/events',
  summary: 'Every event the audit log knows',
  allow: 'auditor',
  input: none,
  output: auditEventsOutput,
  async run() {
    return { events: [...auditEvents] };
  },
});

export function auditView(world: Pick<World, 'cluster' | 'project'>, row: AuditEventRow) {
  const { id, at, event, detail, clusterId, projectId } = row;
  return {
    id,
    at,
    event,
    detail,
    actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
    subject: row.subjectKind ? { kind: row.subjectKind, id: row.subjectId, name: row.subjectName } : null,
    cluster: clusterId ? { id: clusterId, name: world.cluster(clusterId)?.name ?? clusterId } : null,
    project: projectId ? { id: projectId, name: world.project(projectId)?.name ?? projectId } : null,
  };
}

export const operations = [auditList, auditExport, auditEventNames];
