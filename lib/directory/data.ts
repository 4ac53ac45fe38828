/** What our tables say: directories, their domain controllers, and the rows that an observation is about. */
import type { Database } from '#lib/db/database.ts';
import { sidOfRid } from './active-directory/sid.ts';
import type { Endpoint } from './ldap/transport.ts';
import { readableName } from './plan/wire-names.ts';
import type {
  Directory,
  DomainController,
  FormerHolder,
  Known,
  KnownEdge,
  KnownEdges,
  KnownGroup,
  KnownPerson,
  Observation,
} from './types.ts';

const directoryColumns = `d.id, d.forest_id AS "forestId", f.wire_prefix AS "wirePrefix", d.domain, d.netbios, d.base_dn AS "baseDn", d.domain_sid AS "domainSid",
  d.settings, d.lockout_threshold AS "lockoutThreshold", d.lockout_window_seconds AS "lockoutSeconds", d.state, d.approved,
  d.read_asked_at AS "readAskedAt", d.removals_approved_at AS "removalsApprovedAt", d.taken_in_at AS "takenInAt",
  coalesce(d.held @> '[{"what": "sentinels"}]', false) AS "isDistrusted"`;

const controllerColumns = `id, directory_id AS "directoryId", url, invocation_id AS "invocationId", highest_usn AS "highestUsn", cookie,
  sees_deleted AS "seesDeleted", full_read_at AS "fullReadAt", fresh_at AS "freshAt", state, change_mode AS "changeMode", preference, beside,
  dns_host_name AS "dnsHostName"`;

const personColumns = `id, directory_id AS "directoryId", object_guid AS "objectGuid", sid, dn, sam_account_name AS "samAccountName", upn,
  wire_name AS "wireName", display_name AS "displayName", mail, title, department, user_account_control AS "userAccountControl",
  primary_group_rid AS "primaryGroupRid", account_expires_at AS "accountExpiresAt", lockout_at AS "lockoutAt", logon_hours AS "logonHours", password_set_at AS "passwordSetAt",
  must_change_password AS "mustChangePassword", deleted_at AS "deletedAt", out_of_scope AS "outOfScope", cut_at AS "cutAt", state,
  lockout_window_seconds AS "ownLockoutSeconds", CASE WHEN stamp = '{}' THEN NULL ELSE stamp END AS stamps`;

const groupColumns = `id, directory_id AS "directoryId", object_guid AS "objectGuid", sid, dn, sam_account_name AS "samAccountName", name,
  description, group_type AS "groupType", security, deleted_at AS "deletedAt"`;

const edgeColumns = 'group_id AS "groupId", member_id AS "memberId", is_primary AS "isPrimary"';

/** So many removals at once are held by no guard. */
const removalsFew = 5;

export async function loadDirectories(db: Database): Promise<Directory[]> {
  const { rows } = await db.sql.query<Directory>(
    `SELECT ${directoryColumns} FROM directory d JOIN forest f ON f.id = d.forest_id WHERE d.removed_at IS NULL ORDER BY d.created_at, d.id`,
  );
  return rows;
}

export async function loadDirectory(db: Database, id: string): Promise<Directory | null> {
  const { rows } = await db.sql.query<Directory>(
    `SELECT ${directoryColumns} FROM directory d JOIN forest f ON f.id = d.forest_id WHERE d.id = $1 AND d.removed_at IS NULL`,
    [id],
  );
  return rows[0] ?? null;
}

export interface DirectoryGlance {
  /** Another one whenever anything in the directory's row is. */
  readonly version: string;
  readonly isSomebodyDue: boolean;
}

/** What is looked at every second: whether its row is still the same, and whether the clock has changed anybody's state. */
export async function glanceAtDirectory(db: Database, id: string): Promise<DirectoryGlance | null> {
  const { rows } = await db.sql.query<DirectoryGlance>(
    `SELECT d.xmin || ' ' || f.xmin AS version,
       EXISTS (SELECT FROM person WHERE directory_id = d.id AND ${isDueByClock('coalesce(d.lockout_window_seconds, 0)')}) AS "isSomebodyDue"
     FROM directory d JOIN forest f ON f.id = d.forest_id WHERE d.id = $1 AND d.removed_at IS NULL`,
    [id],
  );
  return rows[0] ?? null;
}

