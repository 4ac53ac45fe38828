import { Secret } from 'otpauth';
import { expect, test } from 'vitest';
import { newOneTimeSecret, oneTimeAddress, stepOf } from './one-time-code.ts';

/** The secret and the codes of RFC 6238, appendix B, of which an authenticator shows the last six digits. */
const secret = new Secret({ buffer: new TextEncoder().encode('12345678901234567890').buffer }).base32;
const at = (seconds: number) => new Date(seconds * 1_000);

test.each([
  [59, '287082', 1],
  [1_111_111_109, '081804', 37_037_036],
  [1_234_567_890, '005924', 41_152_263],
  [2_000_000_000, '279037', 66_666_666],
])('at second %i the code is %s', (seconds, code, step) => {
  expect(stepOf(secret, code, at(seconds))).toBe(step);
  expect(stepOf(secret, `${code.slice(0, 3)} ${code.slice(3)}`, at(seconds))).toBe(step);
});

test('a clock may be half a minute off either way, and no more', () => {
  const code = '081804';
  const inside = [-30, 0, 30].map((off) => stepOf(secret, code, at(1_111_111_109 + off)));
  expect(inside).toEqual([37_037_036, 37_037_036, 37_037_036]);
  for (const off of [-90, -61, 61, 90]) expect(stepOf(secret, code, at(1_111_111_109 + off))).toBeNull();
});

test.each(['', '0', '81804', '0081804', '08180x', '٠٨١٨٠٤', '-81804', '8e1804'])('“%s” is no code', (code) => {
  expect(stepOf(secret, code, at(1_111_111_109))).toBeNull();
});

test('a secret is twenty random bytes, and its address is what authenticator apps read', () => {
  const made = newOneTimeSecret();
  expect(made).toMatch(/^[A-Z2-7]{32}$/);
  expect(newOneTimeSecret()).not.toBe(made);
  const address = new URL(oneTimeAddress(made, 'glass-one@portal.example'));
  expect([address.protocol, address.host]).toEqual(['otpauth:', 'totp']);
  expect(Object.fromEntries(address.searchParams)).toMatchObject({ secret: made, digits: '6', period: '30' });
});
