/** Reads behind the screens of people and groups: paged in Postgres, searched by trigram over a column of folded text. */
import { type Conditions, createConditions, likeText, likeWords } from '#lib/db/conditions.ts';
import type { Database } from '#lib/db/database.ts';
import type { ChangeMode } from '../follow/changes.ts';
import type { Held } from '../plan/shrink-guard.ts';
import type { DirectorySettings } from '../types.ts';

/** By the very rule by which the column was folded: accents and case make no difference, on either side. */
const finds = (word: string) => `search_text LIKE fold_text(${word})`;

/** Fewer letters than the index has in a piece: every row is looked at, byte by byte, which finds the same in UTF-8 and is quicker. */
const findsByLooking = (word: string) => `search_text COLLATE "C" LIKE fold_text(${word})`;
const indexedLetters = 3;

function addWords(conditions: Conditions, words: readonly string[]): void {
  for (const word of words) {
    const isShort = [...word.replaceAll(/[%\\]/g, '')].length < indexedLetters;
    const value = conditions.value(word);
    conditions.add(isShort ? findsByLooking(value) : finds(value));
  }
}

type Rows<T> = Promise<{ rows: T[] }>;

/** Both are awaited together, so that neither can fail unheard. */
async function pageFrom<T>(counting: Rows<{ total: number }>, reading: Rows<T>): Promise<{ items: T[]; total: number }> {
  const [count, page] = await Promise.all([counting, reading]);
  return { items: page.rows, total: count.rows[0]?.total ?? 0 };
}

export type PersonListRow = {
  readonly id: string;
  readonly displayName: string;
  readonly upn: string | null;
  readonly samAccountName: string;
  readonly mail: string | null;
  readonly title: string | null;
  readonly department: string | null;
  readonly state: string;
  readonly stateSince: Date;
};

const personColumns = `id, display_name AS "displayName", upn, sam_account_name AS "samAccountName", mail, title, department, state, state_since AS "stateSince"`;
const personOrders = { name: 'lower(display_name), id', state: 'state, lower(display_name), id', since: 'state_since DESC, id' } as const;
/** The same of what was found, of which no more is carried along than tells its order. */
const foundColumns = 'id, lower(display_name) AS name, state, state_since';
const foundOrders = { name: 'name, id', state: 'state, name, id', since: 'state_since DESC, id' } as const satisfies Record<
  keyof typeof personOrders,
  string
>;

export type PeopleQuery = {
  readonly search: string;
  readonly state?: string | undefined;
  readonly sort: keyof typeof personOrders;
  readonly offset: number;
  readonly limit: number;
};

export async function listPeople(
  db: Database,
  { search, state, sort, offset, limit }: PeopleQuery,
): Promise<{ items: PersonListRow[]; total: number }> {
  const conditions = createConditions();
  const words = likeWords(search);
  addWords(conditions, words);
  // Deleted people are shown to whoever asks for them, and not among the rest.
  if (state) conditions.add(`state = ${conditions.value(state)}`);
  else conditions.add(`state <> 'deleted'`);
  if (words.length > 0) return pageOfFound(db, conditions, sort, { offset, limit });
  const counting = db.sql.query<{ total: number }>(`SELECT count(*)::int AS total FROM person ${conditions.where()}`, [
    ...conditions.values,
  ]);
  const page = `LIMIT ${conditions.value(limit)} OFFSET ${conditions.value(offset)}`;
  return pageFrom(
    counting,
    db.sql.query<PersonListRow>(
      `SELECT ${personColumns} FROM person ${conditions.where()} ORDER BY ${personOrders[sort]} ${page}`,
      conditions.values,
    ),
  );
}

/** First found, then put in order: the planner would else walk the whole order and look at each name, hoping to be done soon. */
async function pageOfFound(
  db: Database,
  conditions: Conditions,
  sort: keyof typeof personOrders,
  { offset, limit }: Pick<PeopleQuery, 'offset' | 'limit'>,
): Promise<{ items: PersonListRow[]; total: number }> {
  const { rows } = await db.sql.query<PersonListRow & { total: number }>(
    `WITH found AS MATERIALIZED (SELECT ${foundColumns} FROM person ${conditions.where()}),
       page AS (SELECT id, name FROM found ORDER BY ${foundOrders[sort]} LIMIT ${conditions.value(limit)} OFFSET ${conditions.value(offset)})
     SELECT total, ${personColumns} FROM (SELECT count(*)::int AS total FROM found) AS counted
     LEFT JOIN (SELECT person.*, page.name FROM page JOIN person USING (id)) AS shown ON true ORDER BY ${foundOrders[sort]}`,
    conditions.values,
  );
  const items = rows.filter(({ id }) => id !== null).map(({ total: _, ...row }) => row);
  return { items, total: rows[0]?.total ?? 0 };
}

