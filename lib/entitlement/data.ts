import type pg from 'pg';
import type { Database } from '#lib/db/database.ts';
import type { Change, Topic } from '#lib/db/topics.ts';
import type {
  WorldBinding,
  WorldCluster,
  WorldController,
  WorldCredential,
  WorldDirectory,
  WorldEntry,
  WorldGroup,
  WorldNamespace,
  WorldPerson,
  WorldProject,
  WorldProjectNamespace,
  WorldRole,
  WorldRows,
  WorldScope,
} from './types.ts';

// What the world reads. Plain SQL, because a hundred thousand rows come through here at every start of every process, and one snapshot,
// because rows of different moments would make a picture that never was.

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;

// UF_ACCOUNTDISABLE, bit 2 of userAccountControl.
const personColumns = `id, forest_id AS "forestId", directory_id AS "directoryId", object_guid::text AS "objectGuid", wire_name AS "wireName",
  display_name AS "displayName", sam_account_name AS "samAccountName", upn, mail, department, state, (user_account_control & 2) <> 0 AS disabled,
  ${ms('account_expires_at')} AS "accountExpiresAt", ${ms('lockout_at')} AS "lockoutAt", lockout_window_seconds AS "ownLockoutSeconds", logon_hours AS "logonHours", deleted_at IS NOT NULL AS deleted,
  out_of_scope AS "outOfScope", cut_at IS NOT NULL AS cut`;
const groupColumns = `id, forest_id AS "forestId", directory_id AS "directoryId", object_guid::text AS "objectGuid", name,
  sam_account_name AS "samAccountName", deleted_at IS NOT NULL AS deleted,
  security OR EXISTS (SELECT 1 FROM directory d WHERE d.id = directory_group.directory_id AND d.settings->>'distributionGroups' = 'counted') AS security`;
const directoryColumns = 'id, domain, lockout_window_seconds AS "lockoutWindowSeconds"';
const controllerColumns = `id, directory_id AS "directoryId", ${ms('fresh_at')} AS "freshAt"`;
const roleColumns = 'id, name, title, description, builtin, grantable_on AS "grantableOn", rules, inherits, portal, version';
const scopeColumns = 'id, kind, cluster_id AS "clusterId", cluster_selector AS "clusterSelector", project_id AS "projectId", namespaces';
const bindingColumns = `id, role_id AS "roleId", scope_id AS "scopeId", subject_kind AS "subjectKind", subject_id AS "subjectId", ${ms('until')} AS until`;
const clusterColumns = `id, name, title, labels, server_url AS "serverUrl", server_name AS "serverName", ca_pem AS "caPem", proxy_url AS "proxyUrl",
  kube_system_uid AS "kubeSystemUid", version, mode, strict, state`;
const namespaceColumns = 'cluster_id AS "clusterId", name, labels, phase';
const entryColumns = 'cluster_id AS "clusterId", wire_name AS "wireName"';
const projectColumns = 'id, name, title, quota, limits, pod_security AS "podSecurity", isolated';
const projectNamespaceColumns = 'project_id AS "projectId", cluster_id AS "clusterId", name, origin';
const credentialColumns = `id, kind, person_id AS "personId", encode(secret_hash, 'hex') AS hash, read_only AS "readOnly", cluster_ids AS "clusterIds", namespaces,
  ${ms('created_at')} AS "createdAt", ${ms('expires_at')} AS "expiresAt", ${ms('revoked_at')} AS "revokedAt", successor_id AS "successorId"`;

/** Everything, at one moment and with the change number of that moment. */
export async function readWorld(db: Database): Promise<WorldRows> {
  return inSnapshot(db, async (client) => {
    const all = async <Row>(sql: string): Promise<Row[]> => (await client.query(sql)).rows as Row[];
    const [counter] = await all<{ seq: string }>('SELECT seq FROM change_counter');
    const [installation] = await all<{ id: string }>('SELECT id FROM installation');
    if (!counter || !installation) throw new Error('the database holds no installation yet');
    return {
      seq: BigInt(counter.seq),
      installation,
      ...(await readDirectories(client)),
      roles: await all<WorldRole>(`SELECT ${roleColumns} FROM role WHERE removed_at IS NULL`),
      scopes: await all<WorldScope>(`SELECT ${scopeColumns} FROM scope`),
      bindings: await all<WorldBinding>(`SELECT ${bindingColumns} FROM binding WHERE revoked_at IS NULL`),
      clusters: await all<WorldCluster>(`SELECT ${clusterColumns} FROM cluster WHERE removed_at IS NULL AND state <> 'removed'`),
      namespaces: await all<WorldNamespace>(`SELECT ${namespaceColumns} FROM cluster_namespace`),
      entries: await all<WorldEntry>(`SELECT ${entryColumns} FROM cluster_entry`),
      projects: await all<WorldProject>(`SELECT ${projectColumns} FROM project WHERE removed_at IS NULL`),
      projectNamespaces: await all<WorldProjectNamespace>(`SELECT ${projectNamespaceColumns} FROM project_namespace`),
      credentials: await all<WorldCredential>(
        `SELECT ${credentialColumns} FROM credential WHERE revoked_at IS NULL AND expires_at > now()`,
      ),
    };
  });
}

