/** What the next sync would do, told before it does it. */
import { z } from 'zod';
import { id, instant } from '#lib/api/schema.ts';
import { heldRemovals } from '../people/schema.ts';
import { directorySecret } from '../schema.ts';

const lines = z.array(z.string().max(2_000)).max(50).optional();
const line = z.string().max(5_000).optional();

/** Whatever is left out stays as it is saved; an empty text takes it away. What each may be, the saved settings' own schema says. */
export const previewInput = z.object({
  id,
  urls: lines,
  find: z.record(z.string(), z.unknown()).optional(),
  serverName: line,
  caPem: z.string().max(200_000).optional(),
  bindDn: line,
  bindPassword: directorySecret.shape.password.optional(),
  scopeDns: lines,
  peopleFilter: line,
  groupFilter: line,
  distributionGroups: line,
  sentinelPerson: line,
  sentinelGroup: line,
});
export const previewBegun = z.object({ previewId: z.string() });
export const previewRef = z.object({ id, previewId: z.string().max(64) });
export const savePreviewInput = previewRef.extend({
  approveRemovals: z.boolean().default(false).describe('what the preview showed is meant, also where the shrink guard would hold it'),
  bindPassword: directorySecret.shape.password.optional().describe('again, where the preview was made with another one'),
});

export const tallySchema = z.object({
  peopleAppeared: z.number().int(),
  peopleChanged: z.number().int(),
  peopleLeft: z.number().int(),
  peopleCut: z.number().int(),
  groupsAppeared: z.number().int(),
  groupsChanged: z.number().int(),
  groupsLeft: z.number().int(),
  membershipsAdded: z.number().int(),
  membershipsRemoved: z.number().int(),
});

const personLoss = z.object({
  id: z.string(),
  name: z.string(),
  login: z.string(),
  /** What they would be from then on: out-of-scope, deleted, disabled … */
  state: z.string(),
  grants: z.number().int(),
  credentials: z.number().int(),
});

const groupLoss = z.object({
  id: z.string(),
  name: z.string(),
  gone: z.boolean(),
  members: z.number().int().describe('members that it would lose'),
  grants: z.number().int().describe('that stand on it, or on a group it is in'),
});

const newcomer = z.object({ name: z.string(), login: z.string() });

/** As the worker answers it. Lists are capped, their counts are not. */
export const previewAnswer = z.object({
  readAt: instant,
  seconds: z.number(),
  accounts: z.number().int(),
  groups: z.number().int(),
  tally: tallySchema,
  losing: z.object({
    people: z.number().int(),
    withGrants: z.number().int(),
    credentials: z.number().int(),
    list: z.array(personLoss),
  }),
  groupsLosing: z.object({ groups: z.number().int(), list: z.array(groupLoss) }),
  appearing: z.object({ people: z.array(newcomer), groups: z.array(z.object({ name: z.string() })) }),
  held: z.array(heldRemovals.omit({ whom: true }).extend({ names: z.array(z.string()) })),
  newPassword: z.boolean(),
  /** Nothing was asked to be changed: the next read by the settings that hold. */
  unchanged: z.boolean(),
  settings: z.record(z.string(), z.unknown()),
});

export const previewOutput = z.object({
  state: z.enum(['queued', 'running', 'done', 'failed']),
  progress: z.object({ done: z.number().optional(), total: z.number().optional(), text: z.string() }).nullable(),
  error: z.object({ code: z.string(), message: z.string(), fields: z.record(z.string(), z.string()).optional() }).nullable(),
  preview: previewAnswer
    .omit({ settings: true, losing: true })
    .extend({
      losing: previewAnswer.shape.losing.extend({
        streams: z.number().int(),
        list: z.array(personLoss.extend({ streams: z.number().int() })),
      }),
    })
    .nullable(),
});

export type PreviewAnswer = z.input<typeof previewAnswer>;
export type PreviewOutput = z.output<typeof previewOutput>;
export type Preview = NonNullable<PreviewOutput['preview']>;
