import { z } from 'zod';
import { idSchema, nameSchema, namespaceNameSchema, subjectInputSchema, subjectSchema } from '#lib/entitlement/schema.ts';

// What the project operations take and give.

const quantitySchema = z.string().regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?$/, 'must be a quantity such as 500m, 2 or 4Gi');

/** ResourceQuota's own names: cpu, memory, pods, requests.cpu, limits.memory, requests.storage, services, count/deployments.apps … */
export const quotaSchema = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9./-]{0,120}$/, 'is not a name that a ResourceQuota knows'), quantitySchema)
  .refine((hard) => Object.keys(hard).length > 0, 'limits nothing; leave the quota out instead');

export const limitsSchema = z.strictObject({
  defaultCpu: quantitySchema.optional(),
  defaultMemory: quantitySchema.optional(),
  requestCpu: quantitySchema.optional(),
  requestMemory: quantitySchema.optional(),
  maxCpu: quantitySchema.optional(),
  maxMemory: quantitySchema.optional(),
});

export const podSecuritySchema = z.enum(['privileged', 'baseline', 'restricted']);

export const namespaceInputSchema = z.strictObject({
  clusterId: idSchema,
  name: namespaceNameSchema,
  /** 'created': we make it; 'adopted': it stands already and keeps what is its own. */
  origin: z.enum(['created', 'adopted']),
});

export const projectInputSchema = z.strictObject({
  name: nameSchema,
  title: z.string().trim().min(1, 'must not be empty').max(120),
  description: z.string().trim().max(2000).nullish(),
  quota: quotaSchema.nullish(),
  limits: limitsSchema.nullish(),
  podSecurity: podSecuritySchema.default('baseline'),
  isolated: z.boolean().default(true),
  namespaces: z.array(namespaceInputSchema).max(100).default([]),
});
export const projectUpdateSchema = z.strictObject({
  id: idSchema,
  title: z.string().trim().min(1, 'must not be empty').max(120).optional(),
  description: z.string().trim().max(2000).nullish(),
  quota: quotaSchema.nullish(),
  limits: limitsSchema.nullish(),
  podSecurity: podSecuritySchema.optional(),
  isolated: z.boolean().optional(),
});
export const projectIdSchema = z.strictObject({ id: idSchema });
export const projectListInputSchema = z.strictObject({ search: z.string().trim().max(200).optional() });
export const addNamespaceInputSchema = namespaceInputSchema.extend({ id: idSchema });
export const removeNamespaceInputSchema = z.strictObject({ id: idSchema, clusterId: idSchema, name: namespaceNameSchema });
export const addMemberInputSchema = z.strictObject({
  id: idSchema,
  subject: subjectInputSchema,
  roleId: idSchema,
  until: z.iso.datetime({ offset: true, error: 'must be a moment such as 2027-01-31T18:00:00Z' }).nullish(),
  reason: z.string().trim().max(500).default(''),
});

export const quotaUseSchema = z.object({ hard: z.record(z.string(), z.string()), used: z.record(z.string(), z.string()) });

export const projectNamespaceSchema = z.object({
  clusterId: z.string(),
  cluster: z.string(),
  clusterState: z.string(),
  name: z.string(),
  origin: z.enum(['created', 'adopted']),
  /** Seen in the cluster: false = being made, or (adopted) gone. */
  exists: z.boolean(),
  quota: quotaUseSchema.nullable(),
  addedAt: z.string(),
});
export const projectMemberSchema = z.object({
  grantId: z.string(),
  subject: subjectSchema,
  role: z.object({ id: z.string(), name: z.string(), title: z.string() }),
  until: z.string().nullable(),
});
export const projectSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  podSecurity: podSecuritySchema,
  isolated: z.boolean(),
  namespaces: z.number(),
  clusters: z.array(z.string()),
  members: z.number(),
  people: z.number(),
  createdAt: z.string(),
  /** Whether the viewer may change it. */
  mayChange: z.boolean(),
});
export const projectDetailSchema = projectSummarySchema.extend({
  quota: z.record(z.string(), z.string()).nullable(),
  limits: limitsSchema.nullable(),
  namespaceList: z.array(projectNamespaceSchema),
  memberList: z.array(projectMemberSchema),
  /** No platform can prove from outside that a cluster's network plugin enforces NetworkPolicy. */
  isolationVerified: z.boolean(),
});
export const projectListSchema = z.object({ projects: z.array(projectSummarySchema) });
export const projectMembersSchema = z.object({ members: z.array(projectMemberSchema) });

export type ProjectInput = z.infer<typeof projectInputSchema>;
export type ProjectUpdate = z.infer<typeof projectUpdateSchema>;
export type NamespaceInput = z.infer<typeof namespaceInputSchema>;
export type ProjectSummary = z.infer<typeof projectSummarySchema>;
export type ProjectDetail = z.infer<typeof projectDetailSchema>;
export type ProjectNamespaceView = z.infer<typeof projectNamespaceSchema>;
export type ProjectMember = z.infer<typeof projectMemberSchema>;
