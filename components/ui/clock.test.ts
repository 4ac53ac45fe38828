import { expect, test } from 'vitest';
import { latency, relativeTime } from './clock.ts';

const now = new Date('2026-11-23T12:00:00Z');
const from = (milliseconds: number) => relativeTime(new Date(now.getTime() + milliseconds), now);

test('a time is said relative to now, in the largest unit that fits', () => {
  expect(from(-2_000)).toBe('just now');
  expect(from(-61_000)).toBe('1 min ago');
  expect(from(3 * 3_600_000)).toBe('in 3 h');
  expect(from(-25 * 3_600_000)).toBe('1 day ago');
  expect(from(5 * 24 * 3_600_000 - 1_000)).toBe('in 5 days');
});

test('beyond two weeks the date is said, with the year where it is another one', () => {
  expect(relativeTime(new Date('2026-03-03T12:00:00Z'), now)).toBe('3 Mar');
  expect(relativeTime(new Date('2027-03-03T12:00:00Z'), now)).toBe('3 Mar 2027');
});

test('a latency below a tenth of a second is said in milliseconds', () => {
  expect(latency(38)).toBe('38 ms');
  expect(latency(270)).toBe('0.27 s');
});
