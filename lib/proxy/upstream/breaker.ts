/**
 * Spares people the wait for a cluster that is down: after some failures in a row to connect, or to begin an answer in time, it answers for
 * the cluster at once, and lets one request at a time try whether that still holds. What a cluster answers, be it 500, is no failure here.
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

export interface Breaker {
  readonly state: BreakerState;
  /** Whether a request may try now; taking a try that is due counts as the probe. */
  admits(): boolean;
  succeeded(): void;
  failed(): void;
}

export interface BreakerLimits {
  readonly failuresMax: number;
  readonly restMs: number;
  readonly restMaxMs: number;
}

export function createBreaker({ failuresMax, restMs, restMaxMs }: BreakerLimits, now: () => number = () => performance.now()): Breaker {
  let failures = 0;
  let rest = restMs;
  let isOpen = false;
  let tryFrom = 0;
  let isProbing = false;
  return {
    get state() {
      if (!isOpen) return 'closed';
      return isProbing || now() >= tryFrom ? 'half-open' : 'open';
    },
    admits() {
      if (!isOpen) return true;
      if (now() < tryFrom) return false;
      // A probe that says nothing for as long as a rest does not keep the next one out.
      isProbing = true;
      tryFrom = now() + rest;
      return true;
    },
    succeeded() {
      failures = 0;
      rest = restMs;
      isOpen = false;
      isProbing = false;
    },
    failed() {
      failures += 1;
      if (failures < failuresMax) return;
      if (isOpen && isProbing) rest = Math.min(rest * 2, restMaxMs);
      else if (isOpen) return;
      isOpen = true;
      isProbing = false;
      tryFrom = now() + rest;
    },
  };
}
