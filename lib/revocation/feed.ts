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
import { createDatabaseClock } from './database-clock.ts';

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
  /** How many changes were known to be written, when the order was last read, that are not taken in yet. */
  readonly behind: bigint;
  /** Milliseconds of the monotonic clock (performance.now) at which the last complete read began. */
  readonly lastReadAt: number;
  leaseIsGood(): boolean;
  /** The time by the database's clock. */
  now(): Date;
}

/** One row at least: where nothing has changed, it brings the time alone. */
const readSince = `
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "databaseMs", (SELECT seq FROM change_counter) AS head,
    (SELECT (extract(epoch FROM at) * 1000)::float8 FROM change WHERE seq = $1) AS "lastWrittenAt",
    c.seq, c.topic, c.key, (extract(epoch FROM c.at) * 1000)::float8 AS "writtenAt"
  FROM (SELECT) AS one LEFT JOIN LATERAL (SELECT seq, topic, key, at FROM change WHERE seq > $1 ORDER BY seq LIMIT $2) AS c ON true ORDER BY c.seq`;

/** A database that keeps the line open and says nothing must not be waited for: the next try takes another line. */
function readAfter(seq: bigint): pg.QueryConfig & { readonly query_timeout: number } {
  return { text: readSince, values: [seq.toString(), batchLimit], query_timeout: leaseMs };
}

interface Row {
  readonly databaseMs: number;
  readonly head: string;
  /** Of the change that was read last; null when there is none, or it has been swept since. */
  readonly lastWrittenAt: number | null;
  readonly seq: string | null;
  readonly topic: string;
  readonly key: string;
  readonly writtenAt: number;
}

/** The database lost what it had committed (an older backup, a standby that was behind): what is known here happened to another one. */
export class OrderLost extends Error {
  constructor(seq: bigint) {
    super(`the database has not, or not any more, the change ${seq} that was read from it: this process must begin anew`);
    this.name = 'OrderLost';
  }
}

function changeIn({ seq, topic, key, writtenAt }: Row): Change[] {
  return seq === null ? [] : [{ seq: BigInt(seq), topic: topic as Topic, key, writtenAt }];
}

export function createFeed({ db, log, from, onChanges }: FeedOptions): Feed {
  const clock = createDatabaseClock();
  let seq = from;
  let head = from;
  let lastWrittenAt: number | null = null;
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
      const { rows } = await db.sql.query<Row>(readAfter(seq));
      const [first] = rows;
      if (first) {
        clock.read(began, performance.now(), first.databaseMs);
        head = BigInt(first.head);
        const isAnother = lastWrittenAt !== null && first.lastWrittenAt !== null && first.lastWrittenAt !== lastWrittenAt;
        if (head < seq || isAnother) throw new OrderLost(seq);
        lastWrittenAt ??= first.lastWrittenAt;
      }
      const changes = rows.flatMap(changeIn);
      if (changes.length > 0) {
        await onChanges(changes);
        seq = changes.at(-1)?.seq ?? seq;
        lastWrittenAt = changes.at(-1)?.writtenAt ?? null;
      }
      if (changes.length < batchLimit) {
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
        // Nothing read from here on could be trusted; the process ends of it, and is started again with a new picture.
        if (error instanceof OrderLost) throw error;
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
    get behind() {
      return head > seq ? head - seq : 0n;
    },
    get lastReadAt() {
      return lastReadAt;
    },
    leaseIsGood: () => performance.now() - lastReadAt < leaseMs,
    now: () => clock.now(),
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
