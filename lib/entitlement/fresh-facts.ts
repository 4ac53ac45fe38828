/**
 * Whatever gives access anew (a credential, a grant, a role, a cluster) rests on what the directory says now, not on what it said before it
 * fell silent: whoever asks may have been disabled meanwhile. What takes access away never waits for a directory.
 */
import { fault } from '#lib/errors/fault.ts';
import type { World } from './types.ts';

const boundMs = 10 * 60_000;

export function requireFreshFacts(world: Pick<World, 'person' | 'freshness'>, personId: string, now: Date): void {
  const person = world.person(personId);
  const freshAt = person ? world.freshness(person.directoryId) : null;
  if (freshAt !== null && now.getTime() - freshAt <= boundMs) return;
  throw fault(
    'unavailable',
    'directory.not-fresh',
    'The directory has not answered for some minutes, so nothing that gives access can be made or changed. Try again once it is reachable; what people hold works on.',
    { retryAfterSeconds: 30 },
  );
}
