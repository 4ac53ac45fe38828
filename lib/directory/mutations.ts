/** Writes of this room. Bulk goes as one JSON array a statement; whoever calls holds the transaction. */
import type { Database, Tx } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import type { Touch } from '#lib/db/topics.ts';
import type { Stamps } from './active-directory/replication-stamps.ts';
import type { Held } from './shrink-guard.ts';
import type { Directory, DirectorySettings, KnownEdge, KnownGroup, KnownPerson } from './types.ts';

// ── people, groups, memberships ──────────────────────────────────────────────────────────────────────────────────────────────

export async function savePeople(tx: Tx, forestId: string, people: readonly KnownPerson[]): Promise<void> {
  if (people.length === 0) return;
  const rows = people.map((person) => ({ ...person, forestId, stamps: person.stamps ?? ({} satisfies Stamps) }));
  // Two people who swap names would meet in the unique index: whoever gets another name first lays down the old one.
  await tx.$executeRaw`
    UPDATE person p SET wire_name = p.id FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(id text, "wireName" text)
    WHERE p.id = r.id AND p.wire_name <> r."wireName"`;
  // An admin's cut may have come since the plan was made; no directory state lifts it.
  await tx.$executeRaw`
    INSERT INTO person AS p (id, forest_id, directory_id, object_guid, sid, dn, sam_account_name, upn, wire_name, display_name, mail, title, department,
      user_account_control, primary_group_rid, account_expires_at, lockout_at, logon_hours, password_set_at, must_change_password, deleted_at, out_of_scope, state, stamp)
    SELECT id, "forestId", "directoryId", "objectGuid", sid, dn, "samAccountName", upn, "wireName", "displayName", mail, title, department,
      "userAccountControl", "primaryGroupRid", "accountExpiresAt", "lockoutAt", "logonHours", "passwordSetAt", "mustChangePassword", "deletedAt", "outOfScope", state, stamps
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(id text, "forestId" text, "directoryId" text, "objectGuid" uuid, sid text, dn text,
      "samAccountName" text, upn text, "wireName" text, "displayName" text, mail text, title text, department text, "userAccountControl" integer,
      "primaryGroupRid" integer, "accountExpiresAt" timestamptz, "lockoutAt" timestamptz, "logonHours" text, "passwordSetAt" timestamptz, "mustChangePassword" boolean,
      "deletedAt" timestamptz, "outOfScope" boolean, state text, stamps jsonb)
    ON CONFLICT (id) DO UPDATE SET directory_id = excluded.directory_id, sid = excluded.sid, dn = excluded.dn,
      sam_account_name = excluded.sam_account_name, upn = excluded.upn, wire_name = excluded.wire_name, display_name = excluded.display_name,
      mail = excluded.mail, title = excluded.title, department = excluded.department, user_account_control = excluded.user_account_control,
      primary_group_rid = excluded.primary_group_rid, account_expires_at = excluded.account_expires_at, lockout_at = excluded.lockout_at,
      logon_hours = excluded.logon_hours,
      password_set_at = excluded.password_set_at, must_change_password = excluded.must_change_password, deleted_at = excluded.deleted_at,
      out_of_scope = excluded.out_of_scope, stamp = excluded.stamp, updated_at = now(),
      state = CASE WHEN p.cut_at IS NOT NULL AND excluded.state <> 'deleted' THEN 'cut' ELSE excluded.state END,
      state_since = CASE WHEN p.state = excluded.state THEN p.state_since ELSE now() END`;
}

/** What they are at this moment, held so until the transaction ends. */
export async function lockStates(tx: Tx, personIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.$queryRaw<
    { id: string; state: string }[]
  >`SELECT id, state FROM person WHERE id = ANY(${[...personIds]}) ORDER BY id FOR UPDATE`;
  return new Map(rows.map(({ id, state }) => [id, state]));
}

export async function setPersonState(tx: Tx, touch: Touch, personId: string, state: KnownPerson['state']): Promise<boolean> {
  const changed = await tx.$executeRaw`
    UPDATE person SET state = ${state}, state_since = now(), updated_at = now() WHERE id = ${personId} AND cut_at IS NULL AND state <> ${state}`;
  if (changed > 0) touch('person', personId);
  return changed > 0;
}

/** What a person held dies with the account, and does not rise with it: after a re-enable everybody downloads anew. */
export async function endCredentials(tx: Tx, touch: Touch, personId: string, reason: string): Promise<void> {
  const ended = await tx.$queryRaw<{ id: string }[]>`
    UPDATE credential SET revoked_at = now(), revoke_reason = ${reason} WHERE person_id = ${personId} AND revoked_at IS NULL RETURNING id`;
  for (const { id } of ended) touch('credential', id);
}

