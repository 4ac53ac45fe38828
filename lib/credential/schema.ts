import { z } from 'zod';

const day = { kubeconfig: { preset: 30, max: 90 }, api: { preset: 90, max: 365 } };

const name = z
  .string()
  .trim()
  .min(1, 'Give it a name by which you will know it again.')
  .max(80, 'A name has at most 80 characters.')
  .refine((text) => !/\p{C}/u.test(text), 'A name holds no control characters.');

const days = (kind: keyof typeof day) =>
  z.coerce.number().int().min(1, 'At least one day.').max(day[kind].max, `At most ${day[kind].max} days.`).default(day[kind].preset);

const namespace = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'A namespace is written in lower-case letters, digits and dashes.');

const narrowing = {
  readOnly: z.boolean().default(false).describe('The credential may look and not change anything.'),
  clusterIds: z.array(z.string().max(40)).min(1).max(500).optional().describe('Only these clusters; all of the person’s when left out.'),
  namespaces: z
    .array(namespace)
    .min(1)
    .max(50, 'At most 50 namespaces.')
    .transform((names) => [...new Set(names)])
    .optional()
    .describe(
      'Only these namespaces, on each of the clusters, and nothing that is in no namespace. Everything the person may reach when left out.',
    ),
};

/** What the installation's settings say about it; when they say nothing, a month. */
export const idleDaysSetting = z.number().int().min(1, 'At least one day.').max(366, 'At most 366 days.').nullable().default(30);

export const issueKubeconfigInput = z.object({
  deviceName: name.default('This device').describe('Remembered for this browser; downloading again renews the credential of that name.'),
  days: days('kubeconfig'),
  ...narrowing,
});

export const kubeconfigOutput = z.object({
  fileName: z.string(),
  kubeconfig: z.string(),
  credentialId: z.string(),
  expiresAt: z.iso.datetime(),
  renewed: z
    .boolean()
    .describe('True when a credential of this device was renewed; the old one ends at the first use of this one, or after 10 minutes.'),
});

export const createTokenInput = z.object({ name, days: days('api'), readOnly: narrowing.readOnly });

export const createTokenOutput = z.object({
  credentialId: z.string(),
  token: z.string().describe('Shown this once.'),
  expiresAt: z.iso.datetime(),
});

export const credentialOutput = z.object({
  id: z.string(),
  kind: z.enum(['kubeconfig', 'api']),
  name: z.string(),
  readOnly: z.boolean(),
  clusterIds: z.array(z.string()).nullable(),
  namespaces: z.array(z.string()).nullable(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  idleEndsAt: z.iso.datetime().nullable().describe('When it ends if it is not used again; null when only its expiry ends it.'),
  lastUsedAt: z.iso.datetime().nullable(),
  lastUsedAddress: z.string().nullable(),
  lastUsedClient: z.string().nullable(),
  revokedAt: z.iso.datetime().nullable(),
  revokeReason: z.string().nullable(),
  openStreams: z.number().int().describe('Shells, logs, watches and port-forwards that it holds open; a door reports them each second.'),
  state: z.enum(['living', 'renewed', 'expired', 'revoked']),
});

export const credentialListOutput = z.object({ credentials: z.array(credentialOutput) });
export const credentialIdInput = z.object({ id: z.string().max(40) });
export const renameInput = z.object({ id: z.string().max(40), name });
export const personCredentialsInput = z.object({ personId: z.string().max(40) });
export const revokedOutput = z.object({ revoked: z.number().int() });
export const renamedOutput = z.object({});
