/** What is kept for a while, and for how long: the history, and what people hold who left by an approval. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { endWhatNobodyPutBack } from '../mutations.ts';
import { insertCorpExample } from '../testing/corp-example.ts';
import { forgetOldSyncs } from './history.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
  await insertCorpExample(test.db);
});

afterAll(() => test?.drop());

it('the history forgets what is older than 90 days', async () => {
  await test.db.sql.query(
    `INSERT INTO directory_sync (directory_id, controller_id, controller, kind, outcome, started_at, ended_at)
     SELECT 'd-1', 'dc-1', 'dc1', 'resumed', 'done', now() - d * interval '1 day', now() - d * interval '1 day' FROM unnest(ARRAY[1, 89, 91, 400]) AS d`,
  );
  await forgetOldSyncs(test.db);
  const { rows } = await test.db.sql.query(
    `SELECT round(extract(epoch FROM now() - ended_at) / 86400)::int AS days FROM directory_sync ORDER BY 1`,
  );
  expect(rows).toEqual([{ days: 1 }, { days: 89 }]);
});

it('what was kept for an undo ends after a week, and nobody’s who is in scope (SECURITY 44)', async () => {
  const people: [string, string, number][] = [
    ['p-week', 'out-of-scope', 8],
    ['p-gone', 'deleted', 8],
    ['p-day', 'out-of-scope', 1],
    ['p-in', 'enabled', 8],
  ];
  for (const [id, state, days] of people) {
    await test.db.sql.query(
      `INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, wire_name, display_name, user_account_control, state, state_since)
       VALUES ($1, 'f-1', 'd-1', gen_random_uuid(), $1, $1, $1, $1, 512, $2, now() - $3 * interval '1 day')`,
      [id, state, days],
    );
    await test.db.sql.query(
      `INSERT INTO credential (id, kind, person_id, name, secret_hash, expires_at) VALUES ('c' || $1, 'kubeconfig', $1, 'laptop', $2, now() + interval '1 day')`,
      [id, Buffer.from(id)],
    );
  }
  await endWhatNobodyPutBack(test.db);
  const { rows } = await test.db.sql.query<{ person_id: string }>('SELECT person_id FROM credential WHERE revoked_at IS NULL ORDER BY 1');
  expect(rows.map(({ person_id }) => person_id)).toEqual(['p-day', 'p-in']);
});
