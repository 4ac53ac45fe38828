/** What the portal takes to reach a directory, and what a test of it tells. The password goes in, travels apart and sealed, and never comes out. */
import { z } from 'zod';
import { directoryInput, directorySecret } from '../schema.ts';

export const connectInput = directoryInput.extend({ bindPassword: directorySecret.shape.password });

/** Without a password the stored one stays. */
export const updateInput = directoryInput.extend({ id: z.string().max(40), bindPassword: directorySecret.shape.password.optional() });

export const missingRight = z.object({
  right: z.string(),
  without: z.string(),
  windows: z.array(z.string()),
  samba: z.array(z.string()),
});

export const testOutput = z.object({
  domain: z.string(),
  netbios: z.string().nullable(),
  forest: z.string(),
  baseDn: z.string(),
  scopeDns: z.array(z.string()),
  controllers: z.array(
    z.object({
      url: z.string(),
      dnsHostName: z.string().nullable(),
      reached: z.boolean(),
      why: z.string().nullable().describe('why it was not reached'),
      behind: z.number().int().nullable().describe('changes of the others that it does not know yet, at most'),
      clockAheadSeconds: z.number().int().nullable(),
      certificateUntil: z.string().nullable(),
    }),
  ),
  otherControllers: z.array(z.string()).describe('of the same domain, by its own account; followed only when entered'),
  people: z.number().int(),
  groups: z.number().int(),
  samplePeople: z.array(z.object({ name: z.string(), login: z.string() })),
  sampleGroups: z.array(z.object({ name: z.string() })),
  lockoutThreshold: z.number().int().nullable(),
  hints: z.array(z.string()).describe('what works less well than it could, and what to do about it'),
  missingRights: z.array(missingRight).describe('rights that the sync account lacks, with the commands that give them'),
});

export const connectOutput = z.object({
  directoryId: z.string(),
  domain: z.string(),
  /** True while the first complete read still runs; `setup.state` and `directories.list` follow it. */
  reading: z.boolean(),
});

export const disconnectInput = z.object({
  id: z.string().max(40),
  domain: z.string().trim().max(255).describe('its name once more, so that no other one is meant'),
});
export const disconnectOutput = z.object({
  directoryId: z.string(),
  domain: z.string(),
  people: z.number().int().describe('who were somebody until now'),
  groups: z.number().int(),
});

export const directoryRef = z.object({ id: z.string().max(40) });
export const directoryRefOutput = z.object({ directoryId: z.string() });

export type DirectoryTest = z.output<typeof testOutput>;
