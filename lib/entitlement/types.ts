import type { Database } from '#lib/db/database.ts';
import type { Change } from '#lib/db/topics.ts';

// ── Kubernetes as it goes over the wire ────────────────────────────────────────────────────────────────────────────────────────

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface ResourceRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[] | undefined;
  readonly verbs: readonly string[];
}

export interface NonResourceRule {
  readonly nonResourceURLs: readonly string[];
  readonly verbs: readonly string[];
}

export type PolicyRule = ResourceRule | NonResourceRule;

// ── What the world knows ───────────────────────────────────────────────────────────────────────────────────────────────────────

export type PersonState = 'enabled' | 'disabled' | 'expired' | 'locked' | 'outside-hours' | 'deleted' | 'out-of-scope' | 'cut';

export interface WorldPerson {
  readonly id: string;
  readonly forestId: string;
  readonly directoryId: string;
  readonly objectGuid: string;
  readonly wireName: string;
  readonly displayName: string;
  readonly samAccountName: string;
  readonly upn: string | null;
  readonly mail: string | null;
  readonly department: string | null;
  /** What the directory said last; `standing` adds what our clock knows. */
  readonly state: PersonState;
  readonly disabled: boolean;
  /** Milliseconds since 1970, as all moments in the world. */
  readonly accountExpiresAt: number | null;
  readonly lockoutAt: number | null;
  /** How long a lock lasts for whoever is under a password policy of their own. */
  readonly ownLockoutSeconds?: number | null;
  /** 168 bits in hex, an hour of the week (UTC) each; null: at any time. */
  readonly logonHours: string | null;
  readonly deleted: boolean;
  readonly outOfScope: boolean;
  readonly cut: boolean;
}

export interface WorldGroup {
  readonly id: string;
  readonly forestId: string;
  readonly directoryId: string;
  readonly objectGuid: string;
  readonly name: string;
  readonly samAccountName: string;
  /** A distribution group carries no rights, and no rights pass through it. */
  /** Whether it carries rights: a security group, or any of a directory that counts distribution groups. */
  readonly security: boolean;
  readonly deleted: boolean;
}

export interface WorldDirectory {
  readonly id: string;
  readonly domain: string;
  /** How long a lock lasts; 0 or null = until an administrator lifts it. */
  readonly lockoutWindowSeconds: number | null;
}

export interface WorldController {
  readonly id: string;
  readonly directoryId: string;
  readonly freshAt: number | null;
}

export type GrantPlace = 'all' | 'cluster' | 'project' | 'namespaces';
export type PortalPower = 'admin' | 'auditor';

export interface WorldRole {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly builtin: boolean;
  readonly grantableOn: readonly GrantPlace[];
  /** The role's own rules; what it inherits is joined by `effectiveRules`. */
  readonly rules: readonly PolicyRule[];
  readonly inherits: readonly string[];
  readonly portal: PortalPower | null;
  readonly version: number;
}

export type Labels = Readonly<Record<string, string>>;
export type ScopeKind = 'all' | 'labels' | 'cluster' | 'project' | 'namespaces';

export interface WorldScope {
  readonly id: string;
  readonly kind: ScopeKind;
  readonly clusterId: string | null;
  readonly clusterSelector: Labels | null;
  readonly projectId: string | null;
  readonly namespaces: readonly string[] | null;
}

export interface WorldBinding {
  readonly id: string;
  readonly roleId: string;
  readonly scopeId: string;
  readonly subjectKind: 'group' | 'person';
  readonly subjectId: string;
  readonly until: number | null;
}

export type LiveBinding = WorldBinding;

export type ClusterState = 'joining' | 'ready' | 'unreachable' | 'credential-invalid' | 'wrong-cluster' | 'removed';

export interface WorldCluster {
  readonly id: string;
  readonly name: string;
  readonly title: string | null;
  readonly labels: Labels;
  readonly serverUrl: string;
  readonly serverName: string | null;
  /** One or several authorities: while a cluster changes its own, the old and the new stand side by side. */
  readonly caPem: string;
  /** An HTTP(S) proxy on the way, as scheme, host and port; it never holds a credential. */
  readonly proxyUrl: string | null;
  readonly kubeSystemUid: string;
  readonly version: string | null;
  readonly mode: 'classic' | 'constrained';
  readonly strict: boolean;
  readonly state: ClusterState;
}

export interface WorldNamespace {
  readonly clusterId: string;
  readonly name: string;
  readonly labels: Labels;
  readonly phase: string;
}

export interface WorldEntry {
  readonly clusterId: string;
  readonly wireName: string;
}

export type PodSecurity = 'privileged' | 'baseline' | 'restricted';

export interface ContainerLimits {
  readonly defaultCpu?: string | undefined;
  readonly defaultMemory?: string | undefined;
  readonly requestCpu?: string | undefined;
  readonly requestMemory?: string | undefined;
  readonly maxCpu?: string | undefined;
  readonly maxMemory?: string | undefined;
}

export interface WorldProject {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  /** ResourceQuota's `hard`, of each namespace; null = none. */
  readonly quota: Labels | null;
  readonly limits: ContainerLimits | null;
  readonly podSecurity: PodSecurity;
  readonly isolated: boolean;
}

export interface WorldProjectNamespace {
  readonly projectId: string;
  readonly clusterId: string;
  readonly name: string;
  readonly origin: 'created' | 'adopted';
}

