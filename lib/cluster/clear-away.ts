/**
 * After a cluster was removed from Gatehouse it is cleared of our objects. It may be away just then, or the worker may die half way: as long
 * as the reconciler's token lives, its row stays and every minute is another try. Nobody has a right there meanwhile, for the door refused
 * from the first moment on.
 */
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import type { Log } from '#lib/log/log.ts';
import { createClusterClient } from './client.ts';
import { openReconcilerAccess, readInstallationId, readUncleared } from './data.ts';
import { forgetReconcileCredential } from './mutations.ts';
import { adviceFor, removeOurObjects } from './remove.ts';

export interface Clearing {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly installationId: string;
  readonly log: Log;
}

export interface Cleared {
  readonly removed: number;
  readonly left: readonly string[];
  /** What a person can do about what is left; null when nothing is. */
  readonly advice: string | null;
}

export async function clearAway({ db, openingKey, installationId, log }: Clearing, clusterId: string): Promise<Cleared> {
  const advice = adviceFor(installationId);
  try {
    const { address, token } = await openReconcilerAccess(db, openingKey, clusterId);
    const client = createClusterClient(address, { kind: 'token', token });
    try {
      const { removed, left } = await removeOurObjects(client, installationId, log);
      if (left.length === 0) await forgetReconcileCredential(db, clusterId);
      return { removed, left, advice: left.length === 0 ? null : advice };
    } finally {
      await client.close();
    }
  } catch (error) {
    log.warn({ err: error, cluster: clusterId }, 'a removed cluster could not be cleared yet');
    return { removed: 0, left: ['everything: the cluster cannot be reached with our credential just now; we keep trying'], advice };
  }
}

export async function clearWhatWasLeft({ db, openingKey, log }: Omit<Clearing, 'installationId'>): Promise<void> {
  for (const { id, name, expiresAt } of await readUncleared(db)) {
    const { left } = await clearAway({ db, openingKey, log, installationId: await readInstallationId(db) }, id);
    if (left.length > 0 && expiresAt.getTime() <= Date.now()) {
      log.warn({ cluster: name }, 'a removed cluster stayed away until our credential was over; its objects are left there');
      await forgetReconcileCredential(db, id);
    }
  }
}