/** AD's clock says when the password changed, ours when a session began: one that began after it was opened with the new password. */
export async function endSessionsBegunBefore(tx: Tx, touch: Touch, personId: string, passwordSetAt: Date): Promise<number> {
  const ended = await tx.$queryRaw<{ id: string }[]>`
    UPDATE portal_session SET ended_at = now(), end_reason = 'password changed'
    WHERE person_id = ${personId} AND ended_at IS NULL AND created_at < ${passwordSetAt} RETURNING id`;
  for (const { id } of ended) touch('session', id);
  return ended.length;
}

/** Of these links, those at whose far end, perhaps through other groups, a living grant stands. Asked once the links themselves are gone. */
export async function linksToGrants(tx: Tx, edges: readonly KnownEdge[]): Promise<KnownEdge[]> {
  if (edges.length === 0) return [];
  const rows = await tx.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE above(origin, id) AS (
      SELECT DISTINCT id, id FROM unnest(${edges.map(({ groupId }) => groupId)}::text[]) AS id
      UNION SELECT a.origin, m.group_id FROM above a JOIN membership m ON m.member_id = a.id)
    SELECT DISTINCT origin AS id FROM above a
    JOIN binding b ON b.subject_kind = 'group' AND b.subject_id = a.id AND b.revoked_at IS NULL AND (b.until IS NULL OR b.until > now())`;
  const leading = new Set(rows.map(({ id }) => id));
  return edges.filter(({ groupId }) => leading.has(groupId));
}

export async function saveGroups(tx: Tx, forestId: string, groups: readonly KnownGroup[]): Promise<void> {
  if (groups.length === 0) return;
  const rows = groups.map((group) => ({ ...group, forestId }));
  await tx.$executeRaw`
    INSERT INTO directory_group (id, forest_id, directory_id, object_guid, sid, dn, sam_account_name, name, description, group_type, security, deleted_at)
    SELECT id, "forestId", "directoryId", "objectGuid", sid, dn, "samAccountName", name, description, "groupType", security, "deletedAt"
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(id text, "forestId" text, "directoryId" text, "objectGuid" uuid, sid text, dn text,
      "samAccountName" text, name text, description text, "groupType" integer, security boolean, "deletedAt" timestamptz)
    ON CONFLICT (id) DO UPDATE SET directory_id = excluded.directory_id, sid = excluded.sid, dn = excluded.dn,
      sam_account_name = excluded.sam_account_name, name = excluded.name, description = excluded.description, group_type = excluded.group_type,
      security = excluded.security, deleted_at = excluded.deleted_at, updated_at = now()`;
}

export async function saveEdges(tx: Tx, edges: readonly KnownEdge[]): Promise<void> {
  if (edges.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO membership (group_id, member_id, is_primary)
    SELECT * FROM unnest(${edges.map(({ groupId }) => groupId)}::text[], ${edges.map(({ memberId }) => memberId)}::text[],
      ${edges.map(({ isPrimary }) => isPrimary)}::boolean[])
    ON CONFLICT (group_id, member_id) DO UPDATE SET is_primary = excluded.is_primary`;
}

export async function removeEdges(tx: Tx, edges: readonly KnownEdge[]): Promise<void> {
  if (edges.length === 0) return;
  await tx.$executeRaw`
    DELETE FROM membership m USING unnest(${edges.map(({ groupId }) => groupId)}::text[], ${edges.map(({ memberId }) => memberId)}::text[]) AS e(group_id, member_id)
    WHERE m.group_id = e.group_id AND m.member_id = e.member_id`;
}

// ── directories and their domain controllers ─────────────────────────────────────────────────────────────────────────────────

/** Where a follower stands: committed with the data that it stands for, so that neither is ahead of the other. */
export interface Position {
  readonly invocationId: string;
  readonly dnsHostName: string | null;
  readonly highestUsn: bigint;
  readonly cookie: Buffer | null;
  readonly seesDeleted: boolean;
  readonly freshAt: Date;
  /** Set by a complete read. */
  readonly fullReadAt?: Date | undefined;
}

