// What our two accounts may do in a cluster, as its page tells it, and how the test of that went.
import { z } from 'zod';
import { instant } from '#lib/api/schema.ts';
import { clusterId } from './schema.ts';

/** One thing that an account of ours needs or must not be able to do, and what the cluster said. */
export const selfTestCheck = z.object({
  account: z.enum(['door', 'reconciler']),
  words: z.string(),
  expected: z.enum(['allowed', 'refused']),
  found: z.enum(['allowed', 'refused']),
});

export const selfTestView = z.object({
  testedAt: instant,
  outcome: z.enum(['passed', 'failed']),
  /** Since when it is so. */
  since: instant,
  /** The mode that was in force when it ran. */
  mode: z.enum(['classic', 'constrained']),
  /** Whether the server knows constrained impersonation. */
  constrained: z.boolean(),
  checks: z.array(selfTestCheck),
});

export const powersInput = z.object({
  id: clusterId,
  /** Looks for a name among the people as whom the door may act. */
  name: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

/** What this platform's two accounts may do in the cluster, in words, and the names themselves. */
export const powersView = z.object({
  strict: z.boolean(),
  mode: z.enum(['classic', 'constrained']),
  /** In words: what the mode means, and why it is not the narrower one. */
  modeMeans: z.string(),
  /** Null until it ran for the first time. */
  selfTest: selfTestView.nullable(),
  /** As whom the door may act there by name, as the cluster has confirmed it; the first that match. */
  names: z.object({
    total: z.number(),
    matching: z.number(),
    people: z.array(z.object({ personId: z.string(), wireName: z.string(), displayName: z.string() })),
  }),
  /** Null until the reconciler has applied them for the first time. */
  appliedAt: instant.nullable(),
  door: z.object({ account: z.string(), people: z.number().nullable(), groups: z.array(z.string()), sentences: z.array(z.string()) }),
  reconciler: z.object({ account: z.string(), sentences: z.array(z.string()) }),
});

/** All that did not come out as it must. */
export const selfTestOutput = z.object({ outcome: z.enum(['passed', 'failed']), checks: z.number(), failures: z.array(selfTestCheck) });

export type PowersView = z.infer<typeof powersView>;
export type SelfTestCheck = z.infer<typeof selfTestCheck>;
export type SelfTestView = z.infer<typeof selfTestView>;
