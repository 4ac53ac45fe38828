/** What the screens of people and groups show. Names, never attributes a screen does not need; no hash, no secret, no stamp. */
import { z } from 'zod';
import { flag, id, instant, pageOf, paging, searchText } from '#lib/api/schema.ts';
import { auditRow } from '#lib/audit/schema.ts';
import { explanationSchema } from '#lib/entitlement/schema.ts';
import { missingRight } from '../settings/connect-schema.ts';

export const personStates = ['enabled', 'disabled', 'expired', 'locked', 'outside-hours', 'deleted', 'out-of-scope', 'cut'] as const;
export const personState = z.enum(personStates);
export const peopleSorts = ['name', 'state', 'since'] as const;

const peopleAsked = {
  search: searchText,
  state: personState.optional(),
  sort: z.enum(peopleSorts).default('name'),
  /** Names from the end, states from the end, those first who have been in theirs the longest. */
  reverse: flag.default(false),
};
export const peopleListInput = z.object({ ...peopleAsked, ...paging });
export const peopleExportInput = z.object(peopleAsked);

export const personRow = z.object({
  id: z.string(),
  displayName: z.string(),
  upn: z.string().nullable(),
  samAccountName: z.string(),
  mail: z.string().nullable(),
  title: z.string().nullable(),
  department: z.string().nullable(),
  /** By the directory and by the clock, as of now. */
  state: personState,
  stateSince: instant,
});
export const peoplePage = pageOf(personRow);

export const pickerInput = z.object({ search: searchText, limit: z.coerce.number().int().min(1).max(50).default(12) });
export const pickedPeople = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      displayName: z.string(),
      upn: z.string().nullable(),
      department: z.string().nullable(),
      state: personState,
    }),
  ),
});
export const pickedGroups = z.object({
  items: z.array(
    z.object({ id: z.string(), name: z.string(), description: z.string().nullable(), security: z.boolean(), people: z.number().int() }),
  ),
});

export const idInput = z.object({ id });

const named = z.object({ id: z.string(), name: z.string() });

/** One line of proof: evidence, refusal, cuts, and whether all doors said so. */
export const receipt = z.object({
  id: z.string(),
  kind: z.enum(['person', 'credential', 'session', 'binding', 'cluster', 'role', 'membership']),
  person: named.nullable(),
  cluster: named.nullable(),
  reason: z.string(),
  evidenceAt: instant,
  /** When the last of the doors began to refuse; null while none has said so. */
  refusedFrom: instant.nullable(),
  latencyMs: z.number().nullable(),
  streamsCut: z.number().int(),
  cut: z
    .array(z.object({ kind: z.string(), target: z.string().nullable(), cluster: z.string(), at: instant }))
    .describe('the first of them, one by one; the target is what it was open on'),
  sessionsEnded: z.number().int(),
  clusters: z.array(z.string()),
  doorsAcknowledged: z.number().int(),
  doorsLive: z.number().int(),
  receiptAt: instant.nullable(),
});

export const openStream = z.object({
  id: z.string(),
  kind: z.string(),
  target: z.string().describe('what it is open on, in words'),
  since: instant,
  address: z.string().nullable(),
  cluster: named,
  person: named,
  credentialId: z.string(),
  door: z.string(),
});

export const personCredential = z.object({
  id: z.string(),
  kind: z.enum(['kubeconfig', 'api']),
  name: z.string(),
  readOnly: z.boolean(),
  clusters: z.array(named).nullable(),
  namespaces: z.array(z.string()).nullable(),
  createdAt: instant,
  expiresAt: instant,
  lastUsedAt: instant.nullable(),
  lastUsedAddress: z.string().nullable(),
  lastUsedClient: z.string().nullable(),
  revokedAt: instant.nullable(),
  revokeReason: z.string().nullable(),
});

export const personSession = z.object({
  id: z.string(),
  createdAt: instant,
  seenAt: instant,
  expiresAt: instant,
  address: z.string().nullable(),
  userAgent: z.string().nullable(),
});

export const personDetail = personRow.extend({
  dn: z.string(),
  objectGuid: z.string(),
  sid: z.string().nullable(),
  wireName: z.string(),
  directory: z.object({ id: z.string(), domain: z.string(), freshAt: instant.nullable() }),
  /** Whether requests of this person are served right now. */
  live: z.boolean(),
  accountExpiresAt: instant.nullable(),
  lockoutAt: instant.nullable(),
  passwordSetAt: instant.nullable(),
  mustChangePassword: z.boolean(),
  deletedAt: instant.nullable(),
  cutAt: instant.nullable(),
  cutReason: z.string().nullable(),
  /** Every group that counts, with the shortest way there: the first is one the person is in directly. */
  groups: z.array(z.object({ id: z.string(), name: z.string(), path: z.array(named), grants: z.number().int() })),
  /** Null for a reader who may not see entitlements. */
  explanation: explanationSchema.nullable(),
  credentials: z.array(personCredential),
  sessions: z.array(personSession),
  streams: z.array(openStream),
  receipts: z.array(receipt),
  /** What happened to the account itself, newest first: from the audit log. */
  history: z.array(auditRow),
});