export async function savePosition(tx: Tx, touch: Touch, controllerId: string, position: Position): Promise<void> {
  await tx.$executeRaw`
    UPDATE domain_controller SET invocation_id = ${position.invocationId}, dns_host_name = ${position.dnsHostName}, highest_usn = ${position.highestUsn},
      cookie = ${position.cookie}, sees_deleted = ${position.seesDeleted}, fresh_at = least(${position.freshAt}::timestamptz, clock_timestamp()),
      full_read_at = coalesce(${position.fullReadAt ?? null}::timestamptz, full_read_at), state = 'following', state_detail = NULL
    WHERE id = ${controllerId}`;
  if (position.fullReadAt) touch('domain-controller', controllerId);
}

/**
 * Freshness alone, between drains: nobody waits for it, so it is no change that wakes the world. A worker whose clock is ahead proves nothing
 * for the time to come.
 */
export async function saveFreshness(db: Database, controllerId: string, freshAt: Date): Promise<void> {
  await db.sql.query(
    'UPDATE domain_controller SET fresh_at = least($2, clock_timestamp()) WHERE id = $1 AND (fresh_at IS NULL OR fresh_at < $2)',
    [controllerId, freshAt],
  );
}

export async function setControllerState(
  tx: Tx,
  touch: Touch,
  controllerId: string,
  state: string,
  detail: string | null,
): Promise<boolean> {
  const changed = await tx.$executeRaw`
    UPDATE domain_controller SET state = ${state}, state_detail = ${detail} WHERE id = ${controllerId} AND (state, state_detail) IS DISTINCT FROM (${state}, ${detail})`;
  if (changed > 0) touch('domain-controller', controllerId);
  return changed > 0;
}

export async function setDirectoryState(tx: Tx, directoryId: string, state: Directory['state'], detail: string | null): Promise<boolean> {
  const changed = await tx.$executeRaw`
    UPDATE directory SET state = ${state}, state_detail = ${detail}, state_since = CASE WHEN state = ${state} THEN state_since ELSE now() END,
      held = CASE WHEN ${state} = 'held' THEN held END
    WHERE id = ${directoryId} AND (state, state_detail) IS DISTINCT FROM (${state}, ${detail})`;
  return changed > 0;
}

export async function saveHeld(tx: Tx, directoryId: string, held: readonly Held[]): Promise<void> {
  await tx.$executeRaw`UPDATE directory SET held = ${JSON.stringify(held)}::jsonb WHERE id = ${directoryId}`;
}

export async function saveDomainFacts(
  tx: Tx,
  touch: Touch,
  directoryId: string,
  facts: { domainSid: string | null; netbios: string | null; lockoutThreshold: number | null; lockoutSeconds: number | null },
): Promise<void> {
  const changed = await tx.$executeRaw`
    UPDATE directory SET domain_sid = ${facts.domainSid}, netbios = ${facts.netbios}, lockout_threshold = ${facts.lockoutThreshold},
      lockout_window_seconds = ${facts.lockoutSeconds}
    WHERE id = ${directoryId} AND (domain_sid, netbios, lockout_threshold, lockout_window_seconds)
      IS DISTINCT FROM (${facts.domainSid}, ${facts.netbios}, ${facts.lockoutThreshold}::integer, ${facts.lockoutSeconds}::integer)`;
  if (changed > 0) touch('directory', directoryId);
}

export interface NewDirectory {
  readonly forestName: string;
  readonly domain: string;
  readonly netbios: string | null;
  readonly baseDn: string;
  readonly domainSid: string | null;
  readonly lockoutThreshold: number | null;
  readonly lockoutSeconds: number | null;
  readonly settings: DirectorySettings;
  readonly sealSecret: (directoryId: string) => Buffer;
}

export async function insertDirectory(tx: Tx, touch: Touch, made: NewDirectory): Promise<string> {
  const [known] = await tx.$queryRaw<{ id: string }[]>`SELECT id FROM forest WHERE name = ${made.forestName}`;
  const forestId = known?.id ?? newId('f');
  if (!known) await tx.$executeRaw`INSERT INTO forest (id, name) VALUES (${forestId}, ${made.forestName})`;
  const id = newId('d');
  await tx.$executeRaw`
    INSERT INTO directory (id, forest_id, domain, netbios, base_dn, domain_sid, settings, lockout_threshold, lockout_window_seconds)
    VALUES (${id}, ${forestId}, ${made.domain}, ${made.netbios}, ${made.baseDn}, ${made.domainSid}, ${JSON.stringify(made.settings)}::jsonb,
      ${made.lockoutThreshold}, ${made.lockoutSeconds})`;
  await tx.$executeRaw`INSERT INTO directory_secret (directory_id, sealed) VALUES (${id}, ${made.sealSecret(id)})`;
  for (const url of made.settings.urls) {
    await tx.$executeRaw`INSERT INTO domain_controller (id, directory_id, url) VALUES (${newId('dc')}, ${id}, ${url})`;
  }
  touch('directory', id);
  return id;
}