export type DirectoryRows = Pick<WorldRows, 'directories' | 'controllers' | 'people' | 'groups' | 'memberships'>;

/** What a take-over left: everything of every directory, at one moment. */
export async function readAllDirectories(db: Database): Promise<DirectoryRows> {
  return inSnapshot(db, readDirectories);
}

async function readDirectories(client: pg.PoolClient): Promise<DirectoryRows> {
  const all = async <Row>(sql: string): Promise<Row[]> => (await client.query(sql)).rows as Row[];
  return {
    directories: await all<WorldDirectory>(`SELECT ${directoryColumns} FROM directory`),
    controllers: await all<WorldController>(`SELECT ${controllerColumns} FROM domain_controller`),
    people: await all<WorldPerson>(`SELECT ${personColumns} FROM person`),
    groups: await all<WorldGroup>(`SELECT ${groupColumns} FROM directory_group`),
    memberships: await readMemberships(client),
  };
}

/** One text a group, taken apart only when its turn comes: a million small rows would cost more memory than the picture itself. */
async function readMemberships(
  client: pg.PoolClient,
  groupIds?: readonly string[],
): Promise<Iterable<readonly [string, readonly string[]]>> {
  const { rows } = await client.query<{ group_id: string; members: string }>(
    `SELECT group_id, string_agg(member_id, ' ' ORDER BY member_id) AS members FROM membership
     ${groupIds ? 'WHERE group_id = ANY($1)' : ''} GROUP BY group_id`,
    groupIds ? [groupIds] : [],
  );
  return {
    *[Symbol.iterator]() {
      for (const { group_id, members } of rows) yield [group_id, members.split(' ')] as const;
    },
  };
}

/** What the changes touched, as it stands now. A key that was asked for and is not among the rows is no more. */
export interface Touched {
  readonly keys: ReadonlyMap<Topic, ReadonlySet<string>>;
  readonly rows: { readonly [Field in Exclude<keyof WorldRows, 'seq' | 'installation'>]?: WorldRows[Field] };
}

const topicsOfTheWorld: ReadonlySet<Topic> = new Set<Topic>([
  'person',
  'group',
  'membership',
  'domain-controller',
  'role',
  'scope',
  'binding',
  'cluster',
  'cluster-namespace',
  'cluster-entry',
  'project',
  'credential',
]);

