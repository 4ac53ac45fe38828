import { z } from 'zod';
import { instant, searchText } from '#lib/api/schema.ts';
import { auditEvents } from './events.ts';

const anId = z.string().trim().max(64).optional();

export const auditFilters = {
  search: searchText.describe('part of a name: of who did it or what it was done to'),
  event: z.enum(auditEvents).optional(),
  /** All events of a noun: "grant", "cluster". */
  noun: z
    .string()
    .regex(/^[a-z][a-z-]{0,29}$/, 'One word, such as grant or cluster.')
    .optional(),
  actorId: anId,
  subjectId: anId,
  personId: anId.describe('did it or had it done to them'),
  clusterId: anId,
  projectId: anId,
  from: z.coerce.date().optional(),
  to: z.coerce.date().optional(),
};

export const auditListInput = z.object({
  ...auditFilters,
  /** The `next` of the page before. */
  before: z
    .string()
    .regex(/^\d{1,19}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const auditExportInput = z.object(auditFilters);

const party = z.object({ kind: z.string(), id: z.string().nullable(), name: z.string().nullable() });

export const auditRow = z.object({
  id: z.string(),
  at: instant,
  event: z.string(),
  actor: party,
  subject: party.nullable(),
  cluster: z.object({ id: z.string(), name: z.string() }).nullable(),
  project: z.object({ id: z.string(), name: z.string() }).nullable(),
  detail: z.record(z.string(), z.unknown()),
});
export const auditPage = z.object({ items: z.array(auditRow), next: z.string().nullable() });
export const auditEventsOutput = z.object({ events: z.array(z.string()) });

export type AuditRow = z.output<typeof auditRow>;
export type AuditPage = z.output<typeof auditPage>;
