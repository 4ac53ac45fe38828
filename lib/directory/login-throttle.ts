/**
 * How many wrong passwords we pass on. Always fewer than would lock the account in AD, so that nobody can lock anybody out through us; and a
 * name that means nobody is counted by the same rule, so that the throttle does not tell who exists.
 */
import { createHash } from 'node:crypto';

export interface Bucket {
  readonly name: string;
  readonly budget: number;
  readonly windowSeconds: number;
}

const budgetWithoutThreshold = 5;
const defaultWindowSeconds = 30 * 60;
const addressBudget = 60;
const addressWindowSeconds = 10 * 60;

/** Two tries stay for the account's own devices with an old password. */
export function accountBudget(lockoutThreshold: number | null): number {
  return lockoutThreshold ? Math.max(1, lockoutThreshold - 2) : budgetWithoutThreshold;
}

export function bucketsFor(
  subject: { personId: string } | { name: string },
  policy: { lockoutThreshold: number | null; lockoutSeconds: number | null },
  address: string | null,
): readonly [Bucket, ...Bucket[]] {
  const name = 'personId' in subject ? `person:${subject.personId}` : `name:${digest(subject.name)}`;
  const account = { name, budget: accountBudget(policy.lockoutThreshold), windowSeconds: policy.lockoutSeconds || defaultWindowSeconds };
  return address ? [account, { name: `address:${address}`, budget: addressBudget, windowSeconds: addressWindowSeconds }] : [account];
}

/** What was typed may be a password in the wrong field: it is not stored. */
function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}
