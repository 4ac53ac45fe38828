/**
 * The same refusal over and over is one fact and a number. The first of a kind is told at once; what repeats it within the minute is counted
 * and told as one entry when that minute is over. So a kubeconfig that has ended and a client that tries it ten times a second, or somebody
 * who guesses, can neither flood the audit log nor push anything else out of it, and yet nothing goes untold.
 */
export interface Repeats {
  /** `tell` is called now with 1, or later with how often it was repeated. */
  note(key: string, tell: (times: number) => void): void;
  /** Tells what has been counted and is due; all of it when `everything`. */
  due(now: number, everything?: boolean): void;
}

const windowMs = 60_000;
const kindsMax = 10_000;

export function createRepeats(now: () => number = () => performance.now()): Repeats {
  const kinds = new Map<string, { readonly since: number; times: number; tell: (times: number) => void }>();

  function due(at: number, everything = false): void {
    // In the order in which they began: the first that is not due ends it.
    for (const [key, kind] of kinds) {
      if (!everything && at - kind.since < windowMs) return;
      kinds.delete(key);
      if (kind.times > 0) kind.tell(kind.times);
    }
  }

  return {
    note(key, tell) {
      due(now());
      const known = kinds.get(key);
      if (known) {
        known.times += 1;
        return;
      }
      // Full of other kinds, each told once: whoever makes up ten thousand ways of being refused is counted under one.
      const kept = kinds.size < kindsMax ? key : 'everybody else';
      const others = kinds.get(kept);
      if (others) {
        others.times += 1;
        return;
      }
      kinds.set(kept, { since: now(), times: 0, tell });
      tell(1);
    },
    due,
  };
}
