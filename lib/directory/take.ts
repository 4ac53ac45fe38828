/** From an observation to rows: what is known of it, what has to change, and that carried out. */
import { newId } from '#lib/db/ids.ts';
import { applyPlan } from './apply.ts';
import { loadAllKnown, loadKnownAbout } from './data.ts';
import { noteHeld } from './directory-state.ts';
import type { Position } from './mutations.ts';
import { type Plan, planChanges } from './plan.ts';
import { onlyCuts, stateOnly } from './second-place.ts';
import type { Ground, Stance } from './stance.ts';
import { namesOf } from './story.ts';
import type { Directory, Observation } from './types.ts';

export interface Taking {
  readonly directory: Directory;
  readonly stance: Stance;
  readonly observation: Observation;
  readonly position: Position;
  /** When the follower could first have seen it. */
  readonly evidenceAt: Date;
  readonly removalsApproved: boolean;
}

export async function take(
  ground: Ground,
  { directory, stance, observation, position, evidenceAt, removalsApproved }: Taking,
): Promise<Plan> {
  const { db, log, url, lease, controllerId } = ground;
  const known = observation.kind === 'complete' ? await loadAllKnown(db, directory) : await loadKnownAbout(db, directory, observation);
  const mayTell = stance.leads ? observation : stateOnly(observation, known);
  const whole = planChanges({ directory, known, observation: mayTell, now: new Date(), alone: ground.alone(), removalsApproved, newId });
  const plan = stance.leads ? whole : onlyCuts(whole);
  const began = performance.now();
  const names = namesOf(known, plan);
  const applied = await applyPlan({
    db,
    directory,
    plan,
    names,
    evidenceAt,
    lease,
    controllerId,
    position: stance.leads ? position : null,
  });
  if (applied.operations > 0) log.info({ url, ...applied, ms: Math.round(performance.now() - began) }, 'the directory changed');
  if (plan.held.length > 0) await noteHeld(db, log, directory, plan.held);
  return plan;
}