/** For pickers: the nearest names first, deleted people never. */
export async function nearestPeople(db: Database, search: string, limit: number): Promise<PersonListRow[]> {
  const conditions = createConditions();
  conditions.add(`deleted_at IS NULL AND state <> 'deleted'`);
  const words = likeWords(search);
  if (words.length === 0) {
    const first = `ORDER BY ${personOrders.name} LIMIT ${conditions.value(limit)}`;
    return (await db.sql.query<PersonListRow>(`SELECT ${personColumns} FROM person ${conditions.where()} ${first}`, conditions.values))
      .rows;
  }
  addWords(conditions, words);
  const whole = conditions.value(search.trim());
  const starts = conditions.value(`${likeText(search.trim())}%`);
  const { rows } = await db.sql.query<PersonListRow>(
    `SELECT ${personColumns} FROM person ${conditions.where()}
     ORDER BY (lower(sam_account_name) = lower(${whole})) DESC, (sam_account_name ILIKE ${starts} OR display_name ILIKE ${starts}) DESC, lower(display_name), id
     LIMIT ${conditions.value(limit)}`,
    conditions.values,
  );
  return rows;
}

export type GroupListRow = {
  readonly id: string;
  readonly name: string;
  readonly samAccountName: string;
  readonly description: string | null;
  readonly security: boolean;
  readonly directMembers: number;
};

const groupColumns = `id, name, sam_account_name AS "samAccountName", description, security,
  (SELECT count(*)::int FROM membership m WHERE m.group_id = directory_group.id) AS "directMembers"`;

export type GroupsQuery = {
  readonly search: string;
  readonly ids?: readonly string[] | undefined;
  readonly offset: number;
  readonly limit: number;
};

export async function listGroups(
  db: Database,
  { search, ids, offset, limit }: GroupsQuery,
): Promise<{ items: GroupListRow[]; total: number }> {
  const conditions = createConditions();
  conditions.add('deleted_at IS NULL');
  for (const word of likeWords(search)) conditions.add(finds(conditions.value(word)));
  if (ids) conditions.add(`id = ANY(${conditions.value(ids)})`);
  const counting = db.sql.query<{ total: number }>(`SELECT count(*)::int AS total FROM directory_group ${conditions.where()}`, [
    ...conditions.values,
  ]);
  const starts = conditions.value(`${likeText(search.trim())}%`);
  const page = `LIMIT ${conditions.value(limit)} OFFSET ${conditions.value(offset)}`;
  return pageFrom(
    counting,
    db.sql.query<GroupListRow>(
      `SELECT ${groupColumns} FROM directory_group ${conditions.where()} ORDER BY (name ILIKE ${starts}) DESC, lower(name), id ${page}`,
      conditions.values,
    ),
  );
}

export type MemberRow = {
  readonly id: string;
  readonly kind: 'person' | 'group';
  readonly name: string;
  readonly detail: string | null;
  readonly direct: boolean;
  readonly primary: boolean;
};

export type MembersQuery = {
  readonly groupId: string;
  readonly nestedPeople: readonly string[] | null;
  readonly search: string;
  readonly offset: number;
  readonly limit: number;
};

/** Direct members, people and groups alike; or, given the closure, all its people. */
export async function listMembers(db: Database, query: MembersQuery): Promise<{ items: MemberRow[]; total: number }> {
  const conditions = createConditions();
  const group = conditions.value(query.groupId);
  const people = `SELECT p.id, 'person' AS kind, p.display_name AS name, coalesce(p.upn, p.sam_account_name) AS detail,
      m.member_id IS NOT NULL AS direct, coalesce(m.is_primary, false) AS primary
    FROM person p LEFT JOIN membership m ON m.member_id = p.id AND m.group_id = ${group}`;
  const source = query.nestedPeople
    ? `${people} WHERE p.id = ANY(${conditions.value(query.nestedPeople)})`
    : `${people} WHERE m.member_id IS NOT NULL AND p.deleted_at IS NULL
       UNION ALL SELECT g.id, 'group', g.name, g.description, true, false FROM directory_group g JOIN membership m ON m.member_id = g.id AND m.group_id = ${group} WHERE g.deleted_at IS NULL`;
  for (const word of likeWords(query.search)) conditions.add(`(name || ' ' || coalesce(detail, '')) ILIKE ${conditions.value(word)}`);
  const counting = db.sql.query<{ total: number }>(`SELECT count(*)::int AS total FROM (${source}) members ${conditions.where()}`, [
    ...conditions.values,
  ]);
  const page = `LIMIT ${conditions.value(query.limit)} OFFSET ${conditions.value(query.offset)}`;
  return pageFrom(
    counting,
    db.sql.query<MemberRow>(
      `SELECT * FROM (${source}) members ${conditions.where()} ORDER BY kind, lower(name), id ${page}`,
      conditions.values,
    ),
  );
}

