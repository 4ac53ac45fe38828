import { z } from 'zod';
import { id, instant, pageOf, paging } from '#lib/api/schema.ts';
import { tallySchema } from '../preview/schema.ts';

export const syncRow = tallySchema.extend({
  id: z.string(),
  controller: z.string(),
  kind: z.enum(['complete', 'resumed', 'changes']).describe('changes: all of one day (UTC), summed up'),
  outcome: z.enum(['done', 'held', 'failed']),
  mode: z.enum(['dirsync-with-tombstones', 'dirsync', 'dirsync-whole-links', 'usn']).nullable(),
  startedAt: instant,
  endedAt: instant,
  times: z.number().int().describe('deltas summed up, or tries that failed in the same way'),
  accounts: z.number().int().nullable(),
  groups: z.number().int().nullable(),
  sentence: z.string().nullable().describe('why it was held, or failed'),
});

export const syncsInput = z.object({ id, kind: z.enum(['complete', 'resumed', 'changes']).optional(), ...paging });
export const syncsOutput = pageOf(syncRow).extend({ domain: z.string() });
export const syncInput = z.object({ id, syncId: z.string().regex(/^\d{1,18}$/) });
export const syncOutput = syncRow.extend({ directoryId: z.string(), domain: z.string() });

export type SyncRow = z.output<typeof syncRow>;
export type SyncsPage = z.output<typeof syncsOutput>;
export type SyncEntry = z.output<typeof syncOutput>;
