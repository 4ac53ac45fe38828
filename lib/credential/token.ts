/**
 * What a credential looks like: `gatehouse_<id>_<secret><check>`.
 *
 *   gatehouse  the same everywhere and not configurable: a scanner of code, chats or logs that knows the one pattern finds the tokens of every
 *              installation, and no other product's token begins so
 *   id         the credential's own id without its prefix: says which row to end when a token turns up where it should not
 *   secret     256 random bits in base 62 (digits, then A-Z, then a-z), 43 characters
 *   check      CRC-32 (IEEE, as in zlib) of all that stands before it, in base 62, 6 characters: a scanner can tell a real token from a
 *              look-alike without asking anybody, and the door throws a mistyped one away before it computes a hash
 *
 * There is one spelling of a token and no other: upper and lower case count, nothing is trimmed, nothing is decoded.
 */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const prefix = 'gatehouse';
const secretLength = 43;
const checkLength = 6;
export const credentialIdPrefix = 'k';
export const tokenLength = `${prefix}_${'x'.repeat(12)}_`.length + secretLength + checkLength;
/** For secret scanners (docs/security.md). */
export const scannerPattern = `${prefix}_[a-z2-9]{12}_[0-9A-Za-z]{${secretLength + checkLength}}`;

const shape = new RegExp(`^(${prefix}_([a-z2-9]{12})_[0-9A-Za-z]{${secretLength}})([0-9A-Za-z]{${checkLength}})$`);

export function mintToken(credentialId: string): string {
  const secret = inBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), secretLength);
  const stem = `${prefix}_${credentialId.slice(credentialIdPrefix.length + 1)}_${secret}`;
  return stem + checkOf(stem);
}

/** The id of the credential that a well-formed token names, or null for anything else. Says nothing about whether it is any good. */
export function credentialIdIn(token: string): string | null {
  if (token.length !== tokenLength) return null;
  const [, stem, id, check] = shape.exec(token) ?? [];
  if (stem === undefined || id === undefined || check !== checkOf(stem)) return null;
  return `${credentialIdPrefix}-${id}`;
}

function checkOf(stem: string): string {
  return inBase62(BigInt(crc32(stem)), checkLength);
}

function inBase62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = digits.charAt(Number(rest % 62n)) + text;
  return text;
}
