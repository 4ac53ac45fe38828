/** From an observation to rows: what is known of it, what has to change, and that carried out. */
import { changing, type Database, type Tx } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import type { Touch } from '#lib/db/topics.ts';
import { loadAllKnown, loadKnownAbout } from '../data.ts';
import { noteChanges, noteComplete } from '../history/history.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import { endApproval, type Position, saveChangeSeen } from '../mutations.ts';
import { applyPlan } from '../plan/apply.ts';
import { settleForeignMembers } from '../plan/foreign-members.ts';
import { type Plan, planInSlices } from '../plan/plan.ts';
import { shareWith } from '../plan/sharing.ts';
import { namesOf } from '../plan/story.ts';
import { tallyOf } from '../plan/tally.ts';
import type { Directory, Known, Observation } from '../types.ts';
import { noteHeld } from './directory-state.ts';
import { onlyCuts, stateOnly } from './second-place.ts';
import type { Ground, Stance } from './stance.ts';
import { hasReturned, nameOfEdge, noteTold, withoutWhatPartnersTook } from './told.ts';

export interface Taking {
  readonly directory: Directory;
  readonly stance: Stance;
  readonly connection: LdapConnection;
  readonly observation: Observation;
  readonly position: Position;
  /** When the follower could first have seen it. */
  readonly evidenceAt: Date;
  readonly removalsApproved: boolean;
  /** Of a complete read: of whom something was heard while it went on. What it says of these may be older, and is told anew. */
  readonly heardOf?: ReadonlySet<string>;
}

type Alongside = (tx: Tx, touch: Touch) => Promise<void>;

/** Up to so many objects of a change are written in turn with the other followers' changes. */
const fewObjects = 200;

export async function take(ground: Ground, taking: Taking): Promise<Plan> {
  const { kind, people, groups, links, gone } = taking.observation;
  const isSmall = kind === 'delta' && people.length + groups.length + links.length + gone.length <= fewObjects;
  return isSmall && ground.hasPartners() ? ground.inTurn(() => takeNow(ground, taking)) : takeNow(ground, taking);
}

async function takeNow(
  ground: Ground,
  { directory, stance, connection, observation, position, evidenceAt, removalsApproved, heardOf }: Taking,
): Promise<Plan> {
  const { db, log, url, lease, controllerId } = ground;
  const known =
    observation.kind === 'complete' ? await knownBeforeWhole(db, directory, observation) : await loadKnownAbout(db, directory, observation);
  const mayTell = stance.leads ? observation : stateOnly(observation, known);
  const whole = await planInSlices({
    directory,
    known,
    observation: mayTell,
    now: new Date(),
    alone: ground.alone(),
    // What was never taken in as a whole, nobody can lose.
    removalsApproved: removalsApproved || directory.takenInAt === null,
    approvedUpTo: observation.kind === 'complete' ? directory.approved : null,
    newId,
  });
  const { plan, withheld } = stance.leads
    ? await withoutWhatPartnersTook(ground, connection, stance, known, withoutThose(whole, heardOf))
    : { plan: onlyCuts(whole), withheld: await seesAgain(ground, known, observation) };
  if (withheld) ground.askLeader();
  await noteTold(ground, connection, stance, position.highestUsn, plan.operations);
  const began = performance.now();
  const names = namesOf(known, plan);
  const changedAt = observation.kind === 'delta' ? evidenceAt : undefined;
  const applied = await applyPlan({
    db,
    directory,
    plan,
    names,
    evidenceAt,
    lease,
    controllerId,
    position: stance.leads ? { ...position, changedAt } : null,
    alongside: told(ground, directory, stance, observation, plan, evidenceAt),
  });
  if (!stance.leads) {
    await saveChangeSeen(lease, controllerId, evidenceAt);
    if (applied.cuts > 0)
      await changing(db, async (tx) => {
        await lease.requireHeld(tx);
        await noteChanges(tx, ground, stance.mode, evidenceAt, tallyOf(plan.operations));
      });
  }
  if (applied.operations > 0) log.info({ url, ...applied, ms: Math.round(performance.now() - began) }, 'the directory changed');
  if (plan.held.length > 0) await noteHeld(ground, directory, plan.held);
  return plan;
}

/**
 * Whoever was written while a directory is read for the first time (newcomers.ts) got a name before all who claim it were known: it is given
 * anew among all of them, and to none of several.
 */
async function knownBeforeWhole(db: Database, directory: Directory, { people }: Observation): Promise<Known> {
  const known = await loadAllKnown(db, directory);
  shareWith(people, known.people);
  if (directory.takenInAt !== null) return known;
  const own = new Set(known.people.filter(({ directoryId }) => directoryId === directory.id).map(({ id }) => id));
  return { ...known, wireNames: new Map([...known.wireNames].filter(([, id]) => !own.has(id))) };
}

function withoutThose(plan: Plan, heardOf: ReadonlySet<string> | undefined): Plan {
  if (!heardOf || heardOf.size === 0) return plan;
  return { ...plan, operations: plan.operations.filter((one) => one.kind !== 'update-person' || !heardOf.has(one.person.objectGuid)) };
}

/** A link that this one took away is there again, perhaps since it heard of both late and in the wrong order. */
async function seesAgain(ground: Ground, { people, groups }: Known, { links }: Observation): Promise<boolean> {
  const ids = new Map([...people, ...groups].map(({ objectGuid, id }) => [objectGuid, id]));
  const names = links.flatMap(({ groupGuid, memberGuid, present }) => {
    const [group, member] = [ids.get(groupGuid), ids.get(memberGuid)];
    return present && group && member ? nameOfEdge(group, member) : [];
  });
  return names.length > 0 && ground.hasPartners() && hasReturned(ground, names);
}

/** What its groups say of other domains' people, and its line in the history. */
function told(ground: Ground, directory: Directory, { leads, mode }: Stance, observation: Observation, plan: Plan, at: Date): Alongside {
  const { kind, people, groups } = observation;
  return async (tx, touch) => {
    // What is held is not believed, whatever it is about.
    if (leads && plan.held.length === 0) await settleForeignMembers(tx, touch, { directory, observation, plan, evidenceAt: at });
    const tally = tallyOf(plan.operations);
    if (kind === 'complete') {
      await endApproval(tx, directory);
      await noteComplete(tx, ground, { mode, startedAt: at, accounts: people.length, groups: groups.length, tally, held: plan.held });
    } else if (leads && plan.operations.length + plan.held.length > 0) await noteChanges(tx, ground, mode, at, tally, plan.held);
  };
}
