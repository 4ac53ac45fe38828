/**
 * What a credential looks like: `gh_<id>_<secret><check>`.
 *
 *   id      the credential's own id without its prefix: says which row to end when a token turns up where it should not
 *   secret  256 random bits in base 62
 *   check   CRC-32 of all that stands before it, in base 62: a scanner can tell a real token from a look-alike without asking anybody,
 *           and the door throws a mistyped one away before it computes a hash
 *
 * Secret scanners: gh_[a-z2-9]{12}_[0-9A-Za-z]{49}
 */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const secretLength = 43;
const checkLength = 6;
export const credentialIdPrefix = 'k';

const shape = /^(gh_([a-z2-9]{12})_[0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

export function mintToken(credentialId: string): string {
  const secret = inBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), secretLength);
  const stem = `gh_${credentialId.slice(credentialIdPrefix.length + 1)}_${secret}`;
  return stem + checkOf(stem);
}

/** The id of the credential that a well-formed token names, or null for anything else. Says nothing about whether it is any good. */
export function credentialIdIn(token: string): string | null {
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
