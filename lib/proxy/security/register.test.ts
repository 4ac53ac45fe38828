/** The list of known traps in docs/security.md is whole, and every row of it has its number in the name of a test where the list says. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const doors = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 25, 26, 27, 28, 56].map(String);
const directory = [29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42].map(String);
const faults = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 23, 24, 25, 26, 27, 28, 29].map((n) => `F${n}`);

const listed = readFileSync(join(root, 'docs/security.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, rows = '', places] = /^\| ((?:F?\d+(?:, )?)+) \| [^|]+ \| (`[^|]+`) \|$/.exec(line) ?? [];
    return places === undefined
      ? []
      : rows.split(', ').map((row) => ({ row, places: [...places.matchAll(/`([^`]+)`/g)].map(([, place = '']) => place) }));
  });

test('every row that concerns the door or the directory is listed once', () => {
  expect(listed.map(({ row }) => row).toSorted()).toEqual([...doors, ...directory, ...faults].toSorted());
});

test.each(listed)('row $row is tested in $places', ({ row, places }) => {
  for (const place of places) {
    const isFile = statSync(join(root, place)).isFile();
    const files = isFile
      ? [join(root, place)]
      : globSync('**/*.test.ts', { cwd: join(root, place) }).map((file) => join(root, place, file));
    expect(
      files.some((file) => rowsNamedIn(readFileSync(file, 'utf8')).has(row)),
      `${row} in ${place}`,
    ).toBe(true);
  }
});

function rowsNamedIn(text: string): Set<string> {
  const rows = [...text.matchAll(/SECURITY ((?:\d+(?:, )?)+)/g)].flatMap(([, numbers = '']) => numbers.split(', '));
  return new Set([...rows, ...[...text.matchAll(/\bF\d+\b/g)].map(([fault]) => fault)]);
}
