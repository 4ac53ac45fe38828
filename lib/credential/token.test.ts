import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { newId } from '#lib/db/ids.ts';
import { credentialIdIn, credentialIdPrefix, mintToken, scannerPattern, tokenLength } from './token.ts';
import { verifyToken } from './verify.ts';

const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const long = process.env.GATEHOUSE_TEST_LONG === '1';
const bounds = { seed, numRuns: long ? 20_000 : 300 };
if (long) vi.setConfig({ testTimeout: 5 * 60_000 });
const patience = { timeout: long ? 1_800_000 : 60_000 };
console.info(`GATEHOUSE_TEST_SEED=${seed}`);

const minted = () => mintToken(newId(credentialIdPrefix));
const anyToken = fc.constant(null).map(minted);

/** No key to hash with and no world to look into: whoever gets as far as that throws. */
const beforeAnyHash = (token: string) => verifyToken(undefined as never, undefined as never, token, 'kubeconfig', new Date());

describe('what a token looks like', () => {
  test('a minted token names its credential and matches the pattern that scanners are told', () => {
    const id = newId(credentialIdPrefix);
    const token = mintToken(id);
    expect(credentialIdIn(token)).toBe(id);
    expect(token).toHaveLength(tokenLength);
    expect(`bearer: "${token}",`.match(new RegExp(`\\b${scannerPattern}\\b`))?.[0]).toBe(token);
  });

  test('its check part is CRC-32 in base 62, as the security model tells whoever writes a scanner', () => {
    const digits = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];
    const token = minted();
    let crc = 0xffffffff;
    for (const byte of Buffer.from(token.slice(0, -6))) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    const check = [...token.slice(-6)].reduce((value, digit) => value * 62 + digits.indexOf(digit), 0);
    expect(check).toBe((crc ^ 0xffffffff) >>> 0);
  });

  test('two tokens of one credential differ, and a secret has 256 bits of room (SECURITY 59)', () => {
    const id = newId(credentialIdPrefix);
    expect(mintToken(id)).not.toBe(mintToken(id));
    expect(62 ** 43).toBeGreaterThanOrEqual(2 ** 256);
  });
});

describe('what is no token is refused before anything is hashed', () => {
  test('a token with any one character changed, at every place and to every printable one (SECURITY 8)', () => {
    const token = minted();
    const accepted: string[] = [];
    for (let at = 0; at < token.length; at += 1)
      for (let code = 0x20; code < 0x7f; code += 1) {
        const changed = token.slice(0, at) + String.fromCharCode(code) + token.slice(at + 1);
        if (changed !== token && credentialIdIn(changed) !== null) accepted.push(changed);
      }
    expect(accepted).toEqual([]);
  });

  test('a token with any one character changed, of any token and to whatever (SECURITY 8)', patience, () => {
    fc.assert(
      fc.property(
        anyToken,
        fc.nat({ max: tokenLength - 1 }),
        fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
        (token, at, other) => {
          fc.pre(token[at] !== other);
          const changed = token.slice(0, at) + other + token.slice(at + 1);
          expect(beforeAnyHash(changed)).toEqual({ flaw: 'malformed', credentialId: null });
        },
      ),
      bounds,
    );
  });

  test('a token cut short, made longer, in other letters, or with two neighbours exchanged (SECURITY 8)', patience, () => {
    fc.assert(
      fc.property(anyToken, fc.nat({ max: tokenLength - 2 }), fc.string({ minLength: 1 }), (token, at, more) => {
        const [one = '', other = ''] = [token[at], token[at + 1]];
        const exchanged = one === other ? token.slice(1) : token.slice(0, at) + other + one + token.slice(at + 2);
        const wrong = [token.slice(0, at), token + more, more + token, token.toUpperCase(), token.toLowerCase(), exchanged];
        expect(wrong.filter((text) => text !== token && credentialIdIn(text) !== null)).toEqual([]);
      }),
      bounds,
    );
  });

  test('whatever else somebody may send, at any length (SECURITY 8)', patience, () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.base64String({ maxLength: 400 })), (text) => {
        expect(beforeAnyHash(text)).toEqual({ flaw: 'malformed', credentialId: null });
      }),
      bounds,
    );
  });

  test.each([
    '',
    'gatehouse_',
    'gatehouse__',
    'Bearer',
    'a'.repeat(64 * 1024),
    `gatehouse_abcdefghijkm_${'A'.repeat(49)}`,
    `gatehouse_abcdefghijkm_${'A'.repeat(64 * 1024)}`,
    'gatehouse_abcdefghijkm_%E0%A4%A',
    'eyJhbGciOiJub25lIn0.e30.',
    `${minted()}\n`,
    ` ${minted()}`,
    minted().replace('gatehouse', 'ghp'),
  ])('%.30s is no token (SECURITY 8)', (text) => {
    expect(beforeAnyHash(text)).toEqual({ flaw: 'malformed', credentialId: null });
  });
});
