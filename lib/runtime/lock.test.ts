import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { lock, tryLock, withLock } from './lock.ts';

const uniqueName = () => `test-${process.pid}-${Math.random()}`;

it('a lock has one holder, and the next gets it when it is released', async () => {
  const name = uniqueName();
  const release = await tryLock(name);
  expect(await tryLock(name)).toBeNull();
  await release?.();
  const again = await tryLock(name);
  expect(again).not.toBeNull();
  await again?.();
});

it('a lock is free again when its holder was killed', async () => {
  const name = uniqueName();
  const program = `
    import { tryLock } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
    console.log((await tryLock(${JSON.stringify(name)})) !== null);
    setInterval(() => {}, 1000);
  `;
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const holder = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  const [said] = (await once(holder.stdout, 'data')) as [Buffer];
  expect(said.toString().trim()).toBe('true');
  expect(await tryLock(name)).toBeNull();
  holder.kill('SIGKILL');
  const release = await vi.waitFor(async () => {
    const got = await tryLock(name);
    expect(got).not.toBeNull();
    return got;
  }, 5_000);
  await release?.();
});

it('waiting for a lock ends at the limit', async () => {
  const name = uniqueName();
  const release = await tryLock(name);
  expect(await lock(name, 200)).toBeNull();
  await release?.();
});

it('work under one lock never overlaps, and a failure lets the next one in', async () => {
  const name = uniqueName();
  let inside = 0;
  const work = (fail: boolean) =>
    withLock(name, async () => {
      inside++;
      expect(inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
      if (fail) throw new Error('failed');
    });
  const results = await Promise.allSettled([work(false), work(true), work(false)]);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
});
