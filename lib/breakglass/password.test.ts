import { expect, test } from 'vitest';
import { hashPassword, isOutdated, isPassword, newPassword, nobodysHash, passwordHash, presentCost } from './password.ts';

test('a password is made, not chosen: five groups of five letters that nobody mistakes, another one each time', () => {
  const made = Array.from({ length: 50 }, newPassword);
  for (const password of made) expect(password).toMatch(/^[a-km-np-z2-9]{5}(-[a-km-np-z2-9]{5}){4}$/);
  expect(new Set(made).size).toBe(50);
});

test('what is kept is argon2id above OWASP’s least, salted, with its parameters beside it, and nothing of the password', async () => {
  const password = newPassword();
  const [one, other] = [await hashPassword(password), await hashPassword(password)];
  expect(passwordHash.parse(one)).toMatchObject({ algorithm: 'argon2id', ...presentCost });
  expect(presentCost.memory).toBeGreaterThanOrEqual(19_456);
  expect(presentCost.passes).toBeGreaterThanOrEqual(2);
  expect(one.salt).not.toBe(other.salt);
  expect(one.hash).not.toBe(other.hash);
  expect(JSON.stringify(one)).not.toContain(password);
});

test('only that password fits, with its hyphens or without, and nothing fits what stands for nobody', async () => {
  const password = newPassword();
  const kept = await hashPassword(password);
  expect(await isPassword(password, kept)).toBe(true);
  expect(await isPassword(password.toUpperCase().replaceAll('-', ' '), kept)).toBe(true);
  expect(await isPassword(password.slice(0, -1), kept)).toBe(false);
  expect(await isPassword(newPassword(), kept)).toBe(false);
  expect(await isPassword(password, nobodysHash())).toBe(false);
});

test('a hash of other parameters still fits, and says that it is to be made anew', async () => {
  const password = newPassword();
  const older = await hashPassword(password, { memory: 19_456, passes: 2, parallelism: 1 });
  expect(await isPassword(password, older)).toBe(true);
  expect([isOutdated(older), isOutdated(nobodysHash())]).toEqual([true, false]);
});

test('a flood waits its turn and is turned away beyond a few, instead of taking the memory of the process', async () => {
  const kept = nobodysHash();
  const outcomes = await Promise.allSettled(Array.from({ length: 24 }, () => isPassword('x', { ...kept, memory: 19_456, passes: 2 })));
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(8);
  for (const outcome of refused) expect(outcome).toMatchObject({ reason: { code: 'break-glass.busy' } });
});
