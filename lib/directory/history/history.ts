/**
 * How the directory's word became ours, kept for some months: each complete read, each resumption by a follower, and of the changes in
 * between one row a day and domain controller, written in the transaction that commits them. What changed for whom stands in the audit log.
 */
import { changing, type Database, type Tx } from '#lib/db/database.ts';
import type { ChangeMode } from '../follow/changes.ts';
import { describeHeld, type Held } from '../plan/shrink-guard.ts';
import type { Tally } from '../plan/tally.ts';
import { briefly } from '../sentences.ts';

export const keptDays = 90;
/** A directory that is read again and again for some reason must not fill the table in that time. */
const keptRows = 5_000;

/** Which follower, of which directory. */
export interface Teller {
  readonly directoryId: string;
  readonly controllerId: string;
  readonly url: string;
}

export interface CompleteRead {
  readonly mode: ChangeMode;
  readonly startedAt: Date;
  readonly accounts: number;
  readonly groups: number;
  readonly tally: Tally;
  readonly held: readonly Held[];
}

export async function noteComplete(tx: Tx, teller: Teller, read: CompleteRead): Promise<void> {
  const isHeld = read.held.length > 0;
  await tx.$executeRaw`
    INSERT INTO directory_sync (directory_id, controller_id, controller, kind, outcome, mode, started_at, ended_at, accounts, groups, people_appeared, people_changed,
      people_left, people_cut, groups_appeared, groups_changed, groups_left, memberships_added, memberships_removed, sentence)
    VALUES (${teller.directoryId}, ${teller.controllerId}, ${nameOf(teller)}, 'complete', ${isHeld ? 'held' : 'done'}, ${read.mode}, ${read.startedAt},
      clock_timestamp(), ${read.accounts}, ${read.groups}, ${read.tally.peopleAppeared}, ${read.tally.peopleChanged}, ${read.tally.peopleLeft}, ${read.tally.peopleCut},
      ${read.tally.groupsAppeared}, ${read.tally.groupsChanged}, ${read.tally.groupsLeft}, ${read.tally.membershipsAdded}, ${read.tally.membershipsRemoved},
      ${isHeld ? describeHeld(read.held) : null})`;
}

export async function noteChanges(
  tx: Tx,
  teller: Teller,
  mode: ChangeMode,
  at: Date,
  tally: Tally,
  held: readonly Held[] = [],
): Promise<void> {
  const isHeld = held.length > 0;
  await tx.$executeRaw`
    INSERT INTO directory_sync AS s (directory_id, controller_id, controller, kind, outcome, mode, day, started_at, ended_at, people_appeared, people_changed,
      people_left, people_cut, groups_appeared, groups_changed, groups_left, memberships_added, memberships_removed, sentence)
    VALUES (${teller.directoryId}, ${teller.controllerId}, ${nameOf(teller)}, 'changes', ${isHeld ? 'held' : 'done'}, ${mode}, (clock_timestamp() AT TIME ZONE 'UTC')::date,
      least(${at}::timestamptz, clock_timestamp()), clock_timestamp(), ${tally.peopleAppeared}, ${tally.peopleChanged}, ${tally.peopleLeft}, ${tally.peopleCut},
      ${tally.groupsAppeared}, ${tally.groupsChanged}, ${tally.groupsLeft}, ${tally.membershipsAdded}, ${tally.membershipsRemoved},
      ${isHeld ? describeHeld(held) : null})
    ON CONFLICT (directory_id, controller_id, day) WHERE kind = 'changes' DO UPDATE SET mode = excluded.mode,
      outcome = CASE WHEN excluded.outcome = 'held' THEN 'held' ELSE s.outcome END, sentence = coalesce(excluded.sentence, s.sentence), ended_at = excluded.ended_at, times = s.times + 1,
      people_appeared = s.people_appeared + excluded.people_appeared, people_changed = s.people_changed + excluded.people_changed,
      people_left = s.people_left + excluded.people_left, people_cut = s.people_cut + excluded.people_cut,
      groups_appeared = s.groups_appeared + excluded.groups_appeared, groups_changed = s.groups_changed + excluded.groups_changed,
      groups_left = s.groups_left + excluded.groups_left, memberships_added = s.memberships_added + excluded.memberships_added,
      memberships_removed = s.memberships_removed + excluded.memberships_removed`;
}

/** A follower went on where another, or an earlier self, had stopped. */
export async function noteResumed(tx: Tx, teller: Teller, mode: ChangeMode): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO directory_sync (directory_id, controller_id, controller, kind, outcome, mode, started_at, ended_at)
    VALUES (${teller.directoryId}, ${teller.controllerId}, ${nameOf(teller)}, 'resumed', 'done', ${mode}, clock_timestamp(), clock_timestamp())`;
}

/** What fails again in the same way is counted, not told again. */
export async function noteFailed(db: Database, teller: Teller, startedAt: Date, error: unknown): Promise<void> {
  const sentence = briefly(error);
  await changing(db, async (tx) => {
    const again = await tx.$executeRaw`
      UPDATE directory_sync SET times = times + 1, ended_at = clock_timestamp()
      WHERE id = (SELECT max(id) FROM directory_sync WHERE directory_id = ${teller.directoryId} AND controller_id = ${teller.controllerId})
        AND kind = 'complete' AND outcome = 'failed' AND sentence = ${sentence}`;
    if (again > 0) return;
    await tx.$executeRaw`
      INSERT INTO directory_sync (directory_id, controller_id, controller, kind, outcome, started_at, ended_at, sentence)
      VALUES (${teller.directoryId}, ${teller.controllerId}, ${nameOf(teller)}, 'complete', 'failed', least(${startedAt}::timestamptz, clock_timestamp()), clock_timestamp(), ${sentence})`;
  });
}

export async function forgetOldSyncs(db: Database): Promise<void> {
  await db.sql.query(
    `DELETE FROM directory_sync s WHERE ended_at < now() - make_interval(days => $1)
       OR id <= (SELECT id FROM directory_sync o WHERE o.directory_id = s.directory_id ORDER BY id DESC OFFSET $2 LIMIT 1)`,
    [keptDays, keptRows],
  );
}

function nameOf({ url }: Teller): string {
  return url.replace(/^ldaps?:\/\//, '');
}
