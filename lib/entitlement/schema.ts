import { z } from 'zod';
import { flag } from '#lib/api/schema.ts';

// What the entitlement operations take and give. Screens and the API are built against these, so a field is added here first.

export const idSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z0-9-]+$/, 'is not an id');
export const nameSchema = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
    'must be 1 to 40 lower-case letters, digits or dashes, and begin and end with a letter or digit',
  );
export const namespaceNameSchema = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a namespace name: 1 to 63 lower-case letters, digits or dashes');
const titleSchema = z.string().trim().min(1, 'must not be empty').max(120);
const momentSchema = z.iso.datetime({ offset: true, error: 'must be a moment such as 2027-01-31T18:00:00Z' });

export const labelsSchema = z.record(
  z.string().regex(/^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/, 'is not a label key'),
  z.string().regex(/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/, 'is not a label value'),
);

// ── rules and roles ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const texts = z.array(z.string().max(253)).max(200);

// Strict: an unknown field (an aggregationRule, say) is an error, never silently dropped. The meaning is checked in check-rules.ts.
export const resourceRuleSchema = z.strictObject({
  apiGroups: texts.min(1),
  resources: texts.min(1),
  resourceNames: texts.min(1).optional(),
  verbs: texts.min(1),
});
export const nonResourceRuleSchema = z.strictObject({ nonResourceURLs: texts.min(1), verbs: texts.min(1) });
export const ruleSchema = z.union([resourceRuleSchema, nonResourceRuleSchema]);
export const rulesSchema = z.array(ruleSchema).max(500);

export const grantPlaceSchema = z.enum(['all', 'cluster', 'project', 'namespaces']);

export const roleInputSchema = z.strictObject({
  name: nameSchema,
  title: titleSchema,
  description: z.string().trim().max(2000).default(''),
  grantableOn: z.array(grantPlaceSchema).min(1),
  rules: rulesSchema,
  inherits: z.array(idSchema).max(20).default([]),
});
export const roleUpdateSchema = z.strictObject({
  id: idSchema,
  // The version that was read: a change made meanwhile by somebody else is a conflict, not lost.
  version: z.coerce.number().int().positive(),
  title: titleSchema.optional(),
  description: z.string().trim().max(2000).optional(),
  grantableOn: z.array(grantPlaceSchema).min(1).optional(),
  rules: rulesSchema.optional(),
  inherits: z.array(idSchema).max(20).optional(),
});
/** With `id`: what changing that role would do; without: what a new one would be. */
export const rolePreviewInputSchema = z.strictObject({
  id: idSchema.optional(),
  rules: rulesSchema,
  inherits: z.array(idSchema).max(20).default([]),
});

export const warningSchema = z.object({
  code: z.string(),
  /** 'high' is what a reviewer must have seen before agreeing. */
  level: z.enum(['note', 'high']),
  message: z.string(),
});

export const roleSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string(),
  description: z.string(),
  builtin: z.boolean(),
  grantableOn: z.array(grantPlaceSchema),
  portal: z.enum(['admin', 'auditor']).nullable(),
  version: z.number(),
  updatedAt: z.string(),
  /** In plain words: "read pods, services and 12 more", "open a shell in pods". */
  may: z.array(z.string()),
  grants: z.number(),
  people: z.number(),
});
export const roleDetailSchema = roleSummarySchema.extend({
  rules: z.array(ruleSchema),
  effectiveRules: z.array(ruleSchema),
  inherits: z.array(z.object({ id: z.string(), name: z.string(), title: z.string() })),
  inheritedBy: z.array(z.object({ id: z.string(), name: z.string(), title: z.string() })),
  warnings: z.array(warningSchema),
  yaml: z.string(),
});

export const objectChangeSchema = z.object({
  operation: z.enum(['create', 'update', 'delete']),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
});
export const clusterChangeSchema = z.object({
  clusterId: z.string(),
  cluster: z.string(),
  state: z.string(),
  objects: z.array(objectChangeSchema),
});

export const rolePreviewSchema = z.object({
  may: z.array(z.string()),
  effectiveRules: z.array(ruleSchema),
  added: z.array(z.string()),
  removed: z.array(z.string()),
  people: z.number(),
  clusters: z.array(clusterChangeSchema),
  warnings: z.array(warningSchema),
});

