import type { Tone } from '#components/ui/status.tsx';
import type { SyncRow } from '#lib/directory/history/schema.ts';

export const kindWords: Record<SyncRow['kind'], string> = {
  complete: 'Complete read',
  resumed: 'Went on following',
  changes: 'Changes of the day',
};

export const outcomeWords: Record<SyncRow['outcome'], string> = { done: 'done', held: 'held', failed: 'failed' };
export const outcomeTones: Record<SyncRow['outcome'], Tone> = { done: 'ok', held: 'warn', failed: 'bad' };

type Mode = NonNullable<SyncRow['mode']>;

export const modeWords: Record<Mode, string> = {
  'dirsync-with-tombstones': 'DirSync, deletions included',
  dirsync: 'DirSync, without deletions',
  'dirsync-whole-links': 'DirSync, groups read whole',
  usn: 'polling by USN',
};

/** "12 appeared, 3 left": only what happened. */
export function peopleInWords({ peopleAppeared, peopleChanged, peopleLeft, peopleCut }: SyncRow): string {
  return listed([
    [peopleAppeared, 'appeared'],
    [peopleChanged, 'changed'],
    [peopleLeft, 'left'],
    [peopleCut, 'lost access'],
  ]);
}

export function groupsInWords({ groupsAppeared, groupsChanged, groupsLeft }: SyncRow): string {
  return listed([
    [groupsAppeared, 'appeared'],
    [groupsChanged, 'changed'],
    [groupsLeft, 'left'],
  ]);
}

export function membershipsInWords({ membershipsAdded, membershipsRemoved }: SyncRow): string {
  return listed([
    [membershipsAdded, 'more'],
    [membershipsRemoved, 'less'],
  ]);
}

function listed(parts: readonly (readonly [number, string])[]): string {
  return parts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count.toLocaleString('en')} ${word}`)
    .join(', ');
}
