/** The worker's side of a request row: claims what is queued (several workers share by SKIP LOCKED), opens it, runs the handler, answers. */
import { type OpeningKey, open } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { asFault, fault, toRecord } from '#lib/errors/fault.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from '#lib/runtime/service.ts';

export interface Progress {
  readonly done?: number | undefined;
  readonly total?: number | undefined;
  readonly text: string;
}

export interface AskedRequest {
  readonly id: string;
  readonly kind: string;
  readonly askerId: string | null;
  readonly input: unknown;
  readonly secret: unknown;
  progress(progress: Progress): Promise<void>;
}

export type Handler = (request: AskedRequest) => Promise<unknown>;

export interface AnswererOptions {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly log: Log;
  readonly workerId: string;
  readonly handlers: Readonly<Record<string, Handler>>;
}

export interface Answerer extends Service {
  /** Called when a change says that a request was posed; the poll finds it anyway. */
  wake(): void;
}

interface Claimed {
  readonly id: string;
  readonly kind: string;
  readonly asker_id: string | null;
  readonly input: unknown;
  readonly sealed: Buffer | null;
}

const pollEveryMs = 200;
const atOnceMax = 32;
const kindsMax = 64;

export function createAnswerer({ db, openingKey, log, workerId, handlers }: AnswererOptions): Answerer {
  const kinds = Object.keys(handlers).slice(0, kindsMax);
  const underWay = new Set<Promise<void>>();
  let running = false;
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> | null = null;
  let again = false;

  async function look(): Promise<void> {
    do {
      again = false;
      const room = atOnceMax - underWay.size;
      if (room <= 0) return;
      for (const request of await claim(room)) {
        const work = answer(request).finally(() => underWay.delete(work));
        underWay.add(work);
      }
    } while (again && running);
  }

  async function claim(room: number): Promise<Claimed[]> {
    const { rows } = await db.sql.query<Claimed>(
      `UPDATE request SET state = 'running', claimed_by = $1, claimed_at = now()
       WHERE id IN (SELECT id FROM request WHERE state = 'queued' AND expires_at > now() AND kind = ANY($2) ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED)
       RETURNING id, kind, asker_id, input, sealed`,
      [workerId, kinds, room],
    );
    return rows;
  }

  async function answer(request: Claimed): Promise<void> {
    try {
      const handler = handlers[request.kind];
      if (!handler) throw fault('internal', 'request.unknown-kind', 'This work is not known here.');
      const secret =
        request.sealed === null ? undefined : JSON.parse(open(openingKey, request.sealed, `request:${request.id}`).toString('utf8'));
      const result = await handler({
        id: request.id,
        kind: request.kind,
        askerId: request.asker_id,
        input: request.input,
        secret,
        async progress(progress) {
          await db.sql.query('UPDATE request SET progress = $2 WHERE id = $1', [request.id, JSON.stringify(progress)]);
        },
      });
      await db.sql.query(`UPDATE request SET state = 'done', result = $2, sealed = NULL, finished_at = now() WHERE id = $1`, [
        request.id,
        JSON.stringify(result ?? null),
      ]);
    } catch (error) {
      const known = asFault(error);
      log[known.kind === 'internal' ? 'error' : 'info']({ err: known, request: request.id, kind: request.kind }, 'a request was refused');
      // The public voice only: the row can be read by the portal.
      const record = { ...toRecord(known), detail: undefined };
      await db.sql
        .query(`UPDATE request SET state = 'failed', error = $2, sealed = NULL, finished_at = now() WHERE id = $1`, [
          request.id,
          JSON.stringify(record),
        ])
        .catch((failure: unknown) => log.error({ err: failure, request: request.id }, 'the answer could not be written'));
    }
  }

  function wake(): void {
    if (!running) return;
    again = true;
    looking ??= look()
      .catch((error: unknown) => log.error({ err: error }, 'looking for requests failed'))
      .finally(() => {
        looking = null;
      });
  }

  return {
    name: 'request answerer',
    wake,
    async start() {
      if (running) return;
      running = true;
      timer = setInterval(wake, pollEveryMs);
      wake();
    },
    async stop() {
      running = false;
      if (timer) clearInterval(timer);
      await looking;
      await Promise.allSettled(underWay);
    },
  };
}
