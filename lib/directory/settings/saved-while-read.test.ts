import { afterAll, beforeAll, expect, it } from 'vitest';
import { changing } from '#lib/db/database.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { loadDirectory } from '../data.ts';
import { endApproval, saveApproval, settleAsked, updateDirectory } from '../mutations.ts';
import { insertCorpExample } from '../testing/corp-example.ts';
import type { Directory } from '../types.ts';

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

it('what was approved with new settings is not used up by a read that went by the former ones (SECURITY 37)', async () => {
  const approved = { people: 40, groups: 0, memberships: 12 };
  const former = (await loadDirectory(test.db, 'd-1')) as Directory;
  const settings = { ...former.settings, scopeDns: ['OU=Sales,DC=corp,DC=example'], sentinelPerson: undefined };
  await changing(test.db, async (tx, touch) => {
    await updateDirectory(tx, touch, { id: 'd-1', settings, sealed: Buffer.from('sealed') });
    await saveApproval(tx, 'd-1', approved);
  });

  await changing(test.db, (tx) => endApproval(tx, former));
  const now = (await loadDirectory(test.db, 'd-1')) as Directory;
  expect(now.approved).toEqual(approved);

  await changing(test.db, (tx) => endApproval(tx, now));
  expect((await loadDirectory(test.db, 'd-1'))?.approved).toBeNull();
});
