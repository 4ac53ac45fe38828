/** What the portal takes to reach a directory, and what a test of it tells. The password goes in, travels apart and sealed, and never comes out. */
import { z } from 'zod';
import { directoryInput, directorySecret } from './schema.ts';

export const connectInput = directoryInput.extend({ bindPassword: directorySecret.shape.password });

/** Without a password the stored one stays. */
export const updateInput = directoryInput.extend({ id: z.string().max(40), bindPassword: directorySecret.shape.password.optional() });

export const testOutput = z.object({
  domain: z.string(),
  netbios: z.string().nullable(),
  forest: z.string(),
  baseDn: z.string(),
  scopeDns: z.array(z.string()),
  controllers: z.array(z.object({ url: z.string(), dnsHostName: z.string().nullable() })),
  otherControllers: z.array(z.string()).describe('of the same domain, by its own account; followed only when entered'),
  people: z.number().int(),
  groups: z.number().int(),
  samplePeople: z.array(z.object({ name: z.string(), login: z.string() })),
  sampleGroups: z.array(z.object({ name: z.string() })),
  lockoutThreshold: z.number().int().nullable(),
  hints: z.array(z.string()).describe('what works less well than it could, and what to do about it'),
});

export const connectOutput = z.object({
  directoryId: z.string(),
  domain: z.string(),
  /** True while the first complete read still runs; `setup.state` and `directories.list` follow it. */
  reading: z.boolean(),
});

export const directoryRef = z.object({ id: z.string().max(40) });
export const directoryRefOutput = z.object({ directoryId: z.string() });

export type DirectoryTest = z.output<typeof testOutput>;
