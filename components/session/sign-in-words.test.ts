import { expect, test } from 'vitest';
import { afterSignIn, sentenceOf } from './sign-in-words.ts';

const origin = 'https://gate.corp.example';

test('after signing in one comes back to the page that was asked for', () => {
  expect(afterSignIn('/admin/people?q=dave', origin)).toBe('/admin/people?q=dave');
  expect(afterSignIn(`${origin}/connect`, origin)).toBe('/connect');
});

test('a link from elsewhere cannot send anybody to a foreign page', () => {
  for (const trick of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/.//evil.example',
    undefined,
  ]) {
    const path = afterSignIn(trick, origin);
    expect(new URL(path, origin).origin).toBe(origin);
    expect(path.startsWith('//')).toBe(false);
  }
});

test('a code that nobody fixed reads as the general sentence, never as itself', () => {
  expect(sentenceOf('<b>hello</b>')).toBe(sentenceOf('failed'));
  expect(sentenceOf('constructor')).toBe(sentenceOf('failed'));
});
