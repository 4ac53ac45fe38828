/** Names are found as people type them: without their accents, in any case, and never as a pattern. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { insertCorpExample } from '../testing/corp-example.ts';
import { listGroups, listPeople, nearestPeople } from './data.ts';

let test: TestDatabase;
const names = ['Jürgen Müller', 'Søren Ångström', 'José Núñez', 'Anna Weiß', 'Zoë Łukasik', 'Ольга Петрова', '100% Sure'];

beforeAll(async () => {
  test = await testDatabase();
  const { sql } = test.db;
  await insertCorpExample(test.db);
  await sql.query(
    `INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, wire_name, display_name, user_account_control, state)
     SELECT 'p-' || n, 'f-1', 'd-1', gen_random_uuid(), 'CN=' || n, 'login' || n, 'w' || n, name, 512, 'enabled'
     FROM unnest($1::text[]) WITH ORDINALITY AS given(name, n)`,
    [names],
  );
  await sql.query(
    `INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
     VALUES ('g-1', 'f-1', 'd-1', gen_random_uuid(), 'CN=g', 'cafe', 'Café Crème', -2147483646, true)`,
  );
});
afterAll(() => test?.drop());

it.each([
  ['muller', 'Jürgen Müller'],
  ['MÜLLER jurgen', 'Jürgen Müller'],
  ['soren angstrom', 'Søren Ångström'],
  ['Nunez', 'José Núñez'],
  ['núñez', 'José Núñez'],
  ['weiss', 'Anna Weiß'],
  ['lukasik', 'Zoë Łukasik'],
  ['ПЕТРОВА', 'Ольга Петрова'],
  ['login1', 'Jürgen Müller'],
  ['JÓ', 'José Núñez'],
  ['łu zo', 'Zoë Łukasik'],
  ['ГА', 'Ольга Петрова'],
])('finds by %s', async (typed, name) => {
  const { items } = await listPeople(test.db, { search: typed, sort: 'name', offset: 0, limit: 10 });
  expect(items.map(({ displayName }) => displayName)).toEqual([name]);
  expect((await nearestPeople(test.db, typed, 10)).map(({ displayName }) => displayName)).toEqual([name]);
});

it('two letters go through everybody, and come page by page in the same order as a longer word', async () => {
  const pages = async (search: string, sort: 'name' | 'state' | 'since') =>
    Promise.all([0, 2, 4, 6].map((offset) => listPeople(test.db, { search, sort, offset, limit: 2 })));
  for (const sort of ['name', 'state', 'since'] as const) {
    const [short, long] = [await pages('lo', sort), await pages('login', sort)];
    expect(short).toEqual(long);
    expect(short.map(({ items, total }) => [items.length, total])).toEqual([
      [2, names.length],
      [2, names.length],
      [2, names.length],
      [1, names.length],
    ]);
  }
  const { items } = await listPeople(test.db, { search: 'lo', sort: 'name', offset: 0, limit: 10 });
  expect(items.slice(0, 3).map(({ displayName }) => displayName)).toEqual(['100% Sure', 'Anna Weiß', 'José Núñez']);
});

it('takes what is typed for text, not for a pattern', async () => {
  const found = async (typed: string) => (await listPeople(test.db, { search: typed, sort: 'name', offset: 0, limit: 10 })).total;
  expect([await found('%'), await found('_'), await found('100%'), await found('\\')]).toEqual([1, 0, 1, 0]);
});

it('finds groups in the same way', async () => {
  expect((await listGroups(test.db, { search: 'cafe creme', offset: 0, limit: 10 })).items.map(({ name }) => name)).toEqual(['Café Crème']);
});