export async function loadControllers(db: Database, directoryId: string): Promise<DomainController[]> {
  const { rows } = await db.sql.query<Omit<DomainController, 'highestUsn'> & { highestUsn: string | null }>(
    `SELECT ${controllerColumns} FROM domain_controller WHERE directory_id = $1 ORDER BY preference, url`,
    [directoryId],
  );
  return rows.map((row) => ({ ...row, highestUsn: row.highestUsn === null ? null : BigInt(row.highestUsn) }));
}

export async function requireDirectory(db: Database, id: string): Promise<Directory> {
  const directory = await loadDirectory(db, id);
  if (!directory) throw new Error(`the directory ${id} is no more`);
  return directory;
}

export async function requireController(db: Database, directoryId: string, id: string): Promise<DomainController> {
  const controller = (await loadControllers(db, directoryId)).find((one) => one.id === id);
  if (!controller) throw new Error(`the domain controller ${id} is no more`);
  return controller;
}

export async function loadSealedSecret(db: Database, directoryId: string): Promise<Buffer | null> {
  const { rows } = await db.sql.query<{ sealed: Buffer }>('SELECT sealed FROM directory_secret WHERE directory_id = $1', [directoryId]);
  return rows[0]?.sealed ?? null;
}

/** Everything of the forest: a member may live in another of its domains. */
export async function loadAllKnown(db: Database, { id, forestId }: Directory): Promise<Known> {
  const people = await db.sql.query<KnownPerson>(`SELECT ${personColumns} FROM person WHERE forest_id = $1`, [forestId]);
  const groups = await db.sql.query<KnownGroup>(`SELECT ${groupColumns} FROM directory_group WHERE forest_id = $1`, [forestId]);
  const edges = await loadAllEdges(db, id);
  const livesHere = (row: KnownPerson | KnownGroup) => row.deletedAt === null && row.directoryId === id;
  return {
    people: people.rows,
    groups: groups.rows,
    edges,
    wireNames: new Map(people.rows.filter(({ deletedAt }) => deletedAt === null).map((person) => [person.wireName, person.id])),
    formerHolders: people.rows.filter(({ deletedAt }) => deletedAt !== null),
    protectedGroups: await loadProtectedGroups(db),
    livePeople: people.rows.filter(livesHere).length,
    liveGroups: groups.rows.filter(livesHere).length,
  };
}

/** One text a group, taken apart only when its turn comes: a million and a half small rows would cost more memory than all that is made of them. */
async function loadAllEdges(db: Database, directoryId: string): Promise<KnownEdges> {
  const { rows } = await db.sql.query<{ groupId: string; isPrimary: boolean; members: string; count: number }>(
    `SELECT group_id AS "groupId", is_primary AS "isPrimary", string_agg(member_id, ' ') AS members, count(*)::integer AS count FROM membership
     WHERE NOT is_foreign AND group_id IN (SELECT id FROM directory_group WHERE directory_id = $1) GROUP BY group_id, is_primary`,
    [directoryId],
  );
  return {
    length: rows.reduce((sum, { count }) => sum + count, 0),
    *[Symbol.iterator]() {
      for (const { groupId, isPrimary, members } of rows) for (const memberId of members.split(' ')) yield { groupId, memberId, isPrimary };
    },
  };
}