// ── scopes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const scopeInputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({
    kind: z.literal('labels'),
    selector: labelsSchema.refine((labels) => Object.keys(labels).length > 0, 'names no label; choose all clusters instead'),
  }),
  z.strictObject({ kind: z.literal('cluster'), clusterId: idSchema }),
  z.strictObject({ kind: z.literal('project'), projectId: idSchema }),
  z.strictObject({
    kind: z.literal('namespaces'),
    namespaces: z.array(namespaceNameSchema).min(1, 'name at least one namespace').max(200),
    /** On this cluster, or on clusters with these labels, or (neither) on every cluster that has them. */
    clusterId: idSchema.optional(),
    selector: labelsSchema.optional(),
  }),
]);

export const scopeSchema = z.object({
  id: z.string(),
  kind: z.enum(['all', 'labels', 'cluster', 'project', 'namespaces']),
  /** "all clusters", "namespaces shop and payments on east". */
  words: z.string(),
  clusterId: z.string().nullable(),
  cluster: z.string().nullable(),
  selector: z.record(z.string(), z.string()).nullable(),
  projectId: z.string().nullable(),
  project: z.string().nullable(),
  namespaces: z.array(z.string()).nullable(),
});

export const scopeMatchInputSchema = z.strictObject({ scope: scopeInputSchema });
export const scopeMatchSchema = z.object({
  words: z.string(),
  clusters: z.array(z.object({ id: z.string(), name: z.string(), namespaces: z.union([z.literal('all'), z.array(z.string())]) })),
  namespaces: z.number(),
});

// ── grants ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const subjectInputSchema = z.strictObject({ kind: z.enum(['group', 'person']), id: idSchema });

export const grantInputSchema = z.strictObject({
  subject: subjectInputSchema,
  roleId: idSchema,
  scope: scopeInputSchema,
  until: momentSchema.nullish(),
  reason: z.string().trim().max(500).default(''),
});
export const grantEndInputSchema = z.strictObject({ id: idSchema, reason: z.string().trim().max(500).default('') });
export const grantListInputSchema = z.strictObject({
  subjectId: idSchema.optional(),
  /** With subjectId of a person: also what reaches them through groups. */
  nested: flag.default(false),
  roleId: idSchema.optional(),
  clusterId: idSchema.optional(),
  projectId: idSchema.optional(),
  search: z.string().trim().max(200).optional(),
  /** 'live' (default): in force now; 'ended': revoked or past its end; 'ending': ends within 7 days. */
  state: z.enum(['live', 'ended', 'ending', 'all']).default('live'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  offset: z.coerce.number().int().min(0).default(0),
});

export const subjectSchema = z.object({
  kind: z.enum(['group', 'person']),
  id: z.string(),
  name: z.string(),
  /** A person's UPN, a group's account name. */
  detail: z.string().nullable(),
  /** How many people a group holds, nested; 1 for a person. */
  people: z.number(),
  /** A disabled person, a deleted group: why this grant gives nothing now; null = it does. */
  note: z.string().nullable(),
});

export const grantSchema = z.object({
  id: z.string(),
  subject: subjectSchema,
  role: z.object({ id: z.string(), name: z.string(), title: z.string() }),
  scope: scopeSchema,
  until: z.string().nullable(),
  reason: z.string(),
  createdAt: z.string(),
  createdBy: z.object({ id: z.string(), name: z.string() }).nullable(),
  endedAt: z.string().nullable(),
  endedBy: z.object({ id: z.string(), name: z.string() }).nullable(),
  live: z.boolean(),
  /** Only with `nested`: from the person's own group up to the one that holds the grant. */
  via: z.array(z.object({ id: z.string(), name: z.string() })),
});
export const grantListSchema = z.object({ grants: z.array(grantSchema), total: z.number() });

export const gainingPersonSchema = z.object({
  id: z.string(),
  displayName: z.string(),
  upn: z.string().nullable(),
  department: z.string().nullable(),
  standing: z.string(),
  /** Held the same role at the same place already, by another grant. */
  alreadyHad: z.boolean(),
});

export const grantPreviewSchema = z.object({
  subject: subjectSchema,
  role: z.object({ id: z.string(), name: z.string(), title: z.string(), may: z.array(z.string()) }),
  where: scopeMatchSchema,
  people: z.object({
    total: z.number(),
    gain: z.number(),
    alreadyHad: z.number(),
    notLive: z.number(),
    /** At most 50, by name. */
    sample: z.array(gainingPersonSchema),
  }),
  clusters: z.array(clusterChangeSchema),
  warnings: z.array(warningSchema),
});

// ── my access ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const accessGrantSchema = z.object({
  grantId: z.string(),
  role: z.object({ id: z.string(), name: z.string(), title: z.string(), may: z.array(z.string()) }),
  scope: scopeSchema,
  /** On this cluster: 'all' of it, or these namespaces. */
  namespaces: z.union([z.literal('all'), z.array(z.string())]),
  project: z.object({ id: z.string(), name: z.string(), title: z.string() }).nullable(),
  /** The group that holds the grant; null = granted to the person. */
  group: z.object({ id: z.string(), name: z.string() }).nullable(),
  until: z.string().nullable(),
});
export const accessClusterSchema = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  version: z.string().nullable(),
  state: z.string(),
  /** Strict clusters let a person in once they know the name: false = "your access is on its way". */
  entered: z.boolean(),
  namespaces: z.union([z.literal('all'), z.array(z.string())]),
  grants: z.array(accessGrantSchema),
});
export const myAccessSchema = z.object({
  person: z.object({ id: z.string(), displayName: z.string(), upn: z.string().nullable(), wireName: z.string() }),
  powers: z.object({ admin: z.boolean(), auditor: z.boolean() }),
  clusters: z.array(accessClusterSchema),
  projects: z.array(
    z.object({ id: z.string(), name: z.string(), title: z.string(), owner: z.boolean(), role: z.string(), clusters: z.array(z.string()) }),
  ),
  /** Grants that end within 14 days, soonest first. */
  ending: z.array(z.object({ grantId: z.string(), role: z.string(), where: z.string(), until: z.string() })),
});