/** Where it was read from or whom it takes in may be another now: so it is read anew, from the beginning. */
export async function updateDirectory(
  tx: Tx,
  touch: Touch,
  { id, settings, sealed }: { id: string; settings: DirectorySettings; sealed: Buffer },
): Promise<void> {
  const urls = [...settings.urls];
  await tx.$executeRaw`UPDATE directory SET settings = ${JSON.stringify(settings)}::jsonb WHERE id = ${id}`;
  await tx.$executeRaw`UPDATE directory_secret SET sealed = ${sealed} WHERE directory_id = ${id}`;
  await tx.$executeRaw`DELETE FROM domain_controller WHERE directory_id = ${id} AND NOT url = ANY(${urls})`;
  await tx.$executeRaw`UPDATE domain_controller SET cookie = NULL, full_read_at = NULL WHERE directory_id = ${id}`;
  for (const url of urls) {
    await tx.$executeRaw`INSERT INTO domain_controller (id, directory_id, url) VALUES (${newId('dc')}, ${id}, ${url}) ON CONFLICT (directory_id, url) DO NOTHING`;
  }
  touch('directory', id);
}

/** Only for one whose first read failed: nothing refers to its people yet. */
export async function removeUnreadDirectory(tx: Tx, touch: Touch, directoryId: string): Promise<void> {
  await tx.$executeRaw`DELETE FROM membership WHERE group_id IN (SELECT id FROM directory_group WHERE directory_id = ${directoryId})`;
  await tx.$executeRaw`DELETE FROM directory_group WHERE directory_id = ${directoryId}`;
  await tx.$executeRaw`DELETE FROM person WHERE directory_id = ${directoryId}`;
  const [gone] = await tx.$queryRaw<{ forest_id: string }[]>`DELETE FROM directory WHERE id = ${directoryId} RETURNING forest_id`;
  if (gone)
    await tx.$executeRaw`DELETE FROM forest f WHERE id = ${gone.forest_id} AND NOT EXISTS (SELECT 1 FROM directory d WHERE d.forest_id = f.id)`;
  touch('directory', directoryId);
}

// ── sign-in tries ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Takes one try out of each bucket's budget, or none and says which bucket is empty. The try counts as failed from the start: what dies half-way
 * has been tried. Buckets are locked in order, so that many at once neither slip past the count nor wait for each other in a circle.
 */
export async function reserveTry(
  tx: Tx,
  buckets: readonly { readonly name: string; readonly budget: number; readonly windowSeconds: number }[],
): Promise<{ ids: bigint[] } | { empty: string }> {
  const ids: bigint[] = [];
  for (const { name } of buckets.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`login ${name}`}, 0))`;
  }
  for (const { name, budget, windowSeconds } of buckets) {
    const [row] = await tx.$queryRaw<{ failed: bigint }[]>`
      SELECT count(*) AS failed FROM login_attempt WHERE bucket = ${name} AND failed AND at > clock_timestamp() - make_interval(secs => ${windowSeconds})`;
    if (Number(row?.failed ?? 0) >= budget) return { empty: name };
  }
  for (const { name } of buckets) {
    const [row] = await tx.$queryRaw<{ id: bigint }[]>`INSERT INTO login_attempt (bucket) VALUES (${name}) RETURNING id`;
    if (row) ids.push(row.id);
  }
  return { ids };
}

/** A success clears the account's count, as it does in AD; of the address only this one try is given back. */
export async function settleTry(db: Database, ids: readonly bigint[], accountBucket: string): Promise<void> {
  await db.sql.query('UPDATE login_attempt SET failed = false WHERE failed AND (id = ANY($1::bigint[]) OR bucket = $2)', [
    ids.map(String),
    accountBucket,
  ]);
}

/** The domain controller never heard the password: this was no try. */
export async function giveBackTry(db: Database, ids: readonly bigint[]): Promise<void> {
  await db.sql.query('DELETE FROM login_attempt WHERE id = ANY($1::bigint[])', [ids.map(String)]);
}

export async function forgetOldTries(db: Database): Promise<void> {
  await db.sql.query(`DELETE FROM login_attempt WHERE at < now() - interval '2 days'`);
}
