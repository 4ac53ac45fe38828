/**
 * Groups whose members could not be read to their end. Nothing is concluded from what was read of them; they are asked for again, first soon,
 * then more rarely, until they answer whole.
 */
import type { GroupFacts } from '../types.ts';

export interface UnknownGroups {
  /** After a complete read: these, and no others. */
  are(guids: readonly string[]): void;
  /** After groups were read whole: those without members join, the others leave. */
  include(groups: readonly GroupFacts[]): void;
  due(): string[];
  answered(asked: readonly string[], groups: readonly GroupFacts[]): void;
}

const firstAfterMs = 5_000;
const atMostEveryMs = 600_000;
const askedAtOnce = 100;

export function createUnknownGroups(now: () => number = () => performance.now()): UnknownGroups {
  const waiting = new Map<string, { dueAt: number; tries: number }>();
  const wait = (guid: string) => {
    const tries = (waiting.get(guid)?.tries ?? 0) + 1;
    waiting.set(guid, { tries, dueAt: now() + Math.min(atMostEveryMs, firstAfterMs * 2 ** (tries - 1)) });
  };
  return {
    are(guids) {
      waiting.clear();
      for (const guid of guids) wait(guid);
    },
    include(groups) {
      for (const { objectGuid, memberGuids } of groups) {
        if (memberGuids !== null) waiting.delete(objectGuid);
        else if (!waiting.has(objectGuid)) wait(objectGuid);
      }
    },
    due() {
      return [...waiting].flatMap(([guid, { dueAt }]) => (dueAt <= now() ? guid : [])).slice(0, askedAtOnce);
    },
    answered(asked, groups) {
      const unknown = new Set(groups.flatMap(({ objectGuid, memberGuids }) => (memberGuids === null ? objectGuid : [])));
      for (const guid of asked) {
        if (unknown.has(guid)) wait(guid);
        else waiting.delete(guid);
      }
    },
  };
}