// ── explain ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const explainInputSchema = z.strictObject({
  personId: idSchema,
  clusterId: idSchema.optional(),
  verb: z.string().max(60).optional(),
  /** As kubectl says it, with its subresource: "pods", "pods/exec". */
  resource: z.string().max(253).optional(),
  apiGroup: z.string().max(253).optional(),
  namespace: z.string().max(63).optional(),
  name: z.string().max(253).optional(),
});

export const chainLinkSchema = z.object({
  kind: z.enum(['person', 'group', 'grant', 'role', 'rule', 'cluster']),
  id: z.string(),
  name: z.string(),
});
export const chainSchema = z.object({
  clusterId: z.string(),
  cluster: z.string(),
  /** person → group → … → grant → role → rule. */
  links: z.array(chainLinkSchema),
  grantId: z.string(),
  role: z.object({ id: z.string(), name: z.string(), title: z.string() }),
  scope: scopeSchema,
  namespaces: z.union([z.literal('all'), z.array(z.string())]),
  until: z.string().nullable(),
  /** The rule that permits what was asked; null when nothing particular was asked. */
  rule: ruleSchema.nullable(),
  platformGroup: z.string(),
  objects: z.array(z.object({ kind: z.string(), namespace: z.string().nullable(), name: z.string() })),
});
export const explanationSchema = z.object({
  person: z.object({ id: z.string(), displayName: z.string(), upn: z.string().nullable(), wireName: z.string() }),
  standing: z.string(),
  /** Whether it is permitted now; without a question: whether the person has any right there. */
  allowed: z.boolean(),
  /** One sentence that says the answer. */
  answer: z.string(),
  chains: z.array(chainSchema),
});

export type RoleInput = z.infer<typeof roleInputSchema>;
export type RoleUpdate = z.infer<typeof roleUpdateSchema>;
export type RoleSummary = z.infer<typeof roleSummarySchema>;
export type RoleDetail = z.infer<typeof roleDetailSchema>;
export type RolePreview = z.infer<typeof rolePreviewSchema>;
export type ScopeInput = z.infer<typeof scopeInputSchema>;
export type ScopeView = z.infer<typeof scopeSchema>;
export type ScopeMatch = z.infer<typeof scopeMatchSchema>;
export type GrantInput = z.infer<typeof grantInputSchema>;
export type Grant = z.infer<typeof grantSchema>;
export type GrantList = z.infer<typeof grantListSchema>;
export type GrantListInput = z.infer<typeof grantListInputSchema>;
export type GrantPreview = z.infer<typeof grantPreviewSchema>;
export type SubjectView = z.infer<typeof subjectSchema>;
export type Warning = z.infer<typeof warningSchema>;
export type ClusterChange = z.infer<typeof clusterChangeSchema>;
export type MyAccess = z.infer<typeof myAccessSchema>;
export type AccessCluster = z.infer<typeof accessClusterSchema>;
export type Explanation = z.infer<typeof explanationSchema>;
export type Chain = z.infer<typeof chainSchema>;
