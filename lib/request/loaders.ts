import { z } from 'zod';
import { operation } from '#lib/api/operation.ts';
import { instant } from '#lib/api/schema.ts';
import { fault } from '#lib/errors/fault.ts';

const requestOutput = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(['queued', 'running', 'done', 'failed']),
  progress: z.object({ done: z.number().optional(), total: z.number().optional(), text: z.string() }).nullable(),
  result: z.unknown(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  createdAt: instant,
  finishedAt: instant.nullable(),
});

/** Answers of a sign-in are for the sign-in alone. */
const neverTold = new Set(['login']);

export const requestsGet = operation({
  id: 'requests.get',
  method: 'GET',
  path: '/requests/{id}',
  summary: 'How far a piece of long work is that I asked for',
  allow: 'person',
  input: z.object({ id: z.string().max(64) }),
  output: requestOutput,
  async run({ db }, { person }, { id }) {
    const { rows } = await db.sql.query(
      `SELECT id, kind, state, progress, result, error, created_at AS "createdAt", finished_at AS "finishedAt" FROM request WHERE id = $1 AND asker_id = $2`,
      [id, person.id],
    );
    const [row] = rows;
    if (!row || neverTold.has(row.kind))
      throw fault('not-found', 'request.unknown', 'There is no such request of yours; finished ones are forgotten after a while.');
    return row;
  },
});

export const operations = [requestsGet];
