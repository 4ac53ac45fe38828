import { expect, test } from 'vitest';
import { createLoop } from './loop.ts';

const long = 3_600_000;

test('A wake ends the pause of a loop, and so does the stop, which waits for the pass in hand', async () => {
  const passes: string[] = [];
  let paused = () => {};
  const inFirstPause = new Promise<void>((resolve) => {
    paused = resolve;
  });
  const loop = createLoop(async () => {
    while (loop.running) {
      passes.push('begun');
      const pause = loop.pause(long);
      paused();
      await pause;
      await Promise.resolve();
      passes.push('ended');
    }
  });
  loop.start();
  await inFirstPause;
  loop.wake();
  await expect.poll(() => passes.length, { timeout: 10_000 }).toBe(3);
  await loop.stop();
  expect(passes).toEqual(['begun', 'ended', 'begun', 'ended']);
});

test('A loop that is started twice runs once, and one that was stopped does not pause any more', async () => {
  let runs = 0;
  let goOn = () => {};
  const atWork = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const loop = createLoop(async () => {
    runs += 1;
    await atWork;
    await loop.pause(long);
  });
  loop.start();
  loop.start();
  const stopped = loop.stop();
  goOn();
  await stopped;
  expect([runs, loop.running]).toEqual([1, false]);
});