export async function readTouched(db: Database, changes: readonly Change[]): Promise<Touched> {
  const keys = new Map<Topic, Set<string>>();
  for (const { topic, key } of changes) {
    if (!topicsOfTheWorld.has(topic)) continue;
    const sameTopic = keys.get(topic) ?? new Set<string>();
    keys.set(topic, sameTopic.add(key));
  }
  if (keys.size === 0) return { keys, rows: {} };
  const rows = await inSnapshot(db, async (client) => {
    const read: { -readonly [Field in keyof Touched['rows']]: Touched['rows'][Field] } = {};
    const some = async <Row>(topic: Topic, sql: string): Promise<Row[]> => {
      const asked = keys.get(topic);
      return asked ? ((await client.query(sql, [[...asked]])).rows as Row[]) : [];
    };
    read.people = await some<WorldPerson>('person', `SELECT ${personColumns} FROM person WHERE id = ANY($1)`);
    read.groups = await some<WorldGroup>('group', `SELECT ${groupColumns} FROM directory_group WHERE id = ANY($1)`);
    read.controllers = await some<WorldController>(
      'domain-controller',
      `SELECT ${controllerColumns} FROM domain_controller WHERE id = ANY($1)`,
    );
    const groupIds = keys.get('membership');
    if (groupIds) read.memberships = await readMemberships(client, [...groupIds]);
    read.roles = await some<WorldRole>('role', `SELECT ${roleColumns} FROM role WHERE id = ANY($1) AND removed_at IS NULL`);
    read.scopes = await some<WorldScope>('scope', `SELECT ${scopeColumns} FROM scope WHERE id = ANY($1)`);
    read.bindings = await some<WorldBinding>('binding', `SELECT ${bindingColumns} FROM binding WHERE id = ANY($1) AND revoked_at IS NULL`);
    read.clusters = await some<WorldCluster>(
      'cluster',
      `SELECT ${clusterColumns} FROM cluster WHERE id = ANY($1) AND removed_at IS NULL AND state <> 'removed'`,
    );
    read.namespaces = await some<WorldNamespace>(
      'cluster-namespace',
      `SELECT ${namespaceColumns} FROM cluster_namespace WHERE cluster_id = ANY($1)`,
    );
    read.entries = await some<WorldEntry>('cluster-entry', `SELECT ${entryColumns} FROM cluster_entry WHERE cluster_id = ANY($1)`);
    read.projects = await some<WorldProject>('project', `SELECT ${projectColumns} FROM project WHERE id = ANY($1) AND removed_at IS NULL`);
    read.projectNamespaces = await some<WorldProjectNamespace>(
      'project',
      `SELECT ${projectNamespaceColumns} FROM project_namespace WHERE project_id = ANY($1)`,
    );
    read.credentials = await some<WorldCredential>('credential', `SELECT ${credentialColumns} FROM credential WHERE id = ANY($1)`);
    return read;
  });
  return { keys, rows };
}

async function inSnapshot<T>(db: Database, read: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await db.sql.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const result = await read(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // A connection that failed midway is not handed to the next one who asks.
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken);
  }
}

// ── what screens read beside the world ─────────────────────────────────────────────────────────────────────────────────────────

export interface GrantRow {
  readonly id: string;
  readonly roleId: string;
  readonly roleName: string;
  readonly roleTitle: string;
  readonly scope: WorldScope;
  readonly subjectKind: 'group' | 'person';
  readonly subjectId: string;
  readonly until: Date | null;
  readonly reason: string;
  readonly createdAt: Date;
  readonly createdBy: string | null;
  readonly revokedAt: Date | null;
  readonly revokedBy: string | null;
}

export interface GrantFilter {
  readonly ids?: readonly string[] | undefined;
  readonly subjectIds?: readonly string[] | undefined;
  readonly roleId?: string | undefined;
  readonly state: 'live' | 'ended' | 'ending' | 'all';
}

/** Newest first; with ended grants and removed roles, because history is asked of these too. */
export async function readGrants(db: Database, { ids, subjectIds, roleId, state }: GrantFilter): Promise<GrantRow[]> {
  const live = 'b.revoked_at IS NULL AND (b.until IS NULL OR b.until > now())';
  const byState = {
    live,
    ended: `NOT (${live})`,
    ending: `${live} AND b.until < now() + interval '7 days'`,
    all: 'true',
  }[state];
  const { rows } = await db.sql.query<GrantRow>(
    `SELECT b.id, b.role_id AS "roleId", r.name AS "roleName", r.title AS "roleTitle", b.subject_kind AS "subjectKind", b.subject_id AS "subjectId",
       b.until, b.reason, b.created_at AS "createdAt", b.created_by AS "createdBy", b.revoked_at AS "revokedAt", b.revoked_by AS "revokedBy",
       jsonb_build_object('id', s.id, 'kind', s.kind, 'clusterId', s.cluster_id, 'clusterSelector', s.cluster_selector,
         'projectId', s.project_id, 'namespaces', s.namespaces) AS scope
     FROM binding b JOIN role r ON r.id = b.role_id JOIN scope s ON s.id = b.scope_id
     WHERE ${byState} AND ($1::text[] IS NULL OR b.subject_id = ANY($1)) AND ($2::text IS NULL OR b.role_id = $2)
       AND ($3::text[] IS NULL OR b.id = ANY($3))
     ORDER BY b.created_at DESC, b.id`,
    [subjectIds ?? null, roleId ?? null, ids ?? null],
  );
  return rows;
}

export async function readRoleTimes(db: Database): Promise<Map<string, Date>> {
  const { rows } = await db.sql.query<{ id: string; at: Date }>('SELECT id, updated_at AS at FROM role WHERE removed_at IS NULL');
  return new Map(rows.map(({ id, at }) => [id, at]));
}
