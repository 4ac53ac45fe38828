/**
 * The portal asks, the worker does. The portal holds no directory and no cluster credential; what needs one becomes a request row, its
 * secret part sealed to the worker's key, answered in milliseconds and dropped soon after. A row that nobody answers is a clear refusal.
 */
import { randomUUID } from 'node:crypto';
import { type SealingKey, seal } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { type FaultRecord, fault, fromRecord } from '#lib/errors/fault.ts';

export interface Question {
  readonly kind: string;
  readonly askerId?: string | undefined;
  readonly input?: unknown;
  /** Sealed before it is written; only the worker can read it. */
  readonly secret?: unknown;
  readonly sealingKey: SealingKey;
  /** How long the asker waits, and the row lives. */
  readonly timeoutMs?: number;
}

const pollEveryMs = 25;

/** Asks and waits for the answer; the worker's refusal is thrown as the same Fault. */
export async function ask(db: Database, question: Question): Promise<unknown> {
  const timeoutMs = question.timeoutMs ?? 15_000;
  const id = await pose(db, { ...question, timeoutMs });
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const row = await db.prisma.request.findUnique({ where: { id }, select: { state: true, result: true, error: true } });
    if (row?.state === 'done') return row.result;
    if (row?.state === 'failed') throw fromRecord(row.error as unknown as FaultRecord);
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
  }
  throw fault('unavailable', 'request.unanswered', 'The part that does this work did not answer in time. Try again in a moment.', {
    detail: `request ${id} (${question.kind}) was not answered within ${timeoutMs} ms; is a worker running?`,
  });
}

/** Asks without waiting: the id lets a screen follow the progress. */
export async function pose(db: Database, { kind, askerId, input, secret, sealingKey, timeoutMs = 600_000 }: Question): Promise<string> {
  const id = newId('rq') + randomUUID().slice(0, 8);
  const sealed = secret === undefined ? null : seal(sealingKey, Buffer.from(JSON.stringify(secret), 'utf8'), `request:${id}`);
  await changing(db, async (tx, touch) => {
    await tx.$executeRaw`
      INSERT INTO request (id, kind, asker_id, input, sealed, expires_at)
      VALUES (${id}, ${kind}, ${askerId ?? null}, ${JSON.stringify(input ?? {})}::jsonb, ${sealed}, now() + make_interval(secs => ${timeoutMs / 1000}))`;
    touch('request', id);
  });
  return id;
}
