import { expect, test } from 'vitest';
import { newId } from '#lib/db/ids.ts';
import { credentialIdIn, credentialIdPrefix, mintToken } from './token.ts';

test('a minted token names its credential and matches the pattern that scanners are told', () => {
  const id = newId(credentialIdPrefix);
  const token = mintToken(id);
  expect(credentialIdIn(token)).toBe(id);
  expect(token).toMatch(/^gh_[a-z2-9]{12}_[0-9A-Za-z]{49}$/);
});

test('a token with any one character altered is not a token', () => {
  const token = mintToken(newId(credentialIdPrefix));
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === 'x' ? 'y' : 'x';
    expect(credentialIdIn(token.slice(0, at) + other + token.slice(at + 1))).toBeNull();
  }
});

test('two tokens of one credential differ', () => {
  const id = newId(credentialIdPrefix);
  expect(mintToken(id)).not.toBe(mintToken(id));
});

test.each(['', 'gh_', 'gh__', 'Bearer', 'a'.repeat(70_000), `gh_abcdefghijkm_${'A'.repeat(49)}`, 'gh_abcdefghijkm_%E0%A4%A'])(
  '%.30s is no token',
  (text) => {
    expect(credentialIdIn(text)).toBeNull();
  },
);
