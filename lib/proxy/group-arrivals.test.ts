import { expect, test } from 'vitest';
import { createGroupArrivals } from './group-arrivals.ts';

test('a group may be on its way for half a minute; what is refused longer is broken, and long after it may be a new one again', () => {
  let nowMs = 0;
  const arrivals = createGroupArrivals(() => nowMs);
  expect(arrivals.mayBeOnTheWay('cl-1', ['a'])).toBe(true);
  nowMs = 29_000;
  expect(arrivals.mayBeOnTheWay('cl-1', ['a'])).toBe(true);
  nowMs = 31_000;
  expect(arrivals.mayBeOnTheWay('cl-1', ['a'])).toBe(false);
  expect(arrivals.mayBeOnTheWay('cl-1', ['a', 'b'])).toBe(true);
  expect(arrivals.mayBeOnTheWay('cl-2', ['a'])).toBe(true);
  nowMs = 11 * 60_000;
  expect(arrivals.mayBeOnTheWay('cl-1', ['a'])).toBe(true);
});
