/** Tells Postgres what this replica did about revocations, behind the cut and again until it is taken: a cut never waits for it. */
import type { Database } from '#lib/db/database.ts';
import type { Log } from '#lib/log/log.ts';
import { acknowledge, acknowledgeWhatStands, type CutFact } from '#lib/revocation/acks.ts';

const tryAgainMs = 500;
/** A cut may come a moment before or after the revocation's own row is read (a clock, another change). */
const rememberCutsMs = 10_000;

export interface Acknowledger {
  noteCut(cut: CutFact): void;
  add(revocationIds: readonly string[], refusedFrom: Date): void;
  whatStands(refusedFrom: Date): Promise<void>;
  settled(): Promise<void>;
}

export function createAcknowledger({ db, replicaId, log }: { db: Database; replicaId: string; log: Log }): Acknowledger {
  let recent: CutFact[] = [];
  let stopping = false;
  const atWork = new Set<Promise<void>>();

  async function untilTaken(revocationIds: readonly string[], refusedFrom: Date, cuts: readonly CutFact[]): Promise<void> {
    while (!stopping) {
      try {
        return await acknowledge(db, { replicaId, revocationIds, refusedFrom, cuts });
      } catch (error) {
        log.warn({ err: error, revocationIds }, 'a revocation could not be acknowledged yet; what it ends is refused and cut all the same');
        await new Promise((resolve) => setTimeout(resolve, tryAgainMs));
      }
    }
  }

  return {
    noteCut(cut) {
      recent.push(cut);
    },
    add(revocationIds, refusedFrom) {
      const since = new Date(refusedFrom.getTime() - rememberCutsMs).toISOString();
      recent = recent.filter(({ at }) => at >= since);
      if (revocationIds.length === 0) return;
      const work = untilTaken(revocationIds, refusedFrom, [...recent]);
      atWork.add(work);
      void work.finally(() => atWork.delete(work));
    },
    whatStands: (refusedFrom) => acknowledgeWhatStands(db, replicaId, refusedFrom),
    async settled() {
      stopping = true;
      await Promise.all(atWork);
    },
  };
}
