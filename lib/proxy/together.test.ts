import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { together } from './together.ts';

test('what comes in one turn is served in its order, and what comes meanwhile in the next', async () => {
  const served: number[] = [];
  const serve = together((item: number) => {
    served.push(item);
    if (item === 1) serve(3);
  });
  serve(1);
  serve(2);
  expect(served).toEqual([]);
  await nextTurn();
  expect(served).toEqual([1, 2]);
  await nextTurn();
  expect(served).toEqual([1, 2, 3]);
});
