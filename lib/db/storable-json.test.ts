import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from './database.ts';
import { storableJson } from './storable-json.ts';
import { testDatabase } from './testing.ts';

let db: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ db, drop } = await testDatabase());
});
afterAll(() => drop?.());

const read = async (value: unknown) =>
  (await db.sql.query<{ value: unknown }>('SELECT $1::jsonb AS value', [storableJson(value)])).rows[0]?.value;

test.each([
  ['a NUL', 'a\0b', 'a\ufffdb'],
  ['half a character', 'a\ud83d', 'a\ufffd'],
  ['the letters of a NUL’s escape', '\\u0000', '\\u0000'],
  ['what is whole', 'ä😀\n', 'ä😀\n'],
])('Postgres takes %s', async (_what, typed, kept) => {
  expect(await read({ deep: [{ typed }], n: 1, none: null })).toEqual({ deep: [{ typed: kept }], n: 1, none: null });
});

test('a time stays the text that it is in JSON', async () => {
  expect(await read({ at: new Date(0) })).toEqual({ at: '1970-01-01T00:00:00.000Z' });
});