export const cutOffInput = z.object({ id, reason: z.string().trim().min(3, 'Say why, in a few words.').max(500) });
export const cutOffOutput = z.object({
  revocationId: z.string(),
  sessionsEnded: z.number().int(),
  credentials: z.number().int().describe('credentials that are refused from now on'),
  streams: z.number().int().describe('open streams that the doors are cutting'),
});
export const liftCutInput = z.object({ id });
export const liftCutOutput = z.object({ state: personState });

const groupsAsked = { search: searchText, granted: flag.optional().describe('only groups that carry grants') };
export const groupsListInput = z.object({ ...groupsAsked, ...paging });
export const groupsExportInput = z.object(groupsAsked);
export const groupRow = z.object({
  id: z.string(),
  name: z.string(),
  samAccountName: z.string(),
  description: z.string().nullable(),
  security: z.boolean(),
  carries: z
    .boolean()
    .describe('whether grants to it give something: a security group, or one of a directory that counts distribution groups'),
  directMembers: z.number().int(),
  people: z.number().int().describe('nested, as far as groups carry rights'),
  grants: z.number().int(),
});
export const groupsPage = pageOf(groupRow);

export const groupDetail = groupRow.extend({
  dn: z.string(),
  objectGuid: z.string(),
  sid: z.string().nullable(),
  deletedAt: instant.nullable(),
  directory: z.object({ id: z.string(), domain: z.string() }),
  unknownMembers: z.array(z.string()).describe('SIDs of members whom no connected directory knows: counted for nobody'),
  /** Groups that this one is a member of, directly. */
  memberOf: z.array(named),
  /** What somebody would gain by joining: grants of this group, and of those above it. */
  grantList: z.array(
    z.object({
      id: z.string(),
      role: z.object({ id: z.string(), name: z.string(), title: z.string() }),
      scope: z.string(),
      until: instant.nullable(),
      through: z.array(named).describe('from this group up to the one that holds the grant; empty = this group itself'),
    }),
  ),
});

const membersAsked = { id, search: searchText, nested: flag.default(false) };
export const groupMembersInput = z.object({ ...membersAsked, ...paging });
export const groupMembersExportInput = z.object(membersAsked);
export const groupMembers = pageOf(
  z.object({
    kind: z.enum(['person', 'group']),
    id: z.string(),
    name: z.string(),
    detail: z.string().nullable(),
    state: personState.nullable().describe('null for a group'),
    direct: z.boolean(),
    primary: z.boolean(),
    path: z.array(named).describe('from the person’s own group to this one, both included; empty when direct'),
  }),
);

export const heldRemovals = z.object({
  what: z.enum(['people', 'groups', 'memberships', 'sentinels']).describe('sentinels: what every complete read must show and did not'),
  removals: z.number().int(),
  of: z.number().int(),
  whom: z
    .array(z.object({ id: z.string(), name: z.string(), members: z.number().int().optional(), grants: z.number().int() }))
    .describe('who would go, or which groups would lose how many members; those who hold grants first, 1,000 at most'),
});

export const directoryView = z.object({
  id: z.string(),
  domain: z.string(),
  netbios: z.string().nullable(),
  baseDn: z.string(),
  urls: z.array(z.string()),
  find: z
    .object({ domain: z.string(), site: z.string().nullable(), dnsServers: z.array(z.string()) })
    .nullable()
    .describe('how they are found by DNS; null where they are listed'),
  bindDn: z.string().nullable(),
  scopeDns: z.array(z.string()),
  peopleFilter: z.string().nullable(),
  groupFilter: z.string().nullable(),
  distributionGroups: z.enum(['shown', 'counted']).describe('whether a distribution group carries rights here'),
  sentinelPerson: z.string().nullable().describe('must be seen by every complete read'),
  sentinelGroup: z.string().nullable(),
  missingRights: z.array(missingRight).describe('rights that the sync account lacks, with the commands that give them'),
  state: z.enum(['new', 'reading', 'following', 'unreachable', 'held']),
  stateDetail: z.string().nullable(),
  stateSince: instant,
  freshAt: instant.nullable(),
  people: z.number().int(),
  groups: z.number().int(),
  lockoutThreshold: z.number().int().nullable(),
  held: z.array(heldRemovals).nullable().describe('removals that wait for an admin’s word; null when none do'),
  controllers: z.array(
    z.object({
      id: z.string(),
      url: z.string(),
      dnsHostName: z.string().nullable(),
      state: z.enum(['new', 'reading', 'following', 'unreachable']),
      stateDetail: z.string().nullable(),
      freshAt: instant.nullable(),
      fullReadAt: instant.nullable(),
      seesDeleted: z.boolean(),
      changeMode: z
        .enum(['dirsync-with-tombstones', 'dirsync', 'dirsync-whole-links', 'usn'])
        .nullable()
        .describe('how it is asked for changes'),
      changedAt: instant.nullable().describe('when it last told of one'),
    }),
  ),
});
export const directoriesOutput = z.object({ directories: z.array(directoryView) });

export type PersonRow = z.output<typeof personRow>;
export type PeoplePage = z.output<typeof peoplePage>;
export type PersonDetail = z.output<typeof personDetail>;
export type GroupRow = z.output<typeof groupRow>;
export type GroupDetail = z.output<typeof groupDetail>;
export type GroupMembers = z.output<typeof groupMembers>;
export type Receipt = z.output<typeof receipt>;
export type OpenStream = z.output<typeof openStream>;
export type HeldRemovals = z.output<typeof heldRemovals>;
export type DirectoryView = z.output<typeof directoryView>;
