/**
 * How a process knows. The feed follows the change table from a number on: NOTIFY wakes it, the poll every 250 ms is the promise. It hands
 * over changes in order and counts a read as done only after its reader has taken them in, so that `lastReadAt` says how old this
 * process' picture of the world can be. Whoever decides asks `lease` first: a process that could not read for 5 s decides nothing.
 */
import pg from 'pg';
import type { Database } from '#lib/db/database.ts';
import type { Change, Topic } from '#lib/db/topics.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from '#lib/runtime/service.ts';

const pollEveryMs = 250;
export const leaseMs = 5_000;
const batchLimit = 5_000;
const relistenAfterMs = 1_000;

export interface FeedOptions {
  readonly db: Database;
  readonly log: Log;
  readonly from: bigint;
  onChanges(changes: readonly Change[]): Promise<void>;
}

export interface Feed extends Service {
  readonly seq: bigint;
  /** Milliseconds of the monotonic clock (performance.now) at which the last complete read began. */
  readonly lastReadAt: number;
  leaseIsGood(): boolean;
}

export function createFeed({ db, log, from, onChanges }: FeedOptions): Feed {
  let seq = from;
  let lastReadAt = performance.now();
  let running = false;
  let wake: (() => void) | null = null;
  let woken = false;
  let listener: pg.Client | null = null;
  let loop: Promise<void> = Promise.resolve();

  const wakeUp = () => {
    woken = true;
    wake?.();
  };

  async function listen(): Promise<void> {
    while (running) {
      const client = new pg.Client({ connectionString: db.url, keepAlive: true, connectionTimeoutMillis: 5_000 });
      const ended = new Promise<void>((resolve) => {
        client.on('end', () => resolve());
        client.on('error', () => resolve());
      });
      try {
        await client.connect();
        client.on('notification', wakeUp);
        await client.query('LISTEN gatehouse_change');
        listener = client;
        wakeUp();
        // Stopped while it connected: nobody else will end this client.
        if (running) await ended;
      } catch (error) {
        log.warn({ err: error }, 'listening for changes failed; the poll carries on');
      }
      listener = null;
      await client.end().catch(() => {});
      if (running) await new Promise((resolve) => setTimeout(resolve, relistenAfterMs));
    }
  }

  async function readOnce(): Promise<void> {
    for (;;) {
      const began = performance.now();
      const { rows } = await db.sql.query<{ seq: string; topic: string; key: string }>(
        'SELECT seq, topic, key FROM change WHERE seq > $1 ORDER BY seq LIMIT $2',
        [seq.toString(), batchLimit],
      );
      if (rows.length > 0) {
        const changes = rows.map((row) => ({ seq: BigInt(row.seq), topic: row.topic as Topic, key: row.key }));
        await onChanges(changes);
        seq = changes.at(-1)?.seq ?? seq;
      }
      if (rows.length < batchLimit) {
        lastReadAt = began;
        return;
      }
    }
  }

  async function follow(): Promise<void> {
    let failing = false;
    while (running) {
      woken = false;
      try {
        await readOnce();
        if (failing) log.info({ seq: seq.toString() }, 'reading changes works again');
        failing = false;
      } catch (error) {
        if (!failing) log.error({ err: error }, 'reading changes failed; this process refuses once its lease is over');
        failing = true;
      }
      if (!woken && running) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pollEveryMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = null;
      }
    }
  }

  return {
    name: 'change feed',
    get seq() {
      return seq;
    },
    get lastReadAt() {
      return lastReadAt;
    },
    leaseIsGood: () => performance.now() - lastReadAt < leaseMs,
    async start() {
      if (running) return;
      running = true;
      await readOnce();
      loop = Promise.all([listen(), follow()]).then(() => {});
    },
    async stop() {
      running = false;
      wakeUp();
      await listener?.end().catch(() => {});
      await loop;
    },
  };
}
