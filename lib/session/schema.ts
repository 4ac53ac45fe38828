import { z } from 'zod';
import { instant } from '#lib/api/schema.ts';

export const meOutput = z.object({
  person: z.object({ id: z.string(), displayName: z.string(), upn: z.string().nullable(), wireName: z.string() }),
  powers: z.object({ admin: z.boolean(), auditor: z.boolean() }),
  /** Owns at least one project, and so sees its pages. */
  ownsProjects: z.boolean(),
  via: z.enum(['session', 'token', 'break-glass']),
  sessionExpiresAt: instant.nullable(),
  installation: z.object({
    id: z.string(),
    portalUrl: z.string(),
    proxyUrl: z.string(),
    accessContact: z.string().nullable().describe('whom to ask for access, as an admin wrote it'),
  }),
});

export const sessionsOutput = z.object({
  sessions: z.array(
    z.object({
      id: z.string(),
      createdAt: instant,
      seenAt: instant,
      expiresAt: instant,
      address: z.string().nullable(),
      userAgent: z.string().nullable(),
      current: z.boolean(),
    }),
  ),
});
export const endedOutput = z.object({ ended: z.number().int() });

export type Me = z.output<typeof meOutput>;