export async function loadKnownAbout(db: Database, directory: Directory, observation: Observation): Promise<Known> {
  const { id, forestId, domainSid, wirePrefix } = directory;
  const guids = new Set(observation.gone.map(({ objectGuid }) => objectGuid));
  for (const { objectGuid, groupGuids } of observation.people) for (const guid of [objectGuid, ...(groupGuids ?? [])]) guids.add(guid);
  for (const { objectGuid, groupGuids, memberGuids } of observation.groups) {
    for (const guid of [objectGuid, ...(groupGuids ?? []), ...(memberGuids ?? [])]) guids.add(guid);
  }
  for (const { groupGuid, memberGuid } of observation.links) for (const guid of [groupGuid, memberGuid]) guids.add(guid);
  const primaryRids = [...new Set(observation.people.flatMap(({ primaryGroupRid }) => primaryGroupRid ?? []))];
  const primarySids = domainSid ? primaryRids.map((rid) => sidOfRid(domainSid, rid)) : [];
  const names = observation.people.flatMap(({ upn }) => readableName(wirePrefix, upn) ?? []);

  const logins = observation.people.map(({ samAccountName }) => samAccountName.toLowerCase());
  // Only of removals is it asked how many there are in all, and counting everybody takes longer than all the rest.
  const mayRemove = observation.gone.length > 0 || observation.people.length > removalsFew || observation.groups.length > removalsFew;

  const [people, groups, carriers, formerHolders, protectedGroups, counts] = await Promise.all([
    db.sql.query<KnownPerson>(`SELECT ${personColumns} FROM person WHERE forest_id = $1 AND object_guid = ANY($2::uuid[])`, [
      forestId,
      [...guids],
    ]),
    db.sql.query<KnownGroup>(
      `SELECT ${groupColumns} FROM directory_group WHERE forest_id = $1 AND (object_guid = ANY($2::uuid[]) OR sid = ANY($3))`,
      [forestId, [...guids], primarySids],
    ),
    db.sql.query<{ wire_name: string; id: string }>(
      'SELECT wire_name, id FROM person WHERE forest_id = $1 AND deleted_at IS NULL AND wire_name = ANY($2)',
      [forestId, names],
    ),
    db.sql.query<FormerHolder>(
      `SELECT ${personColumns} FROM person WHERE forest_id = $1 AND deleted_at IS NOT NULL
         AND (wire_name = ANY($2) OR lower(sam_account_name) = ANY($3)) ORDER BY deleted_at DESC LIMIT 100`,
      [forestId, names, logins],
    ),
    loadProtectedGroups(db),
    mayRemove ? countLiving(db, id) : { people: 0, groups: 0 },
  ]);
  const observedGroups = new Set([...observation.groups.filter((group) => group.memberGuids).map((group) => group.objectGuid)]);
  const goneGuids = new Set(observation.gone.map(({ objectGuid }) => objectGuid));
  const wholeGroups = groups.rows.filter(({ objectGuid }) => observedGroups.has(objectGuid) || goneGuids.has(objectGuid));
  const touched = new Set([...observation.people, ...observation.groups, ...observation.gone].map(({ objectGuid }) => objectGuid));
  for (const { memberGuid } of observation.links) touched.add(memberGuid);
  const members = [...people.rows, ...groups.rows].filter(({ objectGuid }) => touched.has(objectGuid));
  const edges = await db.sql.query<KnownEdge>(
    `SELECT ${edgeColumns} FROM membership WHERE NOT is_foreign AND (group_id = ANY($1) OR member_id = ANY($2))`,
    [wholeGroups.map((group) => group.id), members.map((member) => member.id)],
  );
  return {
    people: people.rows,
    groups: groups.rows,
    edges: edges.rows,
    wireNames: new Map(carriers.rows.map((row) => [row.wire_name, row.id])),
    formerHolders: formerHolders.rows,
    protectedGroups,
    livePeople: counts.people,
    liveGroups: counts.groups,
  };
}

export async function countLiving(db: Database, directoryId: string): Promise<{ people: number; groups: number }> {
  const { rows } = await db.sql.query<{ people: number; groups: number }>(
    `SELECT (SELECT count(*)::integer FROM person WHERE directory_id = $1 AND deleted_at IS NULL) AS people,
            (SELECT count(*)::integer FROM directory_group WHERE directory_id = $1 AND deleted_at IS NULL) AS groups`,
    [directoryId],
  );
  return rows[0] ?? { people: 0, groups: 0 };
}

async function loadProtectedGroups(db: Database): Promise<Set<string>> {
  const { rows } = await db.sql.query<{ id: string }>(
    `SELECT DISTINCT b.subject_id AS id FROM binding b JOIN role r ON r.id = b.role_id
     WHERE b.subject_kind = 'group' AND b.revoked_at IS NULL AND r.portal IS NOT NULL`,
  );
  return new Set(rows.map(({ id }) => id));
}

/** Who could do something at this moment: those of whom a deletion must be noticed soon even where tombstones are hidden from us. */
export async function loadGuidsWithLivingAccess(db: Database, directoryId: string): Promise<string[]> {
  const { rows } = await db.sql.query<{ object_guid: string }>(
    `SELECT object_guid FROM person p WHERE directory_id = $1 AND deleted_at IS NULL AND state = 'enabled' AND (
       EXISTS (SELECT 1 FROM portal_session s WHERE s.person_id = p.id AND s.ended_at IS NULL AND s.expires_at > now())
       OR EXISTS (SELECT 1 FROM credential c WHERE c.person_id = p.id AND c.revoked_at IS NULL AND c.expires_at > now()))`,
    [directoryId],
  );
  return rows.map((row) => row.object_guid);
}

