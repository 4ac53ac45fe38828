/** Names are found as people type them: without their accents, in any case, and never as a pattern. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { insertCorpExample } from '../testing/corp-example.ts';
import { listGroups, listMembers, listPeople, nearestPeople } from './list-data.ts';

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
     VALUES ('g-1', 'f-1', 'd-1', gen_random_uuid(), 'CN=g', 'cafe', 'Café Crème', -2147483646, true),
       ('g-2', 'f-1', 'd-1', gen_random_uuid(), 'CN=h', 'cellar', 'Cellar', -2147483646, true)`,
  );
  await sql.query(
    `INSERT INTO membership (group_id, member_id, is_primary) VALUES ('g-1', 'g-2', false), ('g-1', 'p-1', true), ('g-1', 'p-3', false), ('g-1', 'p-4', false), ('g-2', 'p-2', false)`,
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

it('comes in the reversed order too, whole and in pages, searched or not', async () => {
  const list = async (search: string, sort: 'name' | 'state' | 'since', reverse: boolean, state?: string) => {
    const pages = [0, 3, 6].map((offset) => listPeople(test.db, { search, sort, reverse, state, offset, limit: 3 }));
    return (await Promise.all(pages)).flatMap(({ items }) => items.map(({ displayName }) => displayName));
  };
  for (const [search, state] of [
    ['', undefined],
    ['lo', undefined],
    ['login', undefined],
    ['', 'enabled'],
  ] as const) {
    const forth = await list(search, 'name', false, state);
    expect(forth).toHaveLength(names.length);
    expect(await list(search, 'name', true, state)).toEqual(forth.toReversed());
  }
  await test.db.sql.query(`UPDATE person SET state = 'disabled', state_since = now() - interval '1 year' WHERE display_name = 'Anna Weiß'`);
  expect([(await list('', 'since', true))[0], (await list('', 'since', false)).at(-1), (await list('', 'state', false))[0]]).toEqual([
    'Anna Weiß',
    'Anna Weiß',
    'Anna Weiß',
  ]);
  expect((await list('', 'state', true)).at(-1)).toBe('Anna Weiß');
  await test.db.sql.query(`UPDATE person SET state = 'enabled', state_since = now() WHERE display_name = 'Anna Weiß'`);
});

it('takes what is typed for text, not for a pattern', async () => {
  const found = async (typed: string) => (await listPeople(test.db, { search: typed, sort: 'name', offset: 0, limit: 10 })).total;
  expect([await found('%'), await found('_'), await found('100%'), await found('\\')]).toEqual([1, 0, 1, 0]);
});

it('finds groups in the same way', async () => {
  expect((await listGroups(test.db, { search: 'cafe creme', offset: 0, limit: 10 })).items.map(({ name }) => name)).toEqual(['Café Crème']);
});

it('finds a login or an address by any part of it, whether or not they say the same', async () => {
  const { sql } = test.db;
  await sql.query(`UPDATE person SET upn = 'LOGIN1@corp.example', mail = 'Login1@Corp.Example' WHERE id = 'p-1'`);
  await sql.query(`UPDATE person SET upn = 'soren@corp.example', mail = 's.angstrom@elsewhere.example' WHERE id = 'p-2'`);
  const found = async (search: string) =>
    (await listPeople(test.db, { search, sort: 'name', offset: 0, limit: 10 })).items.map(({ id }) => id);
  expect(await found('ogin1@corp')).toEqual(['p-1']);
  expect(await found('login2')).toEqual(['p-2']);
  expect(await found('n@corp')).toEqual(['p-2']);
  expect(await found('elsewhere')).toEqual(['p-2']);
  expect((await nearestPeople(test.db, 'Login2', 10)).map(({ id }) => id)).toEqual(['p-2']);
  expect((await nearestPeople(test.db, 's', 3)).map(({ displayName }) => displayName)).toEqual([
    '100% Sure',
    'Søren Ångström',
    'Anna Weiß',
  ]);
});

it('members come page by page, groups before people, as their names are found', async () => {
  const members = async (search: string, offset: number, nestedPeople: string[] | null = null, limit = 2) => {
    const { items, total } = await listMembers(test.db, { groupId: 'g-1', search, nestedPeople, offset, limit });
    return [items.map(({ name, direct, primary }) => `${name}${direct ? '' : ' (nested)'}${primary ? ' (primary)' : ''}`), total];
  };
  expect(await members('', 0)).toEqual([['Cellar', 'Anna Weiß'], 4]);
  expect(await members('', 2)).toEqual([['José Núñez', 'Jürgen Müller (primary)'], 4]);
  expect(await members('', 4)).toEqual([[], 4]);
  expect(await members('', 0, null, 1)).toEqual([['Cellar'], 4]);
  expect(await members('e', 0)).toEqual([['Cellar', 'Anna Weiß'], 4]);
  expect(await members('JU mull', 0)).toEqual([['Jürgen Müller (primary)'], 1]);
  const all = ['p-1', 'p-2', 'p-3', 'p-4'];
  expect(await members('', 2, all)).toEqual([['Jürgen Müller (primary)', 'Søren Ångström (nested)'], 4]);
  expect(await members('ang', 0, all)).toEqual([['Søren Ångström (nested)'], 1]);
  expect(await members('', 0, [])).toEqual([[], 0]);
});
