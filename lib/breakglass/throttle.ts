/**
 * How many tries are looked at. In Postgres, so that no restart and no other replica forgets one; only tries that were looked at count, so that
 * whoever goes on hammering does not keep the door shut: each wait is over a quarter of an hour after the tries that caused it. What comes from
 * this machine itself is not held up by what comes from everywhere else.
 */
import { createHash } from 'node:crypto';
import { type Bucket, networkOf } from '#lib/directory/sign-in/login-throttle.ts';

export const windowSeconds = 15 * 60;
export const budgets = { nameFromAddress: 5, address: 20, name: 50 } as const;

/** What was typed as a name may be a password in the wrong field: it is not stored. */
export function bucketsFor(name: string, address: string | null): readonly [Bucket, ...Bucket[]] {
  const who = createHash('sha256').update(name, 'utf8').digest('base64url');
  const from = address === null ? 'unknown' : networkOf(address);
  const bucket = (of: string, budget: number): Bucket => ({ name: `break-glass:${of}`, budget, windowSeconds });
  return [
    bucket(`${who}@${from}`, budgets.nameFromAddress),
    bucket(`address:${from}`, budgets.address),
    ...(isThisMachine(address) ? [] : [bucket(`name:${who}`, budgets.name)]),
  ];
}

function isThisMachine(address: string | null): boolean {
  return address === '::1' || (address?.startsWith('127.') ?? false);
}
