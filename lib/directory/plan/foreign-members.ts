/**
 * Members that another domain knows: foreign security principals, and accounts of another domain of the forest. A group's directory tells only
 * their SIDs; who that is may be read later than the group, by another follower, or never. So the SIDs are kept as they are told, and the
 * memberships are derived from them whenever either side changes.
 *
 * A SID means somebody only when it belongs to the very domain that this somebody was read from, and only when exactly one does: a directory
 * that shows another domain's SIDs as its own gives nobody anything. Whoever is unknown is shown, and counted for nobody.
 */
import { type AuditEntry, recordAll } from '#lib/audit/record.ts';
import type { Tx } from '#lib/db/database.ts';
import type { Touch } from '#lib/db/topics.ts';
import type { Directory, KnownEdge, Observation } from '../types.ts';
import { revokeMemberships } from './apply.ts';
import type { Plan } from './plan.ts';

export interface SettleOptions {
  readonly directory: Pick<Directory, 'id' | 'domain'>;
  readonly observation: Pick<Observation, 'groups' | 'links'>;
  readonly plan: Plan;
  readonly evidenceAt: Date;
}

type Told = { readonly guid: string; readonly sid: string };

export async function settleForeignMembers(
  tx: Tx,
  touch: Touch,
  { directory, observation, plan, evidenceAt }: SettleOptions,
): Promise<void> {
  const changed = await keepWhatIsTold(tx, directory.id, observation);
  if (!changed && !plan.operations.some(mayChangeWhoIsMeant)) return;
  await deriveMemberships(tx, touch, { kind: 'directory', id: directory.id, name: directory.domain }, evidenceAt);
}

/** The group's members are replaced where they were read whole, and mended where links were told one by one. */
async function keepWhatIsTold(tx: Tx, directoryId: string, { groups, links }: SettleOptions['observation']): Promise<boolean> {
  const whole = groups.filter(({ memberGuids }) => memberGuids !== null);
  const told = whole.flatMap(({ objectGuid, foreignSids = [] }) => foreignSids.map((sid): Told => ({ guid: objectGuid, sid })));
  const latest = new Map(links.flatMap((link) => (link.foreignSid ? [[`${link.groupGuid} ${link.foreignSid}`, link] as const] : [])));
  const byLink = (present: boolean) =>
    [...latest.values()].flatMap((link): Told[] =>
      link.present === present ? [{ guid: link.groupGuid, sid: link.foreignSid ?? '' }] : [],
    );
  const replaced =
    whole.length === 0
      ? 0
      : await replaceMembers(
          tx,
          directoryId,
          whole.map(({ objectGuid }) => objectGuid),
          told,
        );
  const left = await removeMembers(tx, directoryId, byLink(false));
  const came = await addMembers(tx, directoryId, byLink(true));
  return replaced + left + came > 0;
}

async function replaceMembers(tx: Tx, directoryId: string, guids: readonly string[], told: readonly Told[]): Promise<number> {
  const left = await tx.$executeRaw`
    DELETE FROM foreign_member m USING directory_group g
    WHERE g.id = m.group_id AND g.directory_id = ${directoryId} AND g.object_guid = ANY(${[...guids]}::uuid[])
      AND NOT EXISTS (SELECT 1 FROM unnest(${told.map(({ guid }) => guid)}::uuid[], ${told.map(({ sid }) => sid)}::text[]) AS t(guid, sid)
        WHERE t.guid = g.object_guid AND t.sid = m.sid)`;
  return left + (await addMembers(tx, directoryId, told));
}

async function addMembers(tx: Tx, directoryId: string, told: readonly Told[]): Promise<number> {
  if (told.length === 0) return 0;
  return tx.$executeRaw`
    INSERT INTO foreign_member (group_id, sid)
    SELECT g.id, t.sid FROM unnest(${told.map(({ guid }) => guid)}::uuid[], ${told.map(({ sid }) => sid)}::text[]) AS t(guid, sid)
    JOIN directory_group g ON g.directory_id = ${directoryId} AND g.object_guid = t.guid
    ON CONFLICT DO NOTHING`;
}

async function removeMembers(tx: Tx, directoryId: string, told: readonly Told[]): Promise<number> {
  if (told.length === 0) return 0;
  return tx.$executeRaw`
    DELETE FROM foreign_member m
    USING directory_group g, unnest(${told.map(({ guid }) => guid)}::uuid[], ${told.map(({ sid }) => sid)}::text[]) AS t(guid, sid)
    WHERE g.id = m.group_id AND g.directory_id = ${directoryId} AND g.object_guid = t.guid AND m.sid = t.sid`;
}

function mayChangeWhoIsMeant(operation: Plan['operations'][number]): boolean {
  switch (operation.kind) {
    case 'create-person':
    case 'create-group':
    case 'delete-group':
      return true;
    case 'update-person':
    case 'update-group':
      return operation.changes.some(({ field }) => field === 'sid' || field === 'deletedAt' || field === 'directoryId');
    default:
      return false;
  }
}

/** What is derived is made to agree with what is told, and whoever lost something by it loses it as in any other group. */
export async function deriveMemberships(tx: Tx, touch: Touch, actor: AuditEntry['actor'], evidenceAt: Date): Promise<void> {
  // Two directories at once: whoever comes second sees what the first one wrote.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('foreign members', 0))`;
  // Most installations have none, and a change of one person is to cost them nothing.
  const [any] = await tx.$queryRaw<{ some: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM foreign_member) OR EXISTS (SELECT 1 FROM membership WHERE is_foreign) AS some`;
  if (!any?.some) return;
  const removed = await tx.$queryRaw<KnownEdge[]>`
    DELETE FROM membership m WHERE m.is_foreign AND NOT EXISTS (
      SELECT 1 FROM foreign_membership f WHERE f.group_id = m.group_id AND f.member_id = m.member_id)
    RETURNING group_id AS "groupId", member_id AS "memberId", is_primary AS "isPrimary"`;
  const added = await tx.$queryRaw<KnownEdge[]>`
    INSERT INTO membership (group_id, member_id, is_foreign) SELECT group_id, member_id, true FROM foreign_membership
    ON CONFLICT DO NOTHING
    RETURNING group_id AS "groupId", member_id AS "memberId", is_primary AS "isPrimary"`;
  if (removed.length + added.length === 0) return;
  const names = await namesOfEdges(tx, [...removed, ...added]);
  for (const { groupId } of [...removed, ...added]) touch('membership', groupId);
  await revokeMemberships(tx, touch, removed, names, evidenceAt);
  const story =
    (event: 'membership.added' | 'membership.removed') =>
    (edge: KnownEdge): AuditEntry => ({
      event,
      actor,
      subject: {
        kind: edge.memberId.startsWith('g-') ? 'group' : 'person',
        id: edge.memberId,
        name: names.get(edge.memberId) ?? edge.memberId,
      },
      detail: { groupId: edge.groupId, group: names.get(edge.groupId) ?? edge.groupId, foreign: true },
    });
  await recordAll(tx, [...removed.map(story('membership.removed')), ...added.map(story('membership.added'))]);
}

async function namesOfEdges(tx: Tx, edges: readonly KnownEdge[]): Promise<Map<string, string>> {
  const ids = [...new Set(edges.flatMap(({ groupId, memberId }) => [groupId, memberId]))];
  const rows = await tx.$queryRaw<{ id: string; name: string }[]>`
    SELECT id, display_name AS name FROM person WHERE id = ANY(${ids}) UNION ALL SELECT id, name FROM directory_group WHERE id = ANY(${ids})`;
  return new Map(rows.map(({ id, name }) => [id, name]));
}
