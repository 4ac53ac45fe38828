/**
 * Audit events of the door, written in batches behind the request: nothing waits for them, and nothing is dropped without saying how much.
 * A batch has its numbers before it is written, so that one whose commit nobody heard of is written again and stands there once.
 */
import { type AuditEntry, type NumberedEntry, numbered, recordOnce } from '#lib/audit/record.ts';
import type { Database } from '#lib/db/database.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from '#lib/runtime/service.ts';

const writeEveryMs = 200;
const heldMax = 20_000;
/** At the end, when nobody comes back for what is held. */
const lastAttempts = 5;

export interface Trail extends Service {
  add(entry: AuditEntry): void;
}

export function createTrail({ db, log }: { db: Database; log: Log }): Trail {
  let held: AuditEntry[] = [];
  /** Perhaps written, perhaps not: goes first, as it is, until the database says that it has it. */
  let unsettled: NumberedEntry[] = [];
  let lost = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  function noteLost(): void {
    lost += 1;
    if (lost % 1_000 === 1) log.error({ lost }, 'audit events of the door were lost: the database has not taken any for too long');
  }

  const waiting = () => unsettled.length + held.length;

  async function write(): Promise<void> {
    try {
      while (waiting() > 0) {
        if (unsettled.length === 0) {
          unsettled = await numbered(db.prisma, held);
          held = held.slice(unsettled.length);
        }
        await recordOnce(db.prisma, unsettled);
        unsettled = [];
      }
    } catch (error) {
      log.warn({ err: error, entries: waiting() }, 'the door’s audit events could not be written yet');
    }
  }

  return {
    name: 'door audit trail',
    add(entry) {
      if (waiting() < heldMax) held.push(entry);
      else noteLost();
    },
    async start() {
      let under = false;
      timer ??= setInterval(() => {
        if (under) return;
        under = true;
        writing = write().finally(() => {
          under = false;
        });
      }, writeEveryMs);
      timer.unref();
    },
    async stop() {
      if (timer) clearInterval(timer);
      timer = null;
      await writing;
      for (let attempt = 0; attempt < lastAttempts && waiting() > 0; attempt += 1) {
        if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, writeEveryMs));
        await write();
      }
      if (waiting() > 0) log.error({ lost: waiting() }, 'audit events of the door were lost: it stopped while the database took none');
    },
  };
}
