/**
 * How long one that failed is left in peace: longer each time, up to a bound, and never for a round number of seconds, so that many who lost
 * the same server at the same moment do not come back to it at the same moment.
 */
export interface Breaker {
  /** Whether it failed lately and its time is not up. */
  readonly isOpen: boolean;
  /** Gives the milliseconds until it should be tried again. */
  failed(options?: { readonly maxMs?: number }): number;
  succeeded(): void;
}

export interface BreakerOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly random?: () => number;
  readonly now?: () => number;
}

export function createBreaker({ firstMs, maxMs, random = Math.random, now = () => performance.now() }: BreakerOptions): Breaker {
  let failures = 0;
  let closedAt = 0;
  return {
    get isOpen() {
      return now() < closedAt;
    },
    failed(options = {}) {
      const most = options.maxMs ?? maxMs;
      const wait = Math.min(most, firstMs * 2 ** failures) * (0.75 + random() / 4);
      failures = Math.min(failures + 1, 30);
      closedAt = now() + wait;
      return wait;
    },
    succeeded() {
      failures = 0;
      closedAt = 0;
    },
  };
}
