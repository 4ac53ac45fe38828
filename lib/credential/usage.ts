/**
 * When a credential was last used, from where and by what: kept in memory and written in batches, so that a request costs no query.
 *
 * It promises: a later use is never overwritten by an earlier one, whichever of several processes writes last; what could not be written is
 * kept and written later; a stop writes what is left; memory is bounded. A stream that is held open is a use for as long as it is, or an idle
 * bound would cut whoever watches for a month. Lost at most: what was noted in the 5 s before a process was killed.
 * The very first use of a renewed credential is the exception: it ends the ones before it, and that must not wait for a batch.
 */
import { record } from '#lib/audit/record.ts';
import { changing, type Database } from '#lib/db/database.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from '#lib/runtime/service.ts';
import { hasLivingPredecessors } from './data.ts';
import { endPredecessors, type Use, writeUses } from './mutations.ts';

const writeEveryMs = 5_000;
const rememberedMax = 100_000;

export interface Usage extends Service {
  note(use: Omit<Use, 'held'>): void;
}

export interface UsageOptions {
  readonly db: Database;
  readonly log: Log;
  /** What is held open here. */
  readonly open?: () => Iterable<{ readonly credentialId: string }>;
  readonly stillOpenEveryMs?: number;
}

export function createUsage({ db, log, open = () => [], stillOpenEveryMs = 10 * 60_000 }: UsageOptions): Usage {
  const pending = new Map<string, Use>();
  /** Credentials whose predecessors this process has already ended, or never had any. */
  const settled = new Set<string>();
  const settling = new Set<Promise<void>>();
  let writing: Promise<void> | null = null;
  let timers: NodeJS.Timeout[] = [];

  function keep(use: Use): void {
    pending.set(use.credentialId, laterOf(pending.get(use.credentialId), use));
    if (pending.size > rememberedMax) forgetOldest(pending);
  }

  async function settle({ credentialId, at }: Use): Promise<void> {
    try {
      if (!(await hasLivingPredecessors(db, credentialId))) return;
      await changing(db, async (tx, touch) => {
        for (const ended of await endPredecessors(tx, touch, credentialId, at)) {
          await record(tx, {
            event: 'credential.revoked',
            actor: { kind: 'system', name: 'door' },
            subject: { kind: 'credential', id: ended.id, name: ended.name },
            detail: { reason: 'renewed', successorId: credentialId, personId: ended.personId },
          });
        }
      });
    } catch (error) {
      settled.delete(credentialId);
      log.warn({ err: error, credentialId }, 'ending the renewed credential before this one failed; tried again at its next use');
    }
  }

  async function write(): Promise<void> {
    if (pending.size === 0) return;
    const uses = [...pending.values()];
    pending.clear();
    try {
      await db.prisma.$transaction((tx) => writeUses(tx, uses));
    } catch (error) {
      for (const use of uses) keep(use);
      log.warn({ err: error, credentials: uses.length }, 'writing last uses failed; they are written with the next batch');
    }
  }

  function writeSoon(): void {
    writing ??= write().finally(() => {
      writing = null;
    });
  }

  function noteWhatIsOpen(): void {
    const at = new Date();
    const credentialIds = new Set([...open()].map(({ credentialId }) => credentialId));
    for (const credentialId of credentialIds) keep({ credentialId, at, address: null, client: null, held: true });
  }

  return {
    name: 'credential usage',
    note(given) {
      const use = { ...given, held: false };
      keep(use);
      if (settled.has(use.credentialId)) return;
      settled.add(use.credentialId);
      if (settled.size > rememberedMax) forgetOldest(settled);
      const work: Promise<void> = settle(use).finally(() => settling.delete(work));
      settling.add(work);
    },
    async start() {
      if (timers.length > 0) return;
      timers = [setInterval(writeSoon, writeEveryMs), setInterval(noteWhatIsOpen, stillOpenEveryMs)];
      for (const timer of timers) timer.unref();
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      timers = [];
      await Promise.all(settling);
      await writing;
      await write();
    },
  };
}

/** The later one, with the address and client of the last request: what is merely held open says nothing of these. */
function laterOf(before: Use | undefined, use: Use): Use {
  if (before === undefined) return use;
  const [earlier, later] = before.at > use.at ? [use, before] : [before, use];
  return later.held && !earlier.held ? { ...earlier, at: later.at } : later;
}

function forgetOldest(of: Map<string, unknown> | Set<string>): void {
  const [oldest] = of.keys();
  if (oldest !== undefined) of.delete(oldest);
}
