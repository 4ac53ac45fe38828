import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDatabaseClock, type DatabaseClock } from './database-clock.ts';

const databaseMs = Date.UTC(2026, 10, 23, 12);
let monotonic: number;
let clock: DatabaseClock;

beforeEach(() => {
  monotonic = 1_000;
  clock = createDatabaseClock(() => monotonic);
  clock.read(990, 1_000, databaseMs);
});
afterEach(() => vi.useRealTimers());

const off = () => clock.now().getTime() - databaseMs;

test('it tells the database’s time to half of what the answer took, and carries it on by the monotonic clock (F22)', () => {
  expect(off()).toBe(5);
  monotonic += 60_000;
  expect(off()).toBe(60_005);
});

test.each([-600_000, 600_000])('our own clock of the day may jump by %d ms: nobody asks it (F22)', (jump) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + jump });
  expect(off()).toBe(5);
  clock.read(monotonic, monotonic + 2, databaseMs);
  expect(Math.abs(off())).toBeLessThan(10);
});

test('a database whose clock is set forward is followed', () => {
  clock.read(monotonic, monotonic, databaseMs + 600_000);
  expect(off()).toBe(600_000);
});

test('a database whose clock is set back revives nothing: time stands until it has caught up (F22)', () => {
  monotonic += 10_000;
  expect(off()).toBe(10_005);
  clock.read(monotonic, monotonic, databaseMs - 590_000);
  expect(off()).toBe(10_005);
  monotonic += 599_000;
  expect(off()).toBe(10_005);
  monotonic += 2_000;
  expect(off()).toBe(11_000);
});

test('an answer that took long, as behind a pause of this process, moves nothing that it does not contradict', () => {
  monotonic += 60_000;
  clock.read(monotonic - 58_000, monotonic, databaseMs + 2_100);
  expect(off()).toBe(60_005);
  clock.read(monotonic - 58_000, monotonic, databaseMs + 3_600_000);
  expect(off()).toBe(3_629_000);
});
