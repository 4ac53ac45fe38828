import type { CsvColumns } from '#lib/api/csv.ts';
import type { AuditEventRow } from './data.ts';

export const auditColumns: CsvColumns<AuditEventRow> = [
  ['id', ({ id }) => id],
  ['at', ({ at }) => at.toISOString()],
  ['event', ({ event }) => event],
  ['actor_kind', ({ actorKind }) => actorKind],
  ['actor_id', ({ actorId }) => actorId ?? ''],
  ['actor_name', ({ actorName }) => actorName ?? ''],
  ['subject_kind', ({ subjectKind }) => subjectKind ?? ''],
  ['subject_id', ({ subjectId }) => subjectId ?? ''],
  ['subject_name', ({ subjectName }) => subjectName ?? ''],
  ['cluster_id', ({ clusterId }) => clusterId ?? ''],
  ['project_id', ({ projectId }) => projectId ?? ''],
  ['detail', ({ detail }) => JSON.stringify(detail)],
];
