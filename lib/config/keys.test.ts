import { describe, expect, test } from 'vitest';
import { generateSealingPair, open, openingKeyFromPem, seal, sealingKeyFromPem } from './keys.ts';

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
