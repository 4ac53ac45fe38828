/**
 * Which domain controller is asked first for something that cannot wait: a sign-in, a test, a comparison. Those that are followed at this moment
 * come before the others, in the order of preference; one that failed lately comes last until its time is up, however often it is wanted.
 */

import type { DomainController } from '../types.ts';
import { type Breaker, createBreaker } from './breaker.ts';

const breakers = new Map<string, Breaker>();
const firstMs = 2_000;
const maxMs = 60_000;

type Candidate = Pick<DomainController, 'id' | 'state'>;

/** `controllers` in order of preference. */
export function inOrderOfHealth<One extends Candidate>(controllers: readonly One[]): One[] {
  return controllers.toSorted((one, other) => rank(one) - rank(other));
}

export function noteReached({ id }: Candidate): void {
  breakers.delete(id);
}

export function noteNotReached({ id }: Candidate): void {
  const breaker = breakers.get(id) ?? createBreaker({ firstMs, maxMs });
  breakers.set(id, breaker);
  breaker.failed();
}

function rank({ id, state }: Candidate): number {
  const isFollowed = state === 'following' || state === 'reading';
  return (breakers.get(id)?.isOpen ? 2 : 0) + (isFollowed ? 0 : 1);
}
