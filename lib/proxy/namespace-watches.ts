/**
 * From when on a list of namespaces counts. A watch shows only what changes, so a namespace that somebody may newly see would never appear in
 * one that merely resumes: when the set changes, its watches are closed, and whoever resumes from before is answered with 410, on which
 * every client lists again (PROTOCOLS B3).
 *
 * What tells before from after is the cluster's own revision: a set newly met here is bound to the revision at which the cluster stands by
 * then, and a watch of it must come from there or later. So it does not matter which replica closed a watch, which one the client comes
 * back to, how many clients share a credential, or whether anybody here remembers them: a replica that does not know asks the cluster, and
 * what it learns can only cost a client one more list. A set that comes back would be taken for the old one by a replica that missed the one
 * between; so each that learns tells the others, who forget what they knew of another set.
 */
import { createHash } from 'node:crypto';
import type { Change } from '#lib/db/topics.ts';

const rememberedMax = 50_000;
const tellEveryMs = 50;
/** A cluster that could not say is asked again after this, and not with every list. */
const askAgainMs = 1_000;

/** Of whom the list is, and how to ask their cluster for its revision. */
export interface Lister {
  readonly credentialId: string;
  readonly clusterId: string;
  readonly set: string;
  revision(): Promise<bigint>;
}

export interface NamespaceWatches {
  /** Before a list of this set goes on, so that the list is never from before what is asked of its watch. */
  beforeList(lister: Lister): Promise<void> | null;
  /** True when a watch of this set that resumes from this version would miss something. */
  mustListAgain(lister: Lister, version: bigint): Promise<boolean> | boolean;
  /** What other replicas have learnt. */
  onChanges(changes: readonly Change[]): void;
  stop(): Promise<void>;
}

interface Known {
  readonly set: string;
  readonly from: bigint;
}

export function createNamespaceWatches({ tell }: { tell(keys: readonly string[]): Promise<void> }): NamespaceWatches {
  const known = new Map<string, Known>();
  const silentUntil = new Map<string, number>();
  const perCluster = new Map<string, { running: Promise<bigint>; next: Promise<bigint> | null }>();
  let untold: string[] = [];
  let telling: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;

  const keyOf = ({ credentialId, clusterId }: Lister) => `${credentialId} ${clusterId}`;

  /** An answer counts only for whoever asked before the question went out; so one question runs, one waits, and all others share that. */
  function revisionOf({ clusterId, revision }: Lister): Promise<bigint> {
    const asked = perCluster.get(clusterId);
    if (asked) {
      asked.next ??= asked.running.then(
        () => ask(clusterId, revision),
        () => ask(clusterId, revision),
      );
      return asked.next;
    }
    return ask(clusterId, revision);
  }

  function ask(clusterId: string, revision: () => Promise<bigint>): Promise<bigint> {
    const entry = { running: revision(), next: null };
    perCluster.set(clusterId, entry);
    const done = () => {
      if (perCluster.get(clusterId) === entry && entry.next === null) perCluster.delete(clusterId);
    };
    entry.running.then(done, done);
    return entry.running;
  }

  async function learn(lister: Lister): Promise<Known | null> {
    // Whatever the answer, the set before is over: were it still known when it comes back, nobody would notice what was between.
    const key = keyOf(lister);
    known.delete(key);
    if (performance.now() < (silentUntil.get(lister.clusterId) ?? 0)) return null;
    try {
      const from = await revisionOf(lister);
      const learnt = { set: lister.set, from };
      known.delete(key);
      known.set(key, learnt);
      if (known.size > rememberedMax) known.delete(known.keys().next().value ?? key);
      tellSoon(`${key} ${digestOf(lister.set)} ${from}`);
      return learnt;
    } catch {
      silentUntil.set(lister.clusterId, performance.now() + askAgainMs);
      return null;
    }
  }

  function tellSoon(key: string): void {
    untold.push(key);
    timer ??= setTimeout(tellNow, tellEveryMs);
  }

  /** What could not be told is not lost: whoever does not hear of it asks the cluster, unless a set comes back within the fault. */
  function tellNow(): void {
    timer = null;
    const keys = [...new Set(untold)];
    untold = [];
    telling = telling.then(() => tell(keys)).catch(() => {});
  }

  return {
    beforeList(lister) {
      if (known.get(keyOf(lister))?.set === lister.set) return null;
      return learn(lister).then(() => {});
    },
    mustListAgain(lister, version) {
      const seen = known.get(keyOf(lister));
      if (seen?.set === lister.set) return version < seen.from;
      // Met by this very watch: what it lists from at just this revision may still have been the set before, in a cluster where nothing moved.
      return learn(lister).then((learnt) => learnt === null || version <= learnt.from);
    },
    onChanges(changes) {
      for (const { topic, key } of changes) {
        if (topic !== 'namespace-watch') continue;
        const [credentialId = '', clusterId = '', digest = '', from = '0'] = key.split(' ');
        const own = `${credentialId} ${clusterId}`;
        const seen = known.get(own);
        // What is told late, of a set that we have met a later one of, is no news.
        if (seen && BigInt(from) >= seen.from && digestOf(seen.set) !== digest) known.delete(own);
      }
    },
    async stop() {
      if (timer) {
        clearTimeout(timer);
        tellNow();
      }
      await telling;
    },
  };
}

/** One text for one set, whatever its order; null, all of them, is a set like any other. */
export function setOf(namespaces: readonly string[] | null): string {
  return namespaces === null ? '*' : namespaces.toSorted().join(',');
}

function digestOf(set: string): string {
  return createHash('sha256').update(set).digest('hex').slice(0, 16);
}
