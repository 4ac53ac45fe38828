import { latency } from '#components/ui/clock.ts';

/** A follower that has read everything says so every few seconds, not each time: younger than that is no lag. */
const nothingMissedMs = 10_000;

/** Null where nothing is behind. */
export function behindInWords(freshAt: string, now: string): string | null {
  const age = Date.parse(now) - Date.parse(freshAt);
  return age < nothingMissedMs ? null : latency(age);
}
