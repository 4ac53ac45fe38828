/**
 * Which domain controller has told us what, and whether another one knows it. Several of them are followed, and each learns of the others'
 * changes only when they replicate. So whoever would make the rows must know all that made them: one that lags behind would give back what
 * was taken away elsewhere, and take away what was given. Up to which USN each has told something is remembered with its data; up to where
 * another one knows it, its up-to-dateness vector says.
 *
 * What one took away while another led (a tombstone, a membership) is remembered by name: the leader may tell of the same person for another
 * reason, and does not give it back before it knows.
 */
import { changing } from '#lib/db/database.ts';
import { readUpToDateVector, type UpToDateness } from '../active-directory/up-to-dateness.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import { highestUsn, type ServerIdentity } from '../ldap/domain.ts';
import { type Operation, rowsOfAll } from '../plan/operation.ts';
import type { Plan } from '../plan/plan.ts';
import type { Known } from '../types.ts';
import type { Ground, Stance } from './stance.ts';

interface Told {
  readonly controllerId: string;
  readonly invocationId: string;
  /** Whether it made the rows then. */
  readonly led: boolean;
  readonly usn: bigint;
  readonly taken: readonly string[];
  readonly ageSeconds: number;
}

/** Instead of more names than are kept: all of them. */
const everything = '*';
const namesKept = 2_000;
const probeTimeoutMs = 3_000;
/** A change that only a lost domain controller knew is lost for the domain, too; by then its partners' word holds, before ours is too old. */
const lostAfterSeconds = 900;
/** Where the vector cannot be read: replication within a site is done in seconds, between well connected ones in minutes. */
const assumedKnownAfterSeconds = 900;

export async function noteTold(
  ground: Ground,
  connection: LdapConnection,
  stance: Stance,
  from: bigint,
  operations: readonly Operation[],
): Promise<void> {
  if (operations.length === 0 || !ground.hasPartners()) return;
  const names = stance.leads ? [] : operations.flatMap(nameOfTaken);
  if (stance.leads ? !operations.some(mustBeKnown) : names.length === 0) return;
  const taken = JSON.stringify(names.length > namesKept ? [everything] : names);
  // It may have told of more than there was when it was asked for its number: whoever knows all up to now knows what was taken.
  const usn = stance.leads ? from : await highestUsn(connection, probeTimeoutMs);
  await changing(ground.db, async (tx) => {
    await ground.lease.requireHeld(tx);
    await tx.$executeRaw`
      INSERT INTO controller_told AS t (controller_id, invocation_id, led, usn, taken)
      VALUES (${ground.controllerId}, ${stance.identity.invocationId}, ${stance.leads}, ${usn}, ${taken}::jsonb)
      ON CONFLICT (controller_id, invocation_id, led) DO UPDATE SET usn = greatest(t.usn, excluded.usn), at = clock_timestamp(),
        taken = CASE WHEN jsonb_array_length(t.taken) > ${namesKept}::integer THEN ${JSON.stringify([everything])}::jsonb ELSE t.taken || excluded.taken END`;
  });
}

export interface Lacking {
  /** What made the rows: without it this one may not make them. */
  readonly made: readonly Told[];
  /** What partners took away: it gives none of that back, and reads everything only once it knows. */
  readonly taken: readonly Told[];
}

const nothing: Lacking = { made: [], taken: [] };

/** What has been told to us and this one does not know. Nothing, where it is the directory's only domain controller. */
export async function whatItLacks(ground: Ground, connection: LdapConnection, identity: ServerIdentity): Promise<Lacking> {
  if (!ground.hasPartners()) return nothing;
  const told = (await loadTold(ground)).filter((one) => one.ageSeconds < lostAfterSeconds || ground.isReached(one.controllerId));
  if (told.length === 0) return nothing;
  const vector = await readVector(connection, identity.defaultNamingContext);
  const unknown = told.filter((one) => !isKnown(one, identity, vector));
  return { made: unknown.filter(({ led }) => led), taken: unknown.filter(({ led, taken }) => !led && taken.length > 0) };
}

/** Whether this one was put back, under the same invocationId, to before something that it had told: then its USNs mean nothing any more. */
export async function wasRolledBack({ db, controllerId }: Ground, { invocationId, highestUsn }: ServerIdentity): Promise<boolean> {
  const { rows } = await db.sql.query<{ back: boolean }>(
    `SELECT coalesce(rolled_back = $2, false) OR coalesce(invocation_id = $2 AND highest_usn > $3, false)
       OR EXISTS (SELECT 1 FROM controller_told WHERE controller_id = $1 AND invocation_id = $2 AND usn > $3) AS back
     FROM domain_controller WHERE id = $1`,
    [controllerId, invocationId, String(highestUsn)],
  );
  return rows[0]?.back === true;
}

export async function noteRolledBack({ db, lease, controllerId }: Ground, invocationId: string): Promise<void> {
  await changing(db, async (tx) => {
    await lease.requireHeld(tx);
    await tx.$executeRaw`UPDATE domain_controller SET rolled_back = ${invocationId} WHERE id = ${controllerId}`;
  });
}

