/** Writes of this room. Bulk goes as one JSON array a statement; whoever calls holds the transaction. */
import { changing, type Database, type Tx } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import type { Lease } from '#lib/db/lease.ts';
import type { Touch } from '#lib/db/topics.ts';
import type { Stamps } from './active-directory/replication-stamps.ts';
import type { ChangeMode } from './follow/changes.ts';
import type { Beside } from './follow/stance.ts';
import type { Held } from './plan/shrink-guard.ts';
import { findDisconnected } from './settings/disconnected.ts';
import type { Approval, Directory, DirectorySettings, KnownEdge, KnownGroup, KnownPerson } from './types.ts';

// ── people, groups, memberships ──────────────────────────────────────────────────────────────────────────────────────────────

/** `renamed`: those of them whose wire name changes hands, or may. */
export async function savePeople(tx: Tx, forestId: string, people: readonly KnownPerson[], renamed = people): Promise<void> {
  if (people.length === 0) return;
  if (renamed.length > 0) await layDownNames(tx, forestId, renamed);
  const rows = people.map((person) => ({ ...person, forestId, stamps: person.stamps ?? ({} satisfies Stamps) }));
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

/**
 * Two who change names would meet in the unique index, and who comes under a name would meet whoever dies or leaves it in the same breath: so
 * whoever gets another name or none, and whoever carries a name that is given here, first lays it down. By arrays, because of these the
 * database knows how many there are.
 */
async function layDownNames(tx: Tx, forestId: string, people: readonly KnownPerson[]): Promise<void> {
  const [ids, names] = [people.map(({ id }) => id), people.map(({ wireName }) => wireName)];
  const lives = people.map(({ deletedAt }) => deletedAt === null);
  await tx.$executeRaw`
    UPDATE person p SET wire_name = p.id FROM unnest(${ids}::text[], ${names}::text[], ${lives}::boolean[]) AS r(id, name, lives)
    WHERE p.id = r.id AND (p.wire_name <> r.name OR NOT r.lives)`;
  await tx.$executeRaw`
    UPDATE person p SET wire_name = p.id FROM unnest(${ids}::text[], ${names}::text[], ${lives}::boolean[]) AS r(id, name, lives)
    WHERE p.forest_id = ${forestId} AND p.wire_name = r.name AND p.id <> r.id AND p.deleted_at IS NULL AND r.lives`;
}

/** What they are at this moment, held so until the transaction ends. */
export async function lockStates(tx: Tx, personIds: readonly string[]): Promise<Map<string, Pick<KnownPerson, 'state' | 'stamps'>>> {
  const rows = await tx.$queryRaw<(Pick<KnownPerson, 'state' | 'stamps'> & { id: string })[]>`
    SELECT id, state, CASE WHEN stamp = '{}' THEN NULL ELSE stamp END AS stamps FROM person WHERE id = ANY(${[...personIds]}) ORDER BY id FOR UPDATE`;
  return new Map(rows.map(({ id, ...standing }) => [id, standing]));
}

export type Standing = Pick<KnownPerson, 'state' | 'userAccountControl' | 'accountExpiresAt' | 'lockoutAt' | 'stamps' | 'deletedAt'>;

/** Those of these people whose state is another by now than it was said to be; all of them are held as they are until the transaction ends. */
export async function lockChanged(tx: Tx, people: readonly { id: string; from: string }[]): Promise<Map<string, Standing>> {
  if (people.length === 0) return new Map();
  const rows = await tx.$queryRaw<(Standing & { id: string })[]>`
    SELECT id, state, user_account_control AS "userAccountControl", account_expires_at AS "accountExpiresAt", lockout_at AS "lockoutAt",
      CASE WHEN stamp = '{}' THEN NULL ELSE stamp END AS stamps, deleted_at AS "deletedAt"
    FROM (SELECT * FROM person WHERE id = ANY(${people.map(({ id }) => id)}) ORDER BY id FOR UPDATE) held
    JOIN unnest(${people.map(({ id }) => id)}::text[], ${people.map(({ from }) => from)}::text[]) AS was(id, "from") USING (id)
    WHERE held.state <> was."from"`;
  return new Map(rows.map(({ id, ...standing }) => [id, standing]));
}

export async function setPersonState(tx: Tx, touch: Touch, personId: string, state: KnownPerson['state']): Promise<boolean> {
  const changed = await tx.$executeRaw`
    UPDATE person SET state = ${state}, state_since = now(), updated_at = now() WHERE id = ${personId} AND cut_at IS NULL AND state <> ${state}`;
  if (changed > 0) touch('person', personId);
  return changed > 0;
}

/** What a person held dies with the account, and does not rise with it: after a re-enable everybody downloads anew. */
export async function endCredentials(tx: Tx, touch: Touch, of: string | readonly string[], reason: string): Promise<void> {
  const personIds = typeof of === 'string' ? [of] : [...of];
  if (personIds.length === 0) return;
  const ended = await tx.$queryRaw<{ id: string }[]>`
    UPDATE credential SET revoked_at = now(), revoke_reason = ${reason} WHERE person_id = ANY(${personIds}) AND revoked_at IS NULL RETURNING id`;
  for (const { id } of ended) touch('credential', id);
}

export const keptForUndoDays = 7;

/** After so long nobody puts a mistake right any more: what was kept for that case ends. */
export async function endWhatNobodyPutBack(db: Database): Promise<void> {
  const { rows } = await db.sql.query<{ id: string }>(
    `SELECT DISTINCT p.id FROM person p JOIN credential c ON c.person_id = p.id AND c.revoked_at IS NULL AND c.expires_at > now()
     WHERE p.state IN ('out-of-scope', 'deleted') AND p.state_since < now() - make_interval(days => $1)`,
    [keptForUndoDays],
  );
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) await changing(db, (tx, touch) => endCredentials(tx, touch, ids, 'out of the directory for a week'));
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

export interface Joining {
  readonly groupId: string;
  readonly memberIds: readonly string[];
  readonly isPrimary: boolean;
}

/** Ids hold no blank and no comma, so that many thousands of them go as one text: an array would be escaped and read value by value. */
export async function saveEdges(tx: Tx, joining: readonly Joining[]): Promise<void> {
  if (joining.length === 0) return;
  const members = joining.map(({ memberIds }) => memberIds.join(' ')).join(',');
  await tx.$executeRaw`
    INSERT INTO membership (group_id, member_id, is_primary)
    SELECT g.group_id, m.member_id, g.is_primary
    FROM unnest(string_to_array(${joined(joining, 'groupId')}, ' '), string_to_array(${members}, ','),
        string_to_array(${joined(joining, 'isPrimary')}, ' ')::boolean[]) AS g(group_id, members, is_primary),
      unnest(string_to_array(g.members, ' ')) AS m(member_id)
    ORDER BY 1, 2
    ON CONFLICT (group_id, member_id) DO UPDATE SET is_primary = excluded.is_primary`;
}

export async function removeEdges(tx: Tx, edges: readonly KnownEdge[]): Promise<void> {
  if (edges.length === 0) return;
  await tx.$executeRaw`
    DELETE FROM membership m
    USING unnest(string_to_array(${joined(edges, 'groupId')}, ' '), string_to_array(${joined(edges, 'memberId')}, ' ')) AS e(group_id, member_id)
    WHERE m.group_id = e.group_id AND m.member_id = e.member_id`;
}

function joined<Field extends string>(rows: readonly { readonly [field in Field]: unknown }[], field: Field): string {
  return rows.map((row) => row[field]).join(' ');
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
  readonly mode: ChangeMode;
  /** Set by changes that came. */
  readonly changedAt?: Date | undefined;
  /** Set by a complete read, which is not over with it: whoever was heard of meanwhile is asked for again (`saveFullRead`). */
  readonly readsAll?: boolean;
}

export async function savePosition(tx: Tx, touch: Touch, controllerId: string, position: Position): Promise<void> {
  await tx.$executeRaw`
    UPDATE domain_controller SET invocation_id = ${position.invocationId}, dns_host_name = ${position.dnsHostName}, highest_usn = ${position.highestUsn},
      cookie = ${position.cookie}, sees_deleted = ${position.seesDeleted}, fresh_at = least(${position.freshAt}::timestamptz, clock_timestamp()),
      full_read_at = CASE WHEN ${position.readsAll === true} THEN NULL ELSE full_read_at END, change_mode = ${position.mode},
      changed_at = coalesce(${position.changedAt ?? null}::timestamptz, changed_at), state = 'following', state_detail = NULL
    WHERE id = ${controllerId}`;
  if (position.readsAll) touch('domain-controller', controllerId);
}

/**
 * A complete read is through, with everybody who was set aside: from now on its cookie may be resumed. Before that its follower stands nowhere,
 * and whoever comes after it reads everything anew. A directory of which something was not believed is not taken in yet.
 */
export async function saveFullRead(
  tx: Tx,
  touch: Touch,
  { directoryId, controllerId, began, isBelieved }: { directoryId: string; controllerId: string; began: Date; isBelieved: boolean },
): Promise<void> {
  await tx.$executeRaw`UPDATE domain_controller SET full_read_at = ${began} WHERE id = ${controllerId}`;
  touch('domain-controller', controllerId);
  if (isBelieved) await tx.$executeRaw`UPDATE directory SET taken_in_at = now() WHERE taken_in_at IS NULL AND id = ${directoryId}`;
}

/**
 * Freshness alone, between drains: nobody waits for it, so it is no change that wakes the world. A worker whose clock is ahead proves nothing
 * for the time to come.
 */
export async function saveFreshness(lease: Lease, controllerId: string, freshAt: Date): Promise<void> {
  await lease.changeIfHeld(
    `UPDATE domain_controller SET fresh_at = least($2::timestamptz, clock_timestamp())
     WHERE id = $1 AND (fresh_at IS NULL OR fresh_at < $2::timestamptz) AND EXISTS (SELECT FROM held)`,
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

/** One that follows beside the leader writes no position; the way it asks, and that it heard of something, is shown all the same. */
export async function saveChangeMode(tx: Tx, controllerId: string, mode: ChangeMode): Promise<void> {
  await tx.$executeRaw`UPDATE domain_controller SET change_mode = ${mode} WHERE id = ${controllerId}`;
}

export async function saveChangeSeen(lease: Lease, controllerId: string, at: Date): Promise<void> {
  await lease.changeIfHeld(
    `UPDATE domain_controller SET changed_at = $2::timestamptz
     WHERE id = $1 AND (changed_at IS NULL OR changed_at < $2::timestamptz) AND EXISTS (SELECT FROM held)`,
    [controllerId, at],
  );
}

export async function saveBeside(lease: Lease, controllerId: string, beside: Beside): Promise<void> {
  await lease.changeIfHeld(`UPDATE domain_controller SET beside = $2::jsonb WHERE id = $1 AND EXISTS (SELECT FROM held)`, [
    controllerId,
    JSON.stringify(beside),
  ]);
}

export async function forgetBeside(tx: Tx, controllerId: string): Promise<void> {
  await tx.$executeRaw`UPDATE domain_controller SET beside = NULL WHERE id = ${controllerId}`;
}

/** What an admin asks for stands in the row until it is done, for whichever worker follows; that one hears of it at once. */
export async function askToReadAgain(
  db: Database,
  directoryId: string,
  { removalsApproved }: { removalsApproved: boolean },
): Promise<void> {
  await changing(db, async (tx, touch) => {
    const now = await tx.$queryRaw<{ id: string }[]>`
      UPDATE directory SET read_asked_at = clock_timestamp(),
        removals_approved_at = CASE WHEN ${removalsApproved} THEN clock_timestamp() ELSE removals_approved_at END
      WHERE id = ${directoryId} RETURNING (SELECT min(c.id) FROM domain_controller c WHERE c.directory_id = directory.id) AS id`;
    for (const { id } of now) if (id) touch('domain-controller', id);
  });
}

/** A complete read that began after it was asked for is the answer; what was approved is done once nothing is held any more. */
export async function settleAsked(tx: Tx, directoryId: string, { began, held }: { began: Date; held: boolean }): Promise<void> {
  await tx.$executeRaw`
    UPDATE directory SET read_asked_at = CASE WHEN read_asked_at <= ${began}::timestamptz THEN NULL ELSE read_asked_at END,
      removals_approved_at = CASE WHEN ${held} OR removals_approved_at > ${began}::timestamptz THEN removals_approved_at END
    WHERE id = ${directoryId} AND (read_asked_at IS NOT NULL OR removals_approved_at IS NOT NULL)`;
}

/** What an admin has seen beforehand is meant once: at the next complete read (`endApproval`). */
export async function saveApproval(tx: Tx, directoryId: string, approved: Approval | null): Promise<void> {
  await tx.$executeRaw`UPDATE directory SET approved = ${approved === null ? null : JSON.stringify(approved)}::jsonb WHERE id = ${directoryId}`;
}

/** A read that went by former settings does not answer what was approved with the ones that are there now. */
export async function endApproval(tx: Tx, { id, settings }: Pick<Directory, 'id' | 'settings'>): Promise<void> {
  await tx.$executeRaw`UPDATE directory SET approved = NULL WHERE id = ${id} AND settings = ${JSON.stringify(settings)}::jsonb`;
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
  const id = (await findDisconnected(tx, made.domain)) ?? newId('d');
  await tx.$executeRaw`
    INSERT INTO directory (id, forest_id, domain, netbios, base_dn, domain_sid, settings, lockout_threshold, lockout_window_seconds)
    VALUES (${id}, ${forestId}, ${made.domain}, ${made.netbios}, ${made.baseDn}, ${made.domainSid}, ${JSON.stringify(made.settings)}::jsonb,
      ${made.lockoutThreshold}, ${made.lockoutSeconds})
    ON CONFLICT (id) DO UPDATE SET forest_id = excluded.forest_id, netbios = excluded.netbios, base_dn = excluded.base_dn, domain_sid = excluded.domain_sid,
      settings = excluded.settings, lockout_threshold = excluded.lockout_threshold, lockout_window_seconds = excluded.lockout_window_seconds,
      state = 'new', state_since = now(), removed_at = NULL`;
  await tx.$executeRaw`INSERT INTO directory_secret (directory_id, sealed) VALUES (${id}, ${made.sealSecret(id)})`;
  await saveListedControllers(tx, id, made.settings.urls);
  touch('directory', id);
  return id;
}

/** Where it was read from or whom it takes in may be another now: so it is read anew, from the beginning. */
export async function updateDirectory(
  tx: Tx,
  touch: Touch,
  { id, settings, sealed }: { id: string; settings: DirectorySettings; sealed: Buffer },
): Promise<void> {
  // A read by the former settings may be about to say that it is done: asked for by name, one that begins later has to come.
  await tx.$executeRaw`UPDATE directory SET settings = ${JSON.stringify(settings)}::jsonb, read_asked_at = clock_timestamp() WHERE id = ${id}`;
  await tx.$executeRaw`UPDATE directory_secret SET sealed = ${sealed} WHERE directory_id = ${id}`;
  // Those that DNS names come to their rows when they are looked up.
  if (!settings.find)
    await tx.$executeRaw`DELETE FROM domain_controller WHERE directory_id = ${id} AND NOT url = ANY(${[...settings.urls]})`;
  await tx.$executeRaw`UPDATE domain_controller SET cookie = NULL, full_read_at = NULL, beside = NULL WHERE directory_id = ${id}`;
  await saveListedControllers(tx, id, settings.urls);
  touch('directory', id);
}

async function saveListedControllers(tx: Tx, directoryId: string, urls: readonly string[]): Promise<void> {
  for (const [preference, url] of urls.entries()) {
    await tx.$executeRaw`
      INSERT INTO domain_controller (id, directory_id, url, preference) VALUES (${newId('dc')}, ${directoryId}, ${url}, ${preference})
      ON CONFLICT (directory_id, url) DO UPDATE SET preference = excluded.preference, found_at = NULL`;
  }
}

/** In the order in which DNS prefers them. What it does not name any more comes last, and goes after an hour: a cache may have been behind. */
export async function saveFoundControllers(tx: Tx, touch: Touch, directoryId: string, urls: readonly string[]): Promise<void> {
  await tx.$executeRaw`
    UPDATE domain_controller SET preference = 1000 WHERE directory_id = ${directoryId} AND NOT url = ANY(${[...urls]})`;
  for (const [preference, url] of urls.entries()) {
    const [row] = await tx.$queryRaw<{ id: string; is_new: boolean }[]>`
      INSERT INTO domain_controller (id, directory_id, url, preference, found_at) VALUES (${newId('dc')}, ${directoryId}, ${url}, ${preference}, clock_timestamp())
      ON CONFLICT (directory_id, url) DO UPDATE SET preference = excluded.preference, found_at = excluded.found_at RETURNING id, xmax = 0 AS is_new`;
    if (row?.is_new) touch('domain-controller', row.id);
  }
  const gone = await tx.$queryRaw<{ id: string }[]>`
    DELETE FROM domain_controller WHERE directory_id = ${directoryId} AND NOT url = ANY(${[...urls]})
      AND (found_at IS NULL OR found_at < clock_timestamp() - interval '1 hour') RETURNING id`;
  for (const { id } of gone) touch('domain-controller', id);
}

/** Whoever follows a directory, in whichever worker, writes nothing after this. */
export async function breakItsLease(tx: Tx, directoryId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE lease SET holder = 'nobody', epoch = epoch + 1, expires_at = now() - interval '1 second' WHERE name = ${`directory:${directoryId}`}`;
}

/** Only for one whose first read failed and that was never connected before: nothing refers to its people yet. */
export async function removeUnreadDirectory(tx: Tx, touch: Touch, directoryId: string): Promise<void> {
  await breakItsLease(tx, directoryId);
  // Nobody takes it up again meanwhile either: whoever writes to its rows waits, and finds them gone.
  await tx.$queryRaw`SELECT 1 FROM directory WHERE id = ${directoryId} FOR UPDATE`;
  await tx.$executeRaw`DELETE FROM membership WHERE group_id IN (SELECT id FROM directory_group WHERE directory_id = ${directoryId})`;
  await tx.$executeRaw`DELETE FROM directory_group WHERE directory_id = ${directoryId}`;
  await tx.$executeRaw`DELETE FROM person WHERE directory_id = ${directoryId}`;
  const [gone] = await tx.$queryRaw<{ forest_id: string }[]>`DELETE FROM directory WHERE id = ${directoryId} RETURNING forest_id`;
  if (gone)
    await tx.$executeRaw`DELETE FROM forest f WHERE id = ${gone.forest_id} AND NOT EXISTS (SELECT 1 FROM directory d WHERE d.forest_id = f.id)`;
  touch('directory', directoryId);
}
