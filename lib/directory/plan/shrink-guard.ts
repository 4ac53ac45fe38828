/**
 * A directory does not lose a twentieth of its people between two looks; an account that lost its right to read seems to see just that. So
 * removals that rest on absence alone are held back beyond a limit, until an admin says that they are meant. Explicit evidence (a tombstone,
 * an account that is there and disabled) never waits here.
 */
import type { Approval, DirectorySettings, Observation, Sentinel } from '../types.ts';

export interface Held {
  /** `sentinels`: not a removal, but why nothing is removed. */
  readonly what: 'people' | 'groups' | 'memberships' | 'sentinels';
  readonly removals: number;
  readonly of: number;
  /** Whom an admin decides about, at most `named` of them: who would go, or which groups would lose how many members. */
  readonly whom: readonly Affected[];
}

export interface Affected {
  readonly id: string;
  readonly name: string;
  readonly members?: number;
}

type Counted = Exclude<Held['what'], 'sentinels'>;

const limits = { people: { least: 10, share: 0.05 }, groups: { least: 10, share: 0.05 }, memberships: { least: 50, share: 0.1 } } as const;

const named = 1_000;

export interface Guard {
  /** Null: go on. `protectedOnes`: of the removals, those of which a single one is too many. */
  hold(what: Counted, removals: number, of: number, whom: () => readonly Affected[], protectedOnes?: number): Held | null;
  /** So many that it could go on only because an admin has approved it: perhaps by mistake, so what they hold is kept for a while. */
  isMass(what: Counted, removals: number, of: number): boolean;
  /** What was not seen though every complete read must show it; then nothing that is missing is believed to be gone, whoever approved it. */
  readonly unseen: Held | null;
}

export interface GuardInput {
  readonly settings: DirectorySettings;
  readonly observation: Observation;
  /** An admin has said that whatever is missing now is meant. */
  readonly removalsApproved: boolean;
  readonly approvedUpTo?: Approval | null | undefined;
}

export function guardOf({ settings, observation, removalsApproved, approvedUpTo }: GuardInput): Guard {
  const unseen = unseenSentinels(settings, observation);
  return {
    unseen,
    hold(what, removals, of, whom, protectedOnes = 0) {
      const held = (): Held => ({ what, removals, of, whom: whom().slice(0, named) });
      if (unseen) return removals > 0 ? held() : null;
      if (removalsApproved || (approvedUpTo && removals <= approvedUpTo[what])) return null;
      return protectedOnes > 0 || isMass(what, removals, of) ? held() : null;
    },
    isMass,
  };
}

function isMass(what: Counted, removals: number, of: number): boolean {
  const { least, share } = limits[what];
  return removals > Math.max(least, Math.ceil(of * share));
}

function unseenSentinels({ sentinelPerson, sentinelGroup }: DirectorySettings, observation: Observation): Held | null {
  if (observation.kind !== 'complete' || (!sentinelPerson && !sentinelGroup)) return null;
  const seen = new Set([...observation.people, ...observation.groups].map(({ objectGuid }) => objectGuid));
  for (const guid of observation.outside ?? []) seen.add(guid);
  const all = [sentinelPerson, sentinelGroup].filter((one): one is Sentinel => one !== undefined);
  const missing = all.filter(({ objectGuid }) => !seen.has(objectGuid));
  if (missing.length === 0) return null;
  return { what: 'sentinels', removals: missing.length, of: all.length, whom: missing.map(({ name }) => ({ id: '', name })) };
}

export function describeHeld(held: readonly Held[]): string {
  const unseen = held.find(({ what }) => what === 'sentinels');
  if (unseen) {
    const names = unseen.whom.map(({ name }) => name).join(' and ');
    return `${names} must be seen by every complete read, and was not. The read is not believed: nothing was removed. Check that the sync account may still read everything; if it is really gone, name another in the settings.`;
  }
  const parts = held.map(({ what, removals, of }) => `${removals} of ${of} ${what}`);
  return `The directory suddenly seems to lack ${parts.join(' and ')}. Nothing of that was removed; check that the sync account may still read everything, or approve the removal.`;
}
