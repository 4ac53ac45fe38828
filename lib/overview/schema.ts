import { z } from 'zod';
import { instant } from '#lib/api/schema.ts';
import { directoryView, openStream, receipt } from '#lib/directory/people/schema.ts';

/** One thing that somebody should look at, worst first. */
export const attention = z.object({
  level: z.enum(['problem', 'warning', 'note']),
  text: z.string(),
  /** The page of the portal where it is seen or mended. */
  href: z.string(),
  since: instant.nullable(),
});

export const overviewCluster = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  version: z.string().nullable(),
  state: z.enum(['joining', 'ready', 'unreachable', 'credential-invalid', 'wrong-cluster', 'removed']),
  stateDetail: z.string().nullable(),
  sync: z.object({
    state: z.enum(['waiting', 'applying', 'in-step', 'failed', 'unreachable']),
    message: z.string().nullable(),
    convergedAt: instant.nullable(),
    checkedAt: instant.nullable(),
    objects: z.number().int(),
    mended: z.number().int().describe('how often drift was put right'),
  }),
  namespaces: z.number().int(),
  people: z.number().int().describe('people with any right there now'),
  streams: z.number().int(),
});

export const overviewOutput = z.object({
  installation: z.object({ id: z.string() }),
  now: instant,
  directories: z.array(directoryView),
  counts: z.object({
    people: z.number().int(),
    livePeople: z.number().int(),
    groups: z.number().int(),
    clusters: z.number().int(),
    projects: z.number().int(),
    roles: z.number().int(),
    grants: z.number().int(),
    credentials: z.number().int(),
    sessions: z.number().int(),
    streams: z.number().int(),
  }),
  clusters: z.array(overviewCluster),
  processes: z.array(
    z.object({
      id: z.string(),
      role: z.enum(['portal', 'proxy', 'worker']),
      host: z.string(),
      startedAt: instant,
      beatAt: instant,
      live: z.boolean(),
    }),
  ),
  recentCuts: z.array(receipt),
  /** Latencies of the last cut-offs that are complete, in milliseconds, newest first: for the histogram. */
  latencies: z.array(z.number()),
  attention: z.array(attention),
});

export const streamsOutput = z.object({ streams: z.array(openStream) });
export const receiptsInput = z.object({ limit: z.coerce.number().int().min(1).max(200).default(50) });
export const receiptsOutput = z.object({ receipts: z.array(receipt) });

export const hitKinds = ['page', 'person', 'group', 'cluster', 'role', 'project'] as const;
export const searchInput = z.object({
  q: z.string().trim().max(100).default(''),
  limit: z.coerce.number().int().min(1).max(10).default(5).describe('of each kind'),
});
export const searchOutput = z.object({
  hits: z.array(z.object({ kind: z.enum(hitKinds), id: z.string(), title: z.string(), detail: z.string().nullable(), href: z.string() })),
});

export type Overview = z.output<typeof overviewOutput>;
export type SearchHit = z.output<typeof searchOutput>['hits'][number];
