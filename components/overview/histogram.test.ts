import { expect, test } from 'vitest';
import { bandsOf, latencyInWords, percentile } from './histogram.ts';

test('every cut-off falls in exactly one band, also the slow ones', () => {
  const bands = bandsOf([0, 100, 101, 999, 2000, 2001, 60_000]);
  expect(bands.map(({ count }) => count)).toEqual([2, 1, 0, 1, 1, 2]);
});

test('a percentile is a latency that really happened', () => {
  expect(percentile([400, 100, 200, 300], 0.5)).toBe(200);
  expect(percentile([400, 100, 200, 300], 0.99)).toBe(400);
  expect(percentile([], 0.5)).toBeNull();
});

test('latencies are said in the unit that fits', () => {
  expect(latencyInWords(270.4)).toBe('270 ms');
  expect(latencyInWords(1234)).toBe('1.23 s');
  expect(latencyInWords(75_000)).toBe('75 s');
});
