import { afterAll, beforeAll, expect, it } from 'vitest';
import { changing } from '#lib/db/database.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { loadDirectory } from '../data.ts';
import { settleAsked, updateDirectory } from '../mutations.ts';
import { insertCorpExample } from '../testing/corp-example.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
  await insertCorpExample(test.db);
});

afterAll(() => test?.drop());

it('settings saved while a read by the former ones is under way are answered by a read that begins later, not by that one', async () => {
  const settings = { urls: ['ldaps://dc1'], bindDn: 'CN=sync', scopeDns: ['OU=Staff,DC=corp,DC=example'] };
  const beganBefore = new Date(Date.now() - 60_000);
  await changing(test.db, (tx, touch) => updateDirectory(tx, touch, { id: 'd-1', settings, sealed: Buffer.from('sealed') }));

  await changing(test.db, (tx) => settleAsked(tx, 'd-1', { began: beganBefore, held: false }));
  expect((await loadDirectory(test.db, 'd-1'))?.readAskedAt).toBeInstanceOf(Date);

  await changing(test.db, (tx) => settleAsked(tx, 'd-1', { began: new Date(Date.now() + 60_000), held: false }));
  expect((await loadDirectory(test.db, 'd-1'))?.readAskedAt).toBeNull();
});
