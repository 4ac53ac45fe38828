import { z } from 'zod';
import { id, instant } from '#lib/api/schema.ts';

export const accountName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9-]{2,39}$/, 'Three to forty letters, digits and hyphens.');

export const availableOutput = z.object({ available: z.boolean().describe('whether a local account may be tried here at all') });

export const signInInput = z.object({
  name: z.string().trim().min(1, 'Type the name of the account.').max(256),
  password: z.string().min(1, 'Type the password from the envelope.').max(256),
  code: z.string().trim().min(1, 'Type the code that the authenticator shows.').max(32),
});
export const signInOutput = z.object({ name: z.string(), expiresAt: instant });

export const reference = z.object({ id });
export const alertReference = z.object({ id });
export const makeInput = z.object({ name: accountName });
export const confirmInput = z.object({ id, code: z.string().trim().min(6, 'Six digits.').max(32) });
export const endInput = z.object({ id, reason: z.string().trim().min(3, 'Say why, in a few words.').max(500) });
export const switchInput = z.object({ on: z.boolean() });
export const done = z.object({});
export const endedOutput = z.object({ sessionsEnded: z.number().int() });

/** Told once; nobody can ask for it again. */
export const madeOutput = z.object({
  id: z.string(),
  name: z.string(),
  password: z.string().describe('shown this once'),
  oneTimeSecret: z.string().describe('base32, shown this once: what an authenticator app is given'),
  oneTimeAddress: z.string().describe('the same as an otpauth:// address, for a QR code'),
});

const account = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(['unconfirmed', 'sealed', 'used', 'closed']),
  madeAt: instant,
  madeBy: z.object({ id: z.string(), name: z.string(), left: z.boolean().describe('their own account is not live any more') }),
  enrolledAt: instant.nullable(),
  usedAt: instant.nullable().describe('first use since it was made'),
  openUntil: instant.nullable().describe('until when a used account still lets in'),
  lastUsedAt: instant.nullable(),
  sessions: z.number().int(),
});

const alert = z.object({
  id: z.string(),
  kind: z.enum(['used', 'refused']),
  account: z.string().nullable(),
  firstAt: instant,
  lastAt: instant,
  times: z.number().int(),
  address: z.string().nullable(),
});

export const breakGlassOutput = z.object({
  available: z.boolean(),
  off: z
    .object({ by: z.enum(['configuration', 'admin']), since: instant.nullable(), name: z.string().nullable() })
    .nullable()
    .describe('null while it is on'),
  setUp: z.boolean(),
  accounts: z.array(account),
  alerts: z.array(alert).describe('what nobody has acknowledged yet'),
  rules: z.object({
    accountsNeeded: z.number().int(),
    accountsMax: z.number().int(),
    sessionMinutes: z.number().int(),
    openHours: z.number().int(),
  }),
});

export type BreakGlass = z.output<typeof breakGlassOutput>;
export type MadeAccount = z.output<typeof madeOutput>;
