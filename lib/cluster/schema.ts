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

/** As `tls-server-name` in a kubeconfig: a DNS name, for an address is compared as one. */
export const serverName = z
  .string()
  .trim()
  .max(253)
  .regex(
    /^(?!\d+(\.\d+){3}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
    'A server name is a DNS name such as kubernetes.default.',
  );

/** Scheme, host and port, and nothing else: whoever may read a cluster may read this. */
export const proxyUrl = z
  .string()
  .trim()
  .max(300)
  .refine(
    hasNoCredential,
    'Gatehouse takes no user name or password in a proxy’s address. Let the proxy admit us by our own address instead.',
  )
  .refine(isPlainProxyUrl, 'The proxy must look like http://proxy.example.com:3128 (or https://), without path or query.')
  .transform((text) => new URL(text).origin);

const pemText = z.string().trim().min(1).max(64_000);
const fingerprint = z
  .string()
  .regex(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/, 'A fingerprint is the SHA-256 as 32 pairs of capital hex digits, with colons.');
/** What `kubectl get namespace kube-system -o jsonpath={.metadata.uid}` says. */
const kubeSystemUid = z.string().regex(/^[0-9A-Za-z-]{1,64}$/);

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
  /** An HTTP(S) proxy on the way; the kubeconfig's own `proxy-url` when left out. */
  proxyUrl: proxyUrl.optional(),
});
export const repairInput = z.object({
  id: clusterId,
  kubeconfig: kubeconfigText,
  context: z.string().max(253).optional(),
  serverUrl: serverUrl.optional(),
  proxyUrl: proxyUrl.optional(),
  /** Says yes to a rebuilt cluster: the kube-system UID of the one that answers now, which then takes the registered one's place. */
  approveUid: kubeSystemUid.optional(),
});
/** How a registered cluster is reached. Whatever is asked is tried live first, and refused when the same cluster does not answer that way. */
export const reachInput = z.object({
  id: clusterId,
  serverUrl: serverUrl.optional(),
  /** Null = the address's own host name. */
  serverName: serverName.nullish(),
  /** Null = straight. */
  proxyUrl: proxyUrl.nullish(),
  /** PEM certificates that stand beside the present ones from now on. */
  addAuthority: pemText.optional(),
  /** The fingerprint of the one that is trusted no longer. */
  removeAuthority: fingerprint.optional(),
});
export const approveRebuiltInput = z.object({ id: clusterId, kubeSystemUid });
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

/** What the API server shows of itself. */
export const serverCertificate = z.object({
  subject: z.string(),
  issuer: z.string(),
  fingerprint: z.string(),
  notAfter: moment,
  /** The fingerprint of the registered authority that it was verified by. */
  authority: z.string(),
});

export const authorityView = z.object({
  fingerprint: z.string(),
  subject: z.string(),
  notBefore: moment,
  notAfter: moment,
  /** Whether the server's present certificate comes from this one; null until the worker has looked. */
  inUse: z.boolean().nullable(),
});

/** The cluster as the worker finds it: looked at every few seconds, less often while it does not answer. */
export const healthView = z.object({
  reachable: z.boolean().nullable(),
  lookedAt: moment.nullable(),
  reachedAt: moment.nullable(),
  latencyMs: z.number().nullable(),
  failures: z.number(),
  /** While it does not answer: when it is tried next. */
  nextTryAt: moment.nullable(),
  message: z.string().nullable(),
  /** The kube-system UID of the cluster that answers, where it is another than the registered one. */
  strangerUid: z.string().nullable(),
  certificate: serverCertificate.nullable(),
  certificateAt: moment.nullable(),
});

export const clusterDetail = clusterSummary.extend({
  serverName: z.string().nullable(),
  proxyUrl: z.string().nullable(),
  kubeSystemUid: z.string(),
  caFingerprint: z.string(),
  authorities: z.array(authorityView),
  health: healthView,
  /** Certificates that end soon, in one sentence each. */
  warnings: z.array(z.string()),
  registeredBy: z.object({ id: z.string(), name: z.string() }).nullable(),
  doorCredential: credentialAge.nullable(),
  reconcileCredential: credentialAge.nullable(),
  entries: z.number(),
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
    z.object({
      name: z.string(),
      server: z.string(),
      user: z.string(),
      /** The proxy that this context says to go through, and that Gatehouse will go through too. */
      proxyUrl: z.string().nullable(),
      usable: z.boolean(),
      refusal: z.string().nullable(),
    }),
  ),
});
export const registeredOutput = z.object({ id: z.string(), name: z.string(), version: z.string() });
export const reachedOutput = z.object({ id: z.string(), version: z.string() });
/** `left` says what we could not take away, and how to do it by hand. */
export const removedOutput = z.object({ removed: z.number(), left: z.array(z.string()), advice: z.string().nullable() });
export const doneOutput = z.object({ done: z.literal(true) });

export type ClusterState = (typeof CLUSTER_STATES)[number];
export type StatusState = (typeof STATUS_STATES)[number];
export type ClusterSummary = z.infer<typeof clusterSummary>;
export type ClusterDetail = z.infer<typeof clusterDetail>;
export type ServerCertificate = z.infer<typeof serverCertificate>;
export type AuthorityView = z.infer<typeof authorityView>;
export type HealthView = z.infer<typeof healthView>;
export type ReachChange = Omit<z.output<typeof reachInput>, 'id'>;
export type ClusterStatusView = z.infer<typeof clusterStatus>;
export type NamespaceView = z.infer<typeof namespaceView>;
export type PlanStep = z.infer<typeof planStep>;

function isPlainHttpsUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    url.protocol === 'https:' && url.username === '' && url.password === '' && url.search === '' && url.hash === '' && url.hostname !== ''
  );
}

function hasNoCredential(text: string): boolean {
  if (!URL.canParse(text)) return true;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

function isPlainProxyUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && url.hostname !== '' && url.pathname === '/' && url.search === '' && url.hash === '';
}
