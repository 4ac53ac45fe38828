/**
 * Keeps a directory's domain controllers as DNS names them: asked at once where somebody does not answer, else every few minutes. DNS that is
 * silent changes nothing; a domain controller that DNS does not name any more is let go after an hour.
 */
import { changing, type Database } from '#lib/db/database.ts';
import type { Lease } from '#lib/db/lease.ts';
import type { Log } from '#lib/log/log.ts';
import { saveFoundControllers } from '../mutations.ts';
import type { DirectorySettings } from '../types.ts';
import { findControllers } from './discovery.ts';

export interface ControllerSearch {
  /** Whether the rows may have changed. */
  look(settings: DirectorySettings, options: { isUrgent: boolean }): Promise<boolean>;
  /** Why the last look found nobody. */
  readonly failure: unknown;
}

export interface ControllerSearchOptions {
  readonly db: Database;
  readonly log: Log;
  readonly lease: Lease;
  readonly directoryId: string;
}

const everyMs = 5 * 60_000;
const urgentEveryMs = 15_000;
/** Many who lost the same server do not all ask in the same moment. */
const jitter = 0.2;

export function createControllerSearch({ db, log, lease, directoryId }: ControllerSearchOptions): ControllerSearch {
  let dueAt = 0;
  let urgentAt = 0;
  let failure: unknown = null;
  return {
    get failure() {
      return failure;
    },
    async look({ find }, { isUrgent }) {
      const now = performance.now();
      if (!find || now < (isUrgent ? urgentAt : dueAt)) return false;
      const spread = 1 - jitter / 2 + Math.random() * jitter;
      [dueAt, urgentAt] = [now + everyMs * spread, now + urgentEveryMs * spread];
      try {
        const { urls, strangers } = await findControllers(find, directoryId);
        if (strangers.length > 0) log.warn({ domain: find.domain, strangers }, 'DNS names hosts outside the domain; they are not asked');
        await changing(db, async (tx, touch) => {
          await lease.requireHeld(tx);
          await saveFoundControllers(tx, touch, directoryId, urls);
        });
        failure = null;
        return true;
      } catch (error) {
        failure = error;
        log.warn({ err: error, domain: find.domain }, 'the domain controllers could not be looked up; those that are known stay');
        return false;
      }
    },
  };
}
