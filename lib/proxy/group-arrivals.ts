/**
 * A grant makes a new group, and the cluster learns of it a moment later than we. Until then it refuses our account that group, and that is
 * neither a broken credential nor a refusal of the person: their access is on its way. If it has not come within the grace, it is broken.
 */
const graceMs = 30_000;
const forgetMs = 10 * 60_000;
const rememberedMax = 10_000;

export interface GroupArrivals {
  /** True while a refusal of these groups may still be the usual delay. */
  mayBeOnTheWay(clusterId: string, groups: readonly string[]): boolean;
}

export function createGroupArrivals(now: () => number = () => performance.now()): GroupArrivals {
  const firstRefused = new Map<string, number>();
  return {
    mayBeOnTheWay(clusterId, groups) {
      const key = `${clusterId} ${groups.join(' ')}`;
      const known = firstRefused.get(key);
      const since = known === undefined || now() - known > forgetMs ? now() : known;
      firstRefused.set(key, since);
      if (firstRefused.size > rememberedMax) firstRefused.delete(firstRefused.keys().next().value ?? key);
      return now() - since < graceMs;
    },
  };
}
