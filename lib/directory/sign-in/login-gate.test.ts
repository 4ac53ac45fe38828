import { expect, it } from 'vitest';
import { createGate } from './login-gate.ts';

it('lets so many in at once and the others in turn, whatever becomes of those before them (F2)', async () => {
  const gate = createGate(2);
  let inside = 0;
  let most = 0;
  const order: number[] = [];
  const work = (n: number) => async () => {
    inside += 1;
    most = Math.max(most, inside);
    order.push(n);
    await new Promise((resolve) => setTimeout(resolve, 1));
    inside -= 1;
    if (n % 3 === 0) throw new Error(`${n} failed`);
    return n;
  };
  const results = await Promise.allSettled(Array.from({ length: 9 }, (_, n) => gate.run(work(n))));
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual([false, true, true, false, true, true, false, true, true]);
  expect(await gate.run(async () => 'still open')).toBe('still open');
});
