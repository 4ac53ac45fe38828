/** One-time codes by the clock (RFC 6238), as every authenticator app makes them. */
import { Secret, TOTP } from 'otpauth';

const secretBytes = 20;
const period = 30;
const digits = 6;
const issuer = 'Gatehouse break-glass';

export function newOneTimeSecret(): string {
  return new Secret({ size: secretBytes }).base32;
}

/** What the QR code says. */
export function oneTimeAddress(secret: string, label: string): string {
  return new TOTP({ issuer, label, secret: Secret.fromBase32(secret), period, digits }).toString();
}

/** The half minute whose code this is, the one before and the one after now included; null when it is none of theirs. */
export function stepOf(secret: string, code: string, now: Date): number | null {
  const token = code.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return null;
  const timestamp = now.getTime();
  const delta = TOTP.validate({ token, secret: Secret.fromBase32(secret), period, digits, window: 1, timestamp });
  return delta === null ? null : TOTP.counter({ period, timestamp }) + delta;
}