export type PersonFactsRow = PersonListRow & {
  readonly dn: string;
  readonly objectGuid: string;
  readonly sid: string | null;
  readonly wireName: string;
  readonly directoryId: string;
  readonly domain: string;
  readonly directoryFreshAt: Date | null;
  readonly accountExpiresAt: Date | null;
  readonly lockoutAt: Date | null;
  readonly passwordSetAt: Date | null;
  readonly mustChangePassword: boolean;
  readonly deletedAt: Date | null;
  readonly cutAt: Date | null;
  readonly cutReason: string | null;
};

export async function personFacts(db: Database, id: string): Promise<PersonFactsRow | null> {
  const { rows } = await db.sql.query<PersonFactsRow>(
    `SELECT p.id, p.display_name AS "displayName", p.upn, p.sam_account_name AS "samAccountName", p.mail, p.title, p.department, p.state, p.state_since AS "stateSince",
       p.dn, p.object_guid::text AS "objectGuid", p.sid, p.wire_name AS "wireName", p.directory_id AS "directoryId", d.domain,
       (SELECT max(c.fresh_at) FROM domain_controller c WHERE c.directory_id = d.id) AS "directoryFreshAt",
       p.account_expires_at AS "accountExpiresAt", p.lockout_at AS "lockoutAt", p.password_set_at AS "passwordSetAt", p.must_change_password AS "mustChangePassword",
       p.deleted_at AS "deletedAt", p.cut_at AS "cutAt", p.cut_reason AS "cutReason"
     FROM person p JOIN directory d ON d.id = p.directory_id WHERE p.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

export type CredentialRow = {
  readonly id: string;
  readonly kind: 'kubeconfig' | 'api';
  readonly name: string;
  readonly readOnly: boolean;
  readonly clusterIds: string[] | null;
  readonly namespaces: string[] | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly lastUsedAddress: string | null;
  readonly lastUsedClient: string | null;
  readonly revokedAt: Date | null;
  readonly revokeReason: string | null;
};

export async function credentialsOfPerson(db: Database, personId: string): Promise<CredentialRow[]> {
  const { rows } = await db.sql.query<CredentialRow>(
    `SELECT id, kind, name, read_only AS "readOnly", cluster_ids AS "clusterIds", namespaces, created_at AS "createdAt", expires_at AS "expiresAt", last_used_at AS "lastUsedAt",
       last_used_address AS "lastUsedAddress", last_used_client AS "lastUsedClient", revoked_at AS "revokedAt", revoke_reason AS "revokeReason"
     FROM credential WHERE person_id = $1 ORDER BY revoked_at IS NOT NULL, created_at DESC LIMIT 100`,
    [personId],
  );
  return rows;
}

export type GroupFactsRow = GroupListRow & {
  readonly dn: string;
  readonly objectGuid: string;
  readonly sid: string | null;
  readonly deletedAt: Date | null;
  readonly directoryId: string;
  readonly domain: string;
};

export async function groupFacts(db: Database, id: string): Promise<GroupFactsRow | null> {
  const { rows } = await db.sql.query<GroupFactsRow>(
    `SELECT g.id, g.name, g.sam_account_name AS "samAccountName", g.description, g.security, g.dn, g.object_guid::text AS "objectGuid", g.sid,
       g.deleted_at AS "deletedAt", g.directory_id AS "directoryId", d.domain, (SELECT count(*)::int FROM membership m WHERE m.group_id = g.id) AS "directMembers"
     FROM directory_group g JOIN directory d ON d.id = g.directory_id WHERE g.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

export type GroupEdge = { readonly groupId: string; readonly memberId: string };

/** Every edge that leads upwards from a group, as far as it goes: who joins the group joins all of these. */
export async function edgesUpFrom(db: Database, groupId: string): Promise<GroupEdge[]> {
  const { rows } = await db.sql.query<GroupEdge>(
    `WITH RECURSIVE up AS (
       SELECT m.group_id, m.member_id FROM membership m JOIN directory_group g ON g.id = m.group_id WHERE m.member_id = $1 AND g.deleted_at IS NULL
       UNION SELECT m.group_id, m.member_id FROM membership m JOIN up ON m.member_id = up.group_id JOIN directory_group g ON g.id = m.group_id WHERE g.deleted_at IS NULL
     ) SELECT group_id AS "groupId", member_id AS "memberId" FROM up LIMIT 5000`,
    [groupId],
  );
  return rows;
}

/** SIDs of those members whom another domain knows, and none of the connected ones. */
export async function unknownMembers(db: Database, groupId: string): Promise<string[]> {
  const { rows } = await db.sql.query<{ sid: string }>(
    `SELECT f.sid FROM foreign_member f WHERE f.group_id = $1
       AND NOT EXISTS (SELECT 1 FROM foreign_membership s WHERE s.group_id = f.group_id AND s.sid = f.sid) ORDER BY f.sid LIMIT 200`,
    [groupId],
  );
  return rows.map(({ sid }) => sid);
}

export async function groupsAbove(db: Database, groupId: string): Promise<{ id: string; name: string }[]> {
  const { rows } = await db.sql.query<{ id: string; name: string }>(
    'SELECT g.id, g.name FROM membership m JOIN directory_group g ON g.id = m.group_id WHERE m.member_id = $1 AND g.deleted_at IS NULL ORDER BY lower(g.name) LIMIT 500',
    [groupId],
  );
  return rows;
}

export async function savedSettings(db: Database, directoryId: string): Promise<DirectorySettings | null> {
  const { rows } = await db.sql.query<{ settings: DirectorySettings }>('SELECT settings FROM directory WHERE id = $1', [directoryId]);
  return rows[0]?.settings ?? null;
}

export type DirectoryRow = {
  readonly id: string;
  readonly domain: string;
  readonly netbios: string | null;
  readonly baseDn: string;
  readonly settings: Partial<DirectorySettings>;
  readonly state: 'new' | 'reading' | 'following' | 'unreachable' | 'held';
  readonly stateDetail: string | null;
  readonly stateSince: Date;
  readonly lockoutThreshold: number | null;
  readonly held: Held[] | null;
  readonly people: number;
  readonly groups: number;
};
export type ControllerRow = {
  readonly id: string;
  readonly directoryId: string;
  readonly url: string;
  readonly dnsHostName: string | null;
  readonly state: 'new' | 'reading' | 'following' | 'unreachable';
  readonly stateDetail: string | null;
  readonly freshAt: Date | null;
  readonly fullReadAt: Date | null;
  readonly seesDeleted: boolean;
  readonly changeMode: ChangeMode | null;
  readonly changedAt: Date | null;
};

export async function directoriesWithControllers(db: Database): Promise<(DirectoryRow & { readonly controllers: ControllerRow[] })[]> {
  const directories = await db.sql.query<DirectoryRow>(
    `SELECT id, domain, netbios, base_dn AS "baseDn", settings, state, state_detail AS "stateDetail", state_since AS "stateSince", lockout_threshold AS "lockoutThreshold", held,
       (SELECT count(*)::int FROM person p WHERE p.directory_id = directory.id AND p.deleted_at IS NULL) AS people,
       (SELECT count(*)::int FROM directory_group g WHERE g.directory_id = directory.id AND g.deleted_at IS NULL) AS groups
     FROM directory WHERE removed_at IS NULL ORDER BY domain`,
  );
  const controllers = await db.sql.query<ControllerRow>(
    `SELECT id, directory_id AS "directoryId", url, dns_host_name AS "dnsHostName", state, state_detail AS "stateDetail", fresh_at AS "freshAt",
       full_read_at AS "fullReadAt", sees_deleted AS "seesDeleted", change_mode AS "changeMode", changed_at AS "changedAt" FROM domain_controller ORDER BY url`,
  );
  return directories.rows.map((directory) => ({
    ...directory,
    controllers: controllers.rows.filter(({ directoryId }) => directoryId === directory.id),
  }));
}
