/**
 * A directory does not lose a twentieth of its people between two looks; an account that lost its right to read seems to see just that. So
 * removals that rest on absence alone are held back beyond a limit, until an admin says that they are meant. Explicit evidence (a tombstone,
 * an account that is there and disabled) never waits here.
 */
export interface Held {
  readonly what: 'people' | 'groups' | 'memberships';
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

const limits = { people: { least: 10, share: 0.05 }, groups: { least: 10, share: 0.05 }, memberships: { least: 50, share: 0.1 } } as const;

const named = 1_000;

export function holdIfTooMany(what: Held['what'], removals: number, of: number, whom: () => readonly Affected[]): Held | null {
  const { least, share } = limits[what];
  return removals > Math.max(least, Math.ceil(of * share)) ? { what, removals, of, whom: whom().slice(0, named) } : null;
}

/** A single one is too many, where the platform's own admins come in by it. */
export function holdIfProtected(what: Held['what'], removals: number, of: number, whom: () => readonly Affected[]): Held | null {
  return removals > 0 ? { what, removals, of, whom: whom().slice(0, named) } : null;
}

export function describeHeld(held: readonly Held[]): string {
  const parts = held.map(({ what, removals, of }) => `${removals} of ${of} ${what}`);
  return `The directory suddenly seems to lack ${parts.join(' and ')}. Nothing of that was removed; check that the sync account may still read everything, or approve the removal.`;
}