export async function loadLivingPerson(db: Database, id: string): Promise<KnownPerson | null> {
  const { rows } = await db.sql.query<KnownPerson>(`SELECT ${personColumns} FROM person WHERE id = $1 AND deleted_at IS NULL`, [id]);
  return rows[0] ?? null;
}

/** SIDs of the security groups that a person is in, directly or through other security groups; `foreign: false` leaves out the way over another domain's groups. */
export async function securityGroupsOf(db: Database, personId: string, { foreign = true }: { foreign?: boolean } = {}): Promise<string[]> {
  const { rows } = await db.sql.query<{ sid: string }>(
    `WITH RECURSIVE above(id) AS (
       SELECT g.id FROM membership m JOIN directory_group g ON g.id = m.group_id AND g.security AND g.deleted_at IS NULL
       WHERE m.member_id = $1 AND ($2 OR NOT m.is_foreign)
       UNION SELECT g.id FROM above a JOIN membership m ON m.member_id = a.id AND ($2 OR NOT m.is_foreign)
         JOIN directory_group g ON g.id = m.group_id AND g.security AND g.deleted_at IS NULL)
     SELECT g.sid FROM above JOIN directory_group g USING (id) WHERE g.sid IS NOT NULL`,
    [personId, foreign],
  );
  return rows.map(({ sid }) => sid);
}

export async function loadLivingGuids(db: Database, directoryId: string): Promise<string[]> {
  const { rows } = await db.sql.query<{ object_guid: string }>(
    `SELECT object_guid FROM person WHERE directory_id = $1 AND deleted_at IS NULL
     UNION ALL SELECT object_guid FROM directory_group WHERE directory_id = $1 AND deleted_at IS NULL`,
    [directoryId],
  );
  return rows.map((row) => row.object_guid);
}

/** Those who have a place here by the settings that hold now. */
export async function loadTakenInGuids(db: Database, directoryId: string): Promise<Set<string>> {
  const { rows } = await db.sql.query<{ object_guid: string }>(
    `SELECT object_guid FROM person WHERE directory_id = $1 AND deleted_at IS NULL AND NOT out_of_scope
     UNION ALL SELECT object_guid FROM directory_group WHERE directory_id = $1 AND deleted_at IS NULL`,
    [directoryId],
  );
  return new Set(rows.map((row) => row.object_guid));
}

/** Of these groups, those that have a place here. */
export async function loadLivingGroupsAmong(db: Database, directoryId: string, guids: readonly string[]): Promise<Set<string>> {
  const { rows } = await db.sql.query<{ object_guid: string }>(
    'SELECT object_guid FROM directory_group WHERE directory_id = $1 AND deleted_at IS NULL AND object_guid = ANY($2::uuid[])',
    [directoryId, [...guids]],
  );
  return new Set(rows.map((row) => row.object_guid));
}

/** Whose state another one would be now, with nothing having changed but the time. Each of the three is asked of an index of its own. */
const isDueByClock = (lockoutSeconds: string) => `deleted_at IS NULL AND (
  (state IN ('enabled', 'locked', 'outside-hours') AND account_expires_at <= now())
  OR (state IN ('enabled', 'outside-hours') AND logon_hours IS NOT NULL AND (state = 'enabled') <> (get_bit(decode(logon_hours, 'hex'),
    (extract(dow FROM now() AT TIME ZONE 'UTC') * 24 + extract(hour FROM now() AT TIME ZONE 'UTC'))::integer) = 1))
  OR (state = 'locked' AND coalesce(lockout_window_seconds, ${lockoutSeconds}) > 0
    AND lockout_at + make_interval(secs => coalesce(lockout_window_seconds, ${lockoutSeconds})) <= now()))`;

/** Accounts whose state the clock has changed, or may have: no directory ever reports it. */
export async function loadDueByClock(db: Database, directoryId: string, lockoutSeconds: number | null): Promise<KnownPerson[]> {
  const { rows } = await db.sql.query<KnownPerson>(
    `SELECT ${personColumns} FROM person WHERE directory_id = $1 AND ${isDueByClock('$2::integer')} LIMIT 500`,
    [directoryId, lockoutSeconds ?? 0],
  );
  return rows;
}

export function endpointOf({ settings }: Pick<Directory, 'settings'>, url: string): Endpoint {
  return { url, serverName: settings.serverName, caPem: settings.caPem, dnsServers: settings.find?.dnsServers };
}