export interface WorldCredential {
  readonly id: string;
  readonly kind: 'kubeconfig' | 'api';
  readonly personId: string;
  readonly hash: string;
  readonly readOnly: boolean;
  /** null = every cluster the person may reach. */
  readonly clusterIds: readonly string[] | null;
  /** null = every namespace, on each of these clusters; else only these, and nothing that is in no namespace. */
  readonly namespaces: readonly string[] | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  readonly successorId: string | null;
}

// ── What the world answers ─────────────────────────────────────────────────────────────────────────────────────────────────────

export type RefusalReason = 'disabled' | 'expired' | 'locked' | 'outside-hours' | 'deleted' | 'out-of-scope' | 'cut' | 'unknown';

export interface Refusal {
  readonly reason: RefusalReason;
}

export interface EntitledPerson {
  readonly personId: string;
  readonly wireName: string;
  readonly objectGuid: string;
}

export interface PortalPowers {
  readonly admin: boolean;
  readonly auditor: boolean;
}

/** Where a scope bites on one cluster: all of it, or these namespaces of it. */
export type Reach = 'cluster' | readonly string[];

/** One (scope, role) that somebody holds by a live binding, and where it bites on one cluster. */
export interface PairInUse {
  readonly group: string;
  readonly scope: WorldScope;
  readonly role: WorldRole;
  readonly reach: Reach;
}

/**
 * Everything a decision needs, in memory and without a query. Each answer is of the moment `now`: bindings and accounts that ended by our
 * clock have ended, also when no change told so.
 */
export interface World {
  /** The change up to which this picture is complete. */
  readonly seq: bigint;
  readonly installation: { readonly id: string };
  apply(changes: readonly Change[], db: Database): Promise<void>;

  person(id: string): WorldPerson | undefined;
  people(): Iterable<WorldPerson>;
  group(id: string): WorldGroup | undefined;
  standing(personId: string, now: Date): 'live' | Refusal;
  /** All security groups the person is in, directly or nested; never through a distribution group; a circle of groups is no harm. */
  groupsOf(personId: string): ReadonlySet<string>;
  /** The shortest way up: groups from the person's own to `groupId`, both included; empty when there is none. */
  pathTo(personId: string, groupId: string): readonly string[];
  /** All people in the group, directly or nested. */
  membersOf(groupId: string): ReadonlySet<string>;

  bindingsOf(personId: string, now: Date): readonly LiveBinding[];
  /** All bindings that live now, of anybody. */
  liveBindings(now: Date): readonly LiveBinding[];
  /** The groups we impersonate the person with on that cluster, sorted; empty = no right there (or an account that is not live). */
  platformGroups(personId: string, clusterId: string, now: Date): readonly string[];
  /** The namespaces a listing may show; 'all' only when the person's own roles list namespaces on that cluster. */
  namespacesOf(personId: string, clusterId: string, now: Date): 'all' | readonly string[];
  portalPowers(personId: string, now: Date): PortalPowers;
  entitledPeople(clusterId: string, now: Date): readonly EntitledPerson[];
  pairsInUse(clusterId: string, now: Date): readonly PairInUse[];
  /** Where a scope bites on a cluster; null = nowhere there. */
  reach(scope: WorldScope, clusterId: string): Reach | null;
  /** As `reach`, for a place that nobody was granted anything on yet. */
  reachOfPlace(place: Omit<WorldScope, 'id'>, clusterId: string): Reach | null;
  /** The next moment at which a binding ends by the clock alone, so that streams and clusters are asked again then; null = none. */
  nextEnd(now: Date): number | null;

  role(id: string): WorldRole | undefined;
  roles(): Iterable<WorldRole>;
  /** The role's rules with all it inherits, each once. */
  effectiveRules(roleId: string): readonly PolicyRule[];
  scope(id: string): WorldScope | undefined;
  scopes(): Iterable<WorldScope>;
  binding(id: string): WorldBinding | undefined;

  /** Removed clusters are unknown to every method. */
  cluster(id: string): WorldCluster | undefined;
  clusterByName(name: string): WorldCluster | undefined;
  clusters(): Iterable<WorldCluster>;
  namespaces(clusterId: string): ReadonlyMap<string, WorldNamespace>;
  hasEntered(clusterId: string, wireName: string): boolean;

  project(id: string): WorldProject | undefined;
  projects(): Iterable<WorldProject>;
  namespacesOfProject(projectId: string): readonly WorldProjectNamespace[];
  projectNamespaces(clusterId: string): readonly WorldProjectNamespace[];

  credentialByHash(hex: string): WorldCredential | undefined;
  credential(id: string): WorldCredential | undefined;
  /** When the freshest followed domain controller's last complete drain began, in ms since 1970; null = never. */
  freshness(directoryId: string): number | null;
}

/** The rows a world is made of; tests make them by hand. */
export interface WorldRows {
  readonly seq: bigint;
  readonly installation: { readonly id: string };
  readonly directories: readonly WorldDirectory[];
  readonly controllers: readonly WorldController[];
  readonly people: readonly WorldPerson[];
  readonly groups: readonly WorldGroup[];
  /** Each group with its direct members, people and groups. */
  readonly memberships: Iterable<readonly [groupId: string, memberIds: readonly string[]]>;
  readonly roles: readonly WorldRole[];
  readonly scopes: readonly WorldScope[];
  readonly bindings: readonly WorldBinding[];
  readonly clusters: readonly WorldCluster[];
  readonly namespaces: readonly WorldNamespace[];
  readonly entries: readonly WorldEntry[];
  readonly projects: readonly WorldProject[];
  readonly projectNamespaces: readonly WorldProjectNamespace[];
  readonly credentials: readonly WorldCredential[];
}
