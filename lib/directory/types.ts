import type { AccountState } from './active-directory/account.ts';
import type { Stamps } from './active-directory/replication-stamps.ts';
import type { Discovery } from './dns/discovery.ts';
import type { ChangeMode } from './follow/changes.ts';
import type { Beside } from './follow/stance.ts';
import type { SyncAccount } from './settings/rights.ts';

/** What a domain controller says of an account. */
export interface PersonFacts {
  readonly objectGuid: string;
  readonly sid: string | null;
  readonly dn: string;
  readonly samAccountName: string;
  readonly upn: string | null;
  readonly displayName: string;
  readonly mail: string | null;
  readonly title: string | null;
  readonly department: string | null;
  readonly userAccountControl: number;
  readonly primaryGroupRid: number | null;
  readonly accountExpiresAt: Date | null;
  readonly lockoutAt: Date | null;
  /** 168 bits in hex, an hour each; null: at any time. */
  readonly logonHours: string | null;
  readonly passwordSetAt: Date | null;
  readonly mustChangePassword: boolean;
  /** Null where the domain controller shows no replication metadata. */
  readonly stamps: Stamps | null;
  /** The groups that list it, read only with single objects: what a person who newly comes in is already a member of. */
  readonly groupGuids: readonly string[] | null;
}

export interface GroupFacts {
  readonly objectGuid: string;
  readonly sid: string | null;
  readonly dn: string;
  readonly samAccountName: string;
  readonly name: string;
  readonly description: string | null;
  readonly groupType: number;
  readonly security: boolean;
  /** All direct members; null when they were not read completely: then nothing is concluded from who is missing. */
  readonly memberGuids: readonly string[] | null;
  /** With them: members that another domain knows, a foreign security principal or an account of another domain of the forest. */
  readonly foreignSids?: readonly string[] | undefined;
  readonly groupGuids: readonly string[] | null;
}

/** One link that came or went, in the order in which the domain controller told it. */
export interface LinkChange {
  readonly groupGuid: string;
  readonly memberGuid: string;
  readonly present: boolean;
  /** Of a member that another domain knows: it is joined by this alone. */
  readonly foreignSid?: string | undefined;
}

/**
 * What a follower brings home. `complete`: everything there is, so that absence means something. `delta`: what changed; absence means nothing.
 * `gone` says the same in either.
 */
export interface Observation {
  readonly kind: 'complete' | 'delta';
  readonly people: readonly PersonFacts[];
  readonly groups: readonly GroupFacts[];
  readonly links: readonly LinkChange[];
  readonly gone: readonly Gone[];
  /** Those that are there, and that the admin's own filter does not take in: neither gone nor unknown. */
  readonly outside?: readonly string[] | undefined;
}

export interface Gone {
  readonly objectGuid: string;
  /** A tombstone is proof. Not being found is what a lost right to read looks like, too: the shrink guard counts it. */
  readonly evidence: 'tombstone' | 'not-found';
}

export interface KnownPerson extends Omit<PersonFacts, 'groupGuids'> {
  readonly id: string;
  readonly directoryId: string;
  readonly wireName: string;
  readonly deletedAt: Date | null;
  readonly outOfScope: boolean;
  readonly cutAt: Date | null;
  /** Of a password policy of their own, as it was at their last sign-in. */
  readonly ownLockoutSeconds?: number | null | undefined;
  readonly state: AccountState;
}

export interface KnownGroup extends Omit<GroupFacts, 'memberGuids' | 'foreignSids' | 'groupGuids'> {
  readonly id: string;
  readonly directoryId: string;
  readonly deletedAt: Date | null;
}

export interface KnownEdge {
  readonly groupId: string;
  readonly memberId: string;
  readonly isPrimary: boolean;
}

/** Gone through once, so that it need not be there all at once. */
export type KnownEdges = Iterable<KnownEdge> & { readonly length: number };

export type FormerHolder = Pick<KnownPerson, 'id' | 'displayName' | 'wireName' | 'samAccountName'>;

/** What our tables say of the objects that an observation is about (of all, when it is complete). */
export interface Known {
  readonly people: readonly KnownPerson[];
  readonly groups: readonly KnownGroup[];
  readonly edges: KnownEdges;
  /** Wire name → id of who carries it now, for the names that the observation could claim. */
  readonly wireNames: ReadonlyMap<string, string>;
  /** Who carried one of these names until they were deleted: whoever comes under it now is somebody else. */
  readonly formerHolders: readonly FormerHolder[];
  /** Groups by which people administer or audit this platform: one of them missing is never taken for gone without an admin. */
  readonly protectedGroups: ReadonlySet<string>;
  /** How many live in this directory altogether: what a number of removals is measured against. */
  readonly livePeople: number;
  readonly liveGroups: number;
}

export interface DirectorySettings {
  /** In order of preference; empty where they are found by DNS. */
  readonly urls: readonly string[];
  readonly find?: Discovery | undefined;
  readonly serverName?: string | undefined;
  readonly caPem?: string | undefined;
  readonly bindDn: string;
  /** Only people below one of these have a place here; empty: everybody below the base. */
  readonly scopeDns: readonly string[];
  /** Filters of the admin's own, beside ours: who of the people, and which of the groups, have a place here. */
  readonly peopleFilter?: string | undefined;
  readonly groupFilter?: string | undefined;
  /** Whether distribution groups carry rights; they are shown in any case. */
  readonly distributionGroups?: 'shown' | 'counted' | undefined;
  /** What every complete read must show; without it the read is not believed. */
  readonly sentinelPerson?: Sentinel | undefined;
  readonly sentinelGroup?: Sentinel | undefined;
  /** The sync account as the domain names it, for the commands that give it rights. */
  readonly account?: SyncAccount | undefined;
}

/** Chosen by name, kept by GUID: renaming it is no alarm. */
export interface Sentinel {
  readonly objectGuid: string;
  readonly name: string;
}

/** Removals that an admin has seen beforehand: up to so many are meant. */
export interface Approval {
  readonly people: number;
  readonly groups: number;
  readonly memberships: number;
}

export interface Directory {
  readonly id: string;
  readonly forestId: string;
  readonly wirePrefix: string;
  readonly domain: string;
  readonly netbios: string | null;
  readonly baseDn: string;
  readonly domainSid: string | null;
  readonly settings: DirectorySettings;
  readonly lockoutThreshold: number | null;
  readonly lockoutSeconds: number | null;
  readonly state: 'new' | 'reading' | 'following' | 'unreachable' | 'held';
  readonly approved: Approval | null;
  /** An admin asked for a complete read, or said that what is held is meant; null once that is done. */
  readonly readAskedAt: Date | null;
  readonly removalsApprovedAt: Date | null;
  /** When all of it was in our tables for the first time; null: nobody relies on any of it yet. */
  readonly takenInAt: Date | null;
  /** What is held is held because a complete read lacked what it must show. */
  readonly isDistrusted: boolean;
}

export interface DomainController {
  readonly id: string;
  readonly directoryId: string;
  readonly url: string;
  readonly invocationId: string | null;
  readonly highestUsn: bigint | null;
  readonly cookie: Buffer | null;
  readonly seesDeleted: boolean;
  readonly fullReadAt: Date | null;
  readonly freshAt: Date | null;
  readonly state: string;
  readonly changeMode: ChangeMode | null;
  readonly dnsHostName: string | null;
  /** 0 first. */
  readonly preference: number;
  readonly beside: Beside | null;
}
