// What inviting a cluster takes and gives, and what the cluster that joins sends.
import { z } from 'zod';
import { instant } from '#lib/api/schema.ts';
import { clusterLabels, clusterName, proxyUrl, serverUrl } from './schema.ts';

export const inviteInput = z.object({
  name: clusterName,
  labels: clusterLabels.default({}),
  serverUrl,
  proxyUrl: proxyUrl.optional(),
  /** An image with `node` on its PATH, for clusters that may not pull the default one. */
  image: z
    .string()
    .max(300)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/, 'An image looks like registry.example.com/name:tag.')
    .optional(),
});
export const invitationRef = z.object({ id: z.string().max(40) });
/** What the joining Job posts: an envelope that only the worker can open; all that matters, the code too, is inside. */
export const joinInput = z.object({
  invitation: z.string().max(40),
  sealed: z.base64().max(64_000),
});

export const invitedOutput = z.object({
  id: z.string(),
  /** Shown once. */
  command: z.string(),
  manifestUrl: z.string(),
  /** For clusters whose pods cannot reach this portal: run after the first command. */
  handCommand: z.string(),
  expiresAt: instant,
});
export const INVITATION_STATES = ['waiting', 'delivered', 'registered', 'failed', 'expired'] as const;
export const invitationOutput = z.object({
  id: z.string(),
  name: z.string(),
  serverUrl: z.string().nullable(),
  state: z.enum(INVITATION_STATES),
  detail: z.string().nullable(),
  clusterId: z.string().nullable(),
  expiresAt: instant,
});
export const joinedOutput = z.object({ id: z.string(), name: z.string() });

export type InvitationState = (typeof INVITATION_STATES)[number];
export type JoinDelivery = z.infer<typeof joinInput>;
