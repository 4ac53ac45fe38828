/** Audit events as CSV (RFC 4180). A cell that a spreadsheet would run as a formula gets a quote before it: names come from a directory. */
import type { AuditEventRow } from './data.ts';

const columns: readonly [string, (row: AuditEventRow) => string][] = [
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

export function auditCsv(rows: readonly AuditEventRow[]): string {
  const lines = [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  return `${lines.map((cells) => cells.map(csvCell).join(',')).join('\r\n')}\r\n`;
}

export function csvCell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
