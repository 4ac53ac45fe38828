// What the clusters' operations take and give. Pages and the API are built against these shapes; nothing here can hold a secret on its way out.
import { z } from 'zod';
import { flag, instant } from '#lib/api/schema.ts';

export const clusterName = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
    'A cluster name has 1 to 40 lower-case letters, digits and dashes, and begins and ends with a letter or digit.',
  );

const labelKey = z
  .string()
  .max(63)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$/, 'A label key has letters, digits, and . _ - / between them.');
const labelValue = z
  .string()
  .max(63)
  .regex(/^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/, 'A label value has letters, digits, and . _ - between them.');
export const clusterLabels = z.record(labelKey, labelValue).refine((labels) => Object.keys(labels).length <= 32, 'At most 32 labels.');

/** The API server as people and our proxy reach it. Never http, never with a password in it. */
export const serverUrl = z
  .string()
  .trim()
  .max(500)
  .refine(isPlainHttpsUrl, 'The address must look like https://api.example.com:6443, without user name, query or fragment.');

export const clusterId = z.string().regex(/^[a-z]+-[a-z0-9]{6,20}$/);
export const title = z
  .string()
  .trim()
  .max(80)
  .regex(/^[^\p{Cc}]*$/u, 'A title has no control characters.');

/** Larger than any honest kubeconfig, small enough to parse without a thought. */
export const KUBECONFIG_BYTES_MAX = 256 * 1024;
export const kubeconfigText = z.string().min(1, 'Paste a kubeconfig.').max(KUBECONFIG_BYTES_MAX, 'This is too large for a kubeconfig.');

export const CLUSTER_STATES = ['joining', 'ready', 'unreachable', 'credential-invalid', 'wrong-cluster', 'removed'] as const;
export const STATUS_STATES = ['waiting', 'applying', 'in-step', 'failed', 'unreachable'] as const;
const moment = instant;

// ── what goes in ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const clusterRef = z.object({ id: clusterId });
export const listInput = z.object({ search: z.string().max(100).optional(), removed: flag.default(false) });
export const inspectInput = z.object({ kubeconfig: kubeconfigText });
export const registerInput = z.object({
  name: clusterName,
  title: title.optional(),
  labels: clusterLabels.default({}),
  kubeconfig: kubeconfigText,
  /** Which context of the kubeconfig; its current one when left out. */
  context: z.string().max(253).optional(),
  /** The outside address, where the kubeconfig's own is one that only its author can reach. */
  serverUrl: serverUrl.optional(),
});
export const repairInput = z.object({
  id: clusterId,
  kubeconfig: kubeconfigText,
  context: z.string().max(253).optional(),
  serverUrl: serverUrl.optional(),
});
export const inviteInput = z.object({
  name: clusterName,
  labels: clusterLabels.default({}),
  serverUrl,
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
export const updateInput = z.object({
  id: clusterId,
  title: title.nullish(),
  labels: clusterLabels.optional(),
  /** Strict: our account there may act only as the people who have a right there. Turning it off is a choice of an admin, never of a count. */
  strict: z.boolean().optional(),
});

// ── what comes out ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export const credentialAge = z.object({ renewedAt: moment, expiresAt: moment, version: z.number() });

/** One planned or performed step of a reconcile, as the page "Last plan" tells it. */
export const planStep = z.object({
  operation: z.enum(['create', 'update', 'recreate', 'delete', 'release', 'refuse']),
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  /** The readable names of role and scope, where the object has them. */
  title: z.string().nullable(),
  reason: z.string(),
  missing: z.array(z.string()),
  extra: z.array(z.string()),
  /** Set once tried: null = done. */
  error: z.string().nullable(),
});

export const clusterStatus = z.object({
  state: z.enum(STATUS_STATES),
  message: z.string().nullable(),
  /** Sequence numbers of the change feed: what we want is from `desiredSeq`, what the cluster has is from `convergedSeq`. */
  desiredSeq: z.number(),
  convergedSeq: z.number(),
  convergedAt: moment.nullable(),
  objects: z.number(),
  /** How often the cluster had to be put back in step after somebody else changed our objects. */
  mended: z.number(),
  lastPlan: z.array(planStep),
  checkedAt: moment.nullable(),
});

export const clusterSummary = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  serverUrl: z.string(),
  version: z.string().nullable(),
  state: z.enum(CLUSTER_STATES),
  stateDetail: z.string().nullable(),
  stateSince: moment,
  strict: z.boolean(),
  mode: z.enum(['classic', 'constrained']),
  registeredAt: moment,
  removedAt: moment.nullable(),
  namespaces: z.number(),
  status: clusterStatus.omit({ lastPlan: true }),
});

