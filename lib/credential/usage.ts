/**
 * When a credential was last used, from where and by what: kept in memory and written in batches, so that a request costs no query.
 * The very first use of a renewed credential is the exception: it ends the one before it, and that must not wait for a batch.
 */
import { record } from '#lib/audit/record.ts';
import { changing, type Database } from '#lib/db/database.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from '#lib/runtime/service.ts';
import { endPredecessors, type Use, writeUses } from './mutations.ts';

const writeEveryMs = 5_000;

export interface Usage extends Service {
  note(use: Use): void;
}

export function createUsage({ db, log }: { db: Database; log: Log }): Usage {
  const pending = new Map<string, Use>();
  /** Credentials whose predecessors this process has already ended, or never had any. */
  const settled = new Set<string>();
  const atWork = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | null = null;

  function track(work: Promise<void>): void {
    atWork.add(work);
    void work.finally(() => atWork.delete(work));
  }

  async function settle(use: Use): Promise<void> {
    try {
      await changing(db, async (tx, touch) => {
        for (const ended of await endPredecessors(tx, touch, use.credentialId, use.at)) {
          await record(tx, {
            event: 'credential.revoked',
            actor: { kind: 'system', name: 'door' },
            subject: { kind: 'credential', id: ended.id, name: ended.id },
            detail: { reason: 'renewed', successorId: use.credentialId, personId: ended.personId },
          });
        }
      });
    } catch (error) {
      settled.delete(use.credentialId);
      log.warn(
        { err: error, credentialId: use.credentialId },
        'ending the renewed credential before this one failed; tried again at its next use',
      );
    }
  }

  async function write(): Promise<void> {
    if (pending.size === 0) return;
    const uses = [...pending.values()];
    pending.clear();
    try {
      await db.prisma.$transaction((tx) => writeUses(tx, uses));
    } catch (error) {
      for (const use of uses) if (!pending.has(use.credentialId)) pending.set(use.credentialId, use);
      log.warn({ err: error, credentials: uses.length }, 'writing last uses failed; they are written with the next batch');
    }
  }

  return {
    name: 'credential usage',
    note(use) {
      pending.set(use.credentialId, use);
      if (settled.has(use.credentialId)) return;
      settled.add(use.credentialId);
      track(settle(use));
    },
    async start() {
      timer ??= setInterval(() => track(write()), writeEveryMs);
      timer.unref();
    },
    async stop() {
      if (timer) clearInterval(timer);
      timer = null;
      await Promise.all(atWork);
      await write();
    },
  };
}
