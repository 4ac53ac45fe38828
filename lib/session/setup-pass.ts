/**
 * The setup pass: what a browser holds after it showed the one-time setup code, until somebody has been chosen who administers. It is an
 * HMAC over the code's stored hash, so it dies with that hash: at the end of the setup, or when the supervisor prints a new code.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { keyedHash } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';

export const setupPassSeconds = 4 * 60 * 60;

/** How the supervisor stores the code that it prints (installation.setup_code_hash). */
export function setupCodeHash(hashKey: Buffer, code: string): Buffer {
  return keyedHash(hashKey, `setup-code ${code.trim().toLowerCase()}`);
}

export function makeSetupPass(hashKey: Buffer, codeHash: Uint8Array, now: Date): string {
  const until = Math.floor(now.getTime() / 1000) + setupPassSeconds;
  return `${until}.${sign(hashKey, codeHash, until)}`;
}

export function isSetupPass(hashKey: Buffer, codeHash: Uint8Array, pass: string, now: Date): boolean {
  const [until, signature, ...rest] = pass.split('.');
  if (!until || !signature || rest.length > 0 || !/^\d{1,12}$/.test(until) || Number(until) * 1000 <= now.getTime()) return false;
  const expected = Buffer.from(sign(hashKey, codeHash, Number(until)));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function sign(hashKey: Buffer, codeHash: Uint8Array, until: number): string {
  return createHmac('sha256', hashKey).update(`setup-pass ${until} `).update(codeHash).digest('base64url');
}

/** Null once the setup is done: no code opens it any more. */
export async function openSetupCodeHash(db: Database): Promise<Buffer | null> {
  const { rows } = await db.sql.query<{ setup_code_hash: Buffer | null }>(
    'SELECT setup_code_hash FROM installation WHERE setup_done_at IS NULL',
  );
  return rows[0]?.setup_code_hash ?? null;
}