export const namespaceView = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  phase: z.string(),
  project: z.object({ id: z.string(), name: z.string(), title: z.string() }).nullable(),
  quota: z.object({ hard: z.record(z.string(), z.string()), used: z.record(z.string(), z.string()) }).nullable(),
});

export const clusterDetail = clusterSummary.extend({
  serverName: z.string().nullable(),
  kubeSystemUid: z.string(),
  caFingerprint: z.string(),
  registeredBy: z.object({ id: z.string(), name: z.string() }).nullable(),
  doorCredential: credentialAge.nullable(),
  reconcileCredential: credentialAge.nullable(),
  entries: z.number(),
});

/** What this platform's two accounts may do in the cluster, in words and as the rules themselves. */
export const powersView = z.object({
  strict: z.boolean(),
  mode: z.enum(['classic', 'constrained']),
  /** Null until the reconciler has applied them for the first time. */
  appliedAt: moment.nullable(),
  door: z.object({ account: z.string(), people: z.number().nullable(), groups: z.array(z.string()), sentences: z.array(z.string()) }),
  reconciler: z.object({ account: z.string(), sentences: z.array(z.string()) }),
});

export const observedObjectView = z.object({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  title: z.string().nullable(),
  seenAt: moment,
  body: z.unknown(),
});

export const listOutput = z.object({ clusters: z.array(clusterSummary) });
export const namespacesOutput = z.object({ namespaces: z.array(namespaceView) });
export const objectsOutput = z.object({ objects: z.array(observedObjectView) });
export const inspectOutput = z.object({
  current: z.string().nullable(),
  contexts: z.array(
    z.object({ name: z.string(), server: z.string(), user: z.string(), usable: z.boolean(), refusal: z.string().nullable() }),
  ),
});
export const registeredOutput = z.object({ id: z.string(), name: z.string(), version: z.string() });
export const invitedOutput = z.object({
  id: z.string(),
  /** Shown once. */
  command: z.string(),
  manifestUrl: z.string(),
  /** For clusters whose pods cannot reach this portal: run after the first command. */
  handCommand: z.string(),
  expiresAt: moment,
});
export const INVITATION_STATES = ['waiting', 'delivered', 'registered', 'failed', 'expired'] as const;
export const invitationOutput = z.object({
  id: z.string(),
  name: z.string(),
  serverUrl: z.string().nullable(),
  state: z.enum(INVITATION_STATES),
  detail: z.string().nullable(),
  clusterId: z.string().nullable(),
  expiresAt: moment,
});
export const joinedOutput = z.object({ id: z.string(), name: z.string() });
/** `left` says what we could not take away, and how to do it by hand. */
export const removedOutput = z.object({ removed: z.number(), left: z.array(z.string()), advice: z.string().nullable() });
export const doneOutput = z.object({ done: z.literal(true) });

export type ClusterState = (typeof CLUSTER_STATES)[number];
export type StatusState = (typeof STATUS_STATES)[number];
export type InvitationState = (typeof INVITATION_STATES)[number];
export type ClusterSummary = z.infer<typeof clusterSummary>;
export type ClusterDetail = z.infer<typeof clusterDetail>;
export type ClusterStatusView = z.infer<typeof clusterStatus>;
export type NamespaceView = z.infer<typeof namespaceView>;
export type PlanStep = z.infer<typeof planStep>;
export type PowersView = z.infer<typeof powersView>;
export type JoinDelivery = z.infer<typeof joinInput>;
export type ObservedObjectView = z.infer<typeof observedObjectView>;

function isPlainHttpsUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    url.protocol === 'https:' && url.username === '' && url.password === '' && url.search === '' && url.hash === '' && url.hostname !== ''
  );
}
