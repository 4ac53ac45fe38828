import { afterAll, beforeAll, expect, it } from 'vitest';
import { changing } from '#lib/db/database.ts';
import { createLease, LeaseLost } from '#lib/db/lease.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { createLog } from '#lib/log/log.ts';
import { loadDirectory } from '../data.ts';
import { removeUnreadDirectory } from '../mutations.ts';
import { insertCorpExample } from '../testing/corp-example.ts';
import type { Directory } from '../types.ts';
import { noteHeld } from './directory-state.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
  await insertCorpExample(test.db);
});

afterAll(() => test?.drop());

const leaseOf = (holder: string) => createLease(test.db, { name: 'directory:d-1', holder, seconds: 600 });

it('a worker that slept through the end of its lease does not say that a directory is held (SECURITY 37)', async () => {
  const directory = (await loadDirectory(test.db, 'd-1')) as Directory;
  const [sleeper, successor] = [leaseOf('w-one'), leaseOf('w-two')];
  await sleeper.acquire();
  await test.db.sql.query(`UPDATE lease SET expires_at = now() - interval '1 second'`);
  expect(await successor.acquire()).toBe(true);
  const held = [{ what: 'people' as const, removals: 40, of: 100, whom: [] }];
  const ground = { db: test.db, log: createLog('directory state test') };
  await expect(noteHeld({ ...ground, lease: sleeper }, directory, held)).rejects.toBeInstanceOf(LeaseLost);
  expect((await loadDirectory(test.db, 'd-1'))?.state).toBe('new');
  await noteHeld({ ...ground, lease: successor }, directory, held);
  expect((await loadDirectory(test.db, 'd-1'))?.state).toBe('held');
  await successor.release();
});

it('a directory whose first read failed is taken away from whichever worker follows it by now (F7)', async () => {
  const lease = leaseOf('w-other');
  await lease.acquire();
  await changing(test.db, (tx, touch) => removeUnreadDirectory(tx, touch, 'd-1'));
  await expect(changing(test.db, (tx) => lease.requireHeld(tx))).rejects.toBeInstanceOf(LeaseLost);
  expect(await loadDirectory(test.db, 'd-1')).toBeNull();
});
