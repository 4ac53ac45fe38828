/**
 * The reconciler: every registered cluster is brought to what the world says, and kept there.
 *
 * One loop a cluster, so that a dead one slows nobody; one lease a cluster, so that any number of workers share them and one acts. Changes
 * and watches wake a loop, a timer is its promise: every 30 s it compiles anew (grants end by the clock), every 5 minutes it lists anew. It
 * trusts the world in memory and the cluster's own answers; it refuses to act on half an answer, on an error, or on another cluster.
 */
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import type { Change, Topic } from '#lib/db/topics.ts';
import type { World } from '#lib/entitlement/world.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from '#lib/runtime/service.ts';
import { type ClusterLoop, startClusterLoop } from './cluster-loop.ts';

export interface ReconcilerOptions {
  readonly db: Database;
  /** Kept up to date by whoever feeds it; `onChanges` is called after it has taken the changes in. */
  readonly world: World;
  readonly openingKey: OpeningKey;
  readonly log: Log;
  readonly workerId: string;
}

export interface Reconciler extends Service {
  onChanges(changes: readonly Change[]): void;
  wake(clusterIds?: Iterable<string>): void;
}

/** Changes of these may change what any cluster should hold. */
const mayConcernAll = new Set<Topic>(['person', 'group', 'membership', 'directory', 'role', 'scope', 'binding', 'project']);

export function createReconciler({ db, world, openingKey, log, workerId }: ReconcilerOptions): Reconciler {
  const loops = new Map<string, ClusterLoop>();
  const stopping = new Set<Promise<void>>();
  let running = false;

  function follow(): void {
    const registered = new Set([...world.clusters()].map(({ id }) => id));
    for (const clusterId of registered) {
      if (!loops.has(clusterId)) loops.set(clusterId, startClusterLoop({ db, world, openingKey, log, workerId, clusterId }));
    }
    for (const [clusterId, loop] of loops) {
      if (registered.has(clusterId)) continue;
      loops.delete(clusterId);
      const stopped = loop.stop().finally(() => stopping.delete(stopped));
      stopping.add(stopped);
    }
  }

  function wake(clusterIds: Iterable<string> = loops.keys()): void {
    for (const clusterId of clusterIds) loops.get(clusterId)?.wake();
  }

  return {
    name: 'reconciler',
    async start() {
      if (running) return;
      running = true;
      follow();
    },
    async stop() {
      running = false;
      await Promise.all([...[...loops.values()].map((loop) => loop.stop()), ...stopping]);
      loops.clear();
    },
    wake,
    onChanges(changes) {
      if (!running) return;
      follow();
      if (changes.some(({ topic }) => mayConcernAll.has(topic))) wake();
      for (const { topic, key } of changes) {
        if (topic === 'cluster') loops.get(key)?.lookAgain();
        else if (topic === 'cluster-namespace') loops.get(key)?.wake();
      }
    },
  };
}
