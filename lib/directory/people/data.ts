/** Reads behind the pages of one person, one group, and the directories; their lists are in list-data.ts. */
import type { Database } from '#lib/db/database.ts';
import type { ChangeMode } from '../follow/changes.ts';
import type { Held } from '../plan/shrink-guard.ts';
import type { DirectorySettings } from '../types.ts';
import type { GroupListRow, PersonListRow } from './list-data.ts';

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
