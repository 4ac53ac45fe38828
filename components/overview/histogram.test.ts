import { expect, test } from 'vitest';
import { bandsOf, percentile } from './histogram.ts';

test('every cut-off falls in exactly one band, also the slow ones', () => {
  const bands = bandsOf([0, 100, 101, 999, 2000, 2001, 60_000]);
  expect(bands.map(({ count }) => count)).toEqual([2, 1, 0, 1, 1, 2]);
});

test('a percentile is a latency that really happened', () => {
  expect(percentile([400, 100, 200, 300], 0.5)).toBe(200);
  expect(percentile([400, 100, 200, 300], 0.99)).toBe(400);
  expect(percentile([], 0.5)).toBeNull();
});
