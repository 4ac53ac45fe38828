import { z } from 'zod';
import { id, instant } from '#lib/api/schema.ts';
import { clusterName } from '#lib/cluster/schema.ts';
import { idleDaysSetting } from '#lib/credential/schema.ts';

export const stateOutput = z.object({
  /** Nobody administers yet: the portal shows the first steps and nothing else. */
  open: z.boolean(),
  /** This browser has shown the setup code (or its person is an admin), and may go on. */
  admitted: z.boolean(),
  /** Null for whoever is not admitted. */
  steps: z
    .object({
      directory: z
        .object({
          id: z.string(),
          domain: z.string(),
          state: z.enum(['new', 'reading', 'following', 'unreachable', 'held']),
          stateDetail: z.string().nullable(),
          people: z.number().int(),
          groups: z.number().int(),
        })
        .nullable(),
      admins: z.object({ grants: z.number().int(), people: z.number().int() }).nullable(),
      clusters: z.array(z.object({ id: z.string(), name: clusterName, state: z.string() })),
    })
    .nullable(),
});

export const claimInput = z.object({ code: z.string().trim().min(4, 'Type the code that the first start printed.').max(100) });
export const claimOutput = z.object({ admitted: z.literal(true) });

export const chooseAdminsInput = z.object({ subject: z.object({ kind: z.enum(['group', 'person']), id }) });
export const chooseAdminsOutput = z.object({
  grantId: z.string(),
  people: z.number().int().describe('who can sign in and administer now'),
});

export const settingsOutput = z.object({
  installation: z.object({
    id: z.string(),
    createdAt: instant,
    setupDoneAt: instant.nullable(),
    portalUrl: z.string(),
    proxyUrl: z.string(),
  }),
  accessContact: z.string().nullable(),
  credentialIdleDays: z
    .number()
    .int()
    .nullable()
    .describe('After how many days without use a credential ends; null = only its expiry ends it.'),
  /** What holds in this release for everybody; shown so that nobody has to guess. */
  fixed: z.object({
    sessionIdleMinutes: z.number().int(),
    sessionAbsoluteHours: z.number().int(),
    sensitiveFreshnessMinutes: z.number().int(),
    ordinaryFreshnessMinutes: z.number().int(),
  }),
});
export const settingsUpdateInput = z.object({
  accessContact: z
    .string()
    .trim()
    .max(300)
    .regex(/^\P{Cc}*$/u, 'One line, please.')
    .nullable()
    .optional()
    .describe('whom to ask for access: shown to whoever lacks a right'),
  credentialIdleDays: idleDaysSetting
    .unwrap()
    .optional()
    .describe('after how many days without use a credential ends; null = only its expiry ends it'),
});

/** What the column `installation.settings` holds. */
export const storedSettings = z.object({ accessContact: z.string().nullable().default(null), credentialIdleDays: idleDaysSetting });
export type StoredSettings = z.output<typeof storedSettings>;
