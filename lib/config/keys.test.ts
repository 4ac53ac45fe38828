import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateSealingPair, keyedHash, open, openingKeyFromPem, seal, sealingKeyFromPem } from './keys.ts';

const pair = generateSealingPair();
const sealing = sealingKeyFromPem(pair.sealingKeyPem);
const opening = openingKeyFromPem(pair.openingKeyPem);

describe('an envelope', () => {
  test('opens with the opening key and the same context, and differs each time', () => {
    const one = seal(sealing, Buffer.from('a token'), 'cluster:c-1:door');
    const two = seal(sealing, Buffer.from('a token'), 'cluster:c-1:door');
    expect(open(opening, one, 'cluster:c-1:door').toString()).toBe('a token');
    expect(one.equals(two)).toBe(false);
  });

  test('does not open under another row, with another key, or when a bit was turned', () => {
    const sealed = seal(sealing, Buffer.from('a token'), 'cluster:c-1:door');
    expect(() => open(opening, sealed, 'cluster:c-2:door')).toThrow('cannot be opened');
    expect(() => open(openingKeyFromPem(generateSealingPair().openingKeyPem), sealed, 'cluster:c-1:door')).toThrow('cannot be opened');
    const turned = Buffer.from(sealed);
    turned[turned.length - 1] = (turned.at(-1) ?? 0) ^ 1;
    expect(() => open(opening, turned, 'cluster:c-1:door')).toThrow('cannot be opened');
    expect(() => open(opening, Buffer.alloc(4), 'cluster:c-1:door')).toThrow('cannot be opened');
  });
});

test('the keyed hash is HMAC-SHA-256, whatever the key and the text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 300 }), (key, secret) => {
      const hashKey = Buffer.from(key);
      const expected = createHmac('sha256', hashKey).update(secret, 'utf8').digest('hex');
      expect(keyedHash(hashKey, secret).toString('hex')).toBe(expected);
      expect(keyedHash(hashKey, secret).toString('hex')).toBe(expected);
    }),
  );
});
