/**
 * The way to Postgres. Every write that another process must learn of goes through `changing`: the rows, their audit event and their
 * change numbers commit together, and the number is taken as the last statement, so that the order of numbers is the order of commits.
 */
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { type Fault, fault } from '#lib/errors/fault.ts';
import { type Prisma, PrismaClient } from './generated/client.ts';
import type { Topic, Touch } from './topics.ts';

export type Tx = Prisma.TransactionClient;

export interface Database {
  readonly prisma: PrismaClient;
  readonly sql: pg.Pool;
  readonly url: string;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly max?: number;
  /** After that long without an answer the connection is given up, for whoever must not hang on a database that went silent. */
  readonly answerWithinMs?: number;
}

export function openDatabase(url: string, { max = 8, answerWithinMs }: DatabaseOptions = {}): Database {
  const sql = new pg.Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    ...(answerWithinMs === undefined ? {} : { query_timeout: answerWithinMs }),
  });
  // An idle connection that breaks is the pool's to replace; without a listener Node would end the process.
  sql.on('error', () => {});
  // One that is lent out may break between two statements of a transaction; whoever has it learns so by the next of them.
  sql.on('connect', (client) => client.on('error', () => {}));
  const prisma = new PrismaClient({ adapter: new PrismaPg(sql, { disposeExternalPool: false }) });
  return {
    prisma,
    sql,
    url,
    async close() {
      await prisma.$disconnect();
      await sql.end();
    },
  };
}

export interface ChangingOptions {
  readonly timeoutMs?: number;
}

export async function changing<T>(db: Database, work: (tx: Tx, touch: Touch) => Promise<T>, options: ChangingOptions = {}): Promise<T> {
  let isCommitting = false;
  try {
    return await db.prisma.$transaction(
      async (tx) => {
        const touched = new Map<string, { topic: Topic; key: string }>();
        const result = await work(tx, (topic, key) => touched.set(`${topic} ${key}`, { topic, key }));
        await appendChanges(tx, [...touched.values()]);
        isCommitting = true;
        return result;
      },
      { timeout: options.timeoutMs ?? 15_000, maxWait: 5_000 },
    );
  } catch (error) {
    throw isCommitting && isUnreachable(error) ? perhapsDone(error) : inWords(error);
  }
}

/** The connection broke between COMMIT and its answer: neither "done" nor "not done" would be the truth. */
function perhapsDone(cause: Error): Fault {
  return fault(
    'unavailable',
    'database.commit-unknown',
    'The connection to the database broke while your change was being saved. See whether it is there before you try again.',
    { cause, detail: cause.message, retryAfterSeconds: 5 },
  );
}

async function appendChanges(tx: Tx, changes: readonly { topic: Topic; key: string }[]): Promise<void> {
  if (changes.length === 0) return;
  const topics = changes.map(({ topic }) => topic as string);
  const keys = changes.map(({ key }) => key);
  await tx.$queryRaw`SELECT append_changes(${topics}::text[], ${keys}::text[])`;
}

/** A database that is gone, in one sentence; any other error as it came. Readers of rows ask for this too. */
export function inWords(error: unknown): unknown {
  if (!isUnreachable(error)) return error;
  return fault(
    'unavailable',
    'database.unreachable',
    'The database cannot be reached just now. Nothing was changed; try again in a moment.',
    {
      cause: error,
      detail: error instanceof Error ? error.message : String(error),
      retryAfterSeconds: 5,
    },
  );
}

const goneCodes = new Set(['P1001', 'P1002', 'P1017', 'P2024', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03', '08006']);

function isUnreachable(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return goneCodes.has(code) || /^(Connection terminated|timeout exceeded when trying to connect)/.test(error.message);
}