/** Names and passwords are nobody's access, and an account's state has its stamp: whoever is behind with these does no harm. */
function mustBeKnown(operation: Operation): boolean {
  if (operation.kind === 'update-group') return false;
  if (operation.kind !== 'update-person') return true;
  const { person, changes } = operation;
  return changes.some(({ field }) => field === 'deletedAt' || field === 'outOfScope' || (field === 'state' && person.stamps === null));
}

export interface Withheld {
  readonly plan: Plan;
  readonly withheld: boolean;
}

/** The leader's plan without what it would give back only because it has not heard. */
export async function withoutWhatPartnersTook(
  ground: Ground,
  connection: LdapConnection,
  { identity }: Stance,
  known: Known,
  plan: Plan,
): Promise<Withheld> {
  const all = { plan, withheld: false };
  if (!ground.hasPartners() || plan.operations.length === 0) return all;
  const others = (await loadTold(ground)).filter(({ controllerId, taken }) => controllerId !== ground.controllerId && taken.length > 0);
  if (others.length === 0) return all;
  const vector = await readVector(connection, identity.defaultNamingContext);
  const taken = new Set<string>();
  for (const one of others) {
    if (isKnown(one, identity, vector)) await forgetTaken(ground, one);
    else for (const name of one.taken) taken.add(name);
  }
  if (taken.size === 0) return all;
  const dead = new Set([...known.people, ...known.groups].flatMap(({ id, deletedAt }) => (deletedAt === null ? [] : id)));
  const operations = plan.operations.flatMap((one) => withoutGifts(one, dead, (name) => taken.has(name) || taken.has(everything)));
  return { plan: { ...plan, operations }, withheld: rowsOfAll(operations) < rowsOfAll(plan.operations) };
}

/** Whether something that this one took away is there again: then it may have been late with the news, and the leader is to be asked. */
export async function hasReturned({ db, controllerId }: Ground, names: readonly string[]): Promise<boolean> {
  const { rowCount } = await db.sql.query('SELECT 1 FROM controller_told WHERE controller_id = $1 AND taken ?| $2::text[]', [
    controllerId,
    [...names],
  ]);
  return (rowCount ?? 0) > 0;
}

export function nameOfEdge(groupId: string, memberId: string): string {
  return `edge ${groupId} ${memberId}`;
}

function nameOfObject(id: string): string {
  return `object ${id}`;
}

function nameOfTaken(operation: Operation): string[] {
  if (operation.kind === 'remove-member') return [nameOfEdge(operation.groupId, operation.memberId)];
  if (operation.kind === 'delete-group') return [nameOfObject(operation.group.id)];
  return operation.kind === 'update-person' && operation.person.deletedAt !== null ? [nameOfObject(operation.person.id)] : [];
}

/** An operation without what it would give, or bring back, of what was taken. */
function withoutGifts(operation: Operation, dead: ReadonlySet<string>, wasTaken: (name: string) => boolean): Operation | [] {
  if (operation.kind === 'add-members') {
    const { groupId } = operation;
    if (wasTaken(nameOfObject(groupId))) return [];
    const memberIds = operation.memberIds.filter((id) => !wasTaken(nameOfEdge(groupId, id)) && !wasTaken(nameOfObject(id)));
    return memberIds.length === 0 ? [] : { ...operation, memberIds };
  }
  const row = operation.kind === 'update-person' ? operation.person : operation.kind === 'update-group' ? operation.group : null;
  if (!row || row.deletedAt !== null || !dead.has(row.id)) return operation;
  return wasTaken(nameOfObject(row.id)) ? [] : operation;
}

function isKnown({ invocationId, usn, ageSeconds }: Told, identity: ServerIdentity, vector: UpToDateness | null): boolean {
  if (invocationId === identity.invocationId) return identity.highestUsn >= usn;
  if (!vector) return ageSeconds >= assumedKnownAfterSeconds;
  return (vector.get(invocationId)?.usn ?? 0n) >= usn;
}

async function loadTold({ db, directoryId }: Ground): Promise<Told[]> {
  const { rows } = await db.sql.query<Omit<Told, 'usn'> & { usn: string }>(
    `SELECT t.controller_id AS "controllerId", t.invocation_id AS "invocationId", t.led, t.usn, t.taken,
       extract(epoch FROM clock_timestamp() - t.at)::float8 AS "ageSeconds"
     FROM controller_told t JOIN domain_controller c ON c.id = t.controller_id WHERE c.directory_id = $1`,
    [directoryId],
  );
  return rows.map((row) => ({ ...row, usn: BigInt(row.usn) }));
}

async function forgetTaken({ db, lease }: Ground, { controllerId, invocationId, led, usn }: Told): Promise<void> {
  await changing(db, async (tx) => {
    await lease.requireHeld(tx);
    await tx.$executeRaw`
      UPDATE controller_told SET taken = '[]' WHERE controller_id = ${controllerId} AND invocation_id = ${invocationId} AND led = ${led} AND usn = ${usn}`;
  });
}

async function readVector(connection: LdapConnection, context: string): Promise<UpToDateness | null> {
  const [head] = await connection.search({
    base: context,
    scope: 'base',
    filter: '(objectClass=*)',
    attributes: ['replUpToDateVector'],
  });
  return readUpToDateVector(head?.bytes('replUpToDateVector') ?? null);
}
