import { expect, test } from 'vitest';
import { createRepeats } from './repeats.ts';

test('the first of a kind is told at once, its repetitions once a minute as a number, and another kind is not held back by it', () => {
  let now = 0;
  const told: [string, number][] = [];
  const repeats = createRepeats(() => now);
  const note = (key: string) => repeats.note(key, (times) => told.push([key, times]));
  for (let i = 0; i < 500; i += 1) note('a');
  note('b');
  expect(told).toEqual([
    ['a', 1],
    ['b', 1],
  ]);
  now = 61_000;
  repeats.due(now);
  expect(told.slice(2)).toEqual([['a', 499]]);
  note('a');
  expect(told.slice(3)).toEqual([['a', 1]]);
});

test('ten thousand kinds are remembered, and what comes beyond is counted together: nobody fills our memory or the log by variety', () => {
  let told = 0;
  const repeats = createRepeats(() => 0);
  for (let i = 0; i < 30_000; i += 1) {
    repeats.note(`kind ${i}`, () => {
      told += 1;
    });
  }
  expect(told).toBe(10_001);
  repeats.due(0, true);
  expect(told).toBe(10_002);
});
