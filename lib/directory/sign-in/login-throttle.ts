/**
 * How many wrong passwords we pass on. Always fewer than would lock the account in AD, so that nobody can lock anybody out through us; and a
 * name that means nobody is counted by the policy of somebody who exists, so that the throttle does not tell who does.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';

export interface Bucket {
  readonly name: string;
  readonly budget: number;
  readonly windowSeconds: number;
}

/** What AD says of wrong passwords: for a domain, or for those under a fine-grained policy of it. Null: it does not show. */
export interface LockoutPolicy {
  readonly lockoutThreshold: number | null;
  /** The longer of lockout duration and observation window; 0: until an administrator unlocks. */
  readonly lockoutSeconds: number | null;
}

export interface Budget {
  readonly tries: number;
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

export function budgetOf({ lockoutThreshold, lockoutSeconds }: LockoutPolicy): Budget {
  return { tries: accountBudget(lockoutThreshold), windowSeconds: windowOf(lockoutSeconds) };
}

export function windowOf(lockoutSeconds: number | null): number {
  return lockoutSeconds || defaultWindowSeconds;
}

/** Somebody is under a policy that we may not read: as many as are safe under the domain's, and no more than where nothing is known. */
export function budgetOfUnreadable(domain: LockoutPolicy): number {
  return Math.min(accountBudget(domain.lockoutThreshold), budgetWithoutThreshold);
}

export function bucketsFor(
  subject: { personId: string } | { name: string },
  { tries, windowSeconds }: Budget,
  address: string | null,
): readonly [Bucket, ...Bucket[]] {
  const name = 'personId' in subject ? `person:${subject.personId}` : `name:${digest(subject.name)}`;
  const account = { name, budget: tries, windowSeconds };
  return address
    ? [account, { name: `address:${networkOf(address)}`, budget: addressBudget, windowSeconds: addressWindowSeconds }]
    : [account];
}

/** An IPv6 network of 64 bits is one connection's own: whoever has one address of it has 18 million million million. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.toLowerCase().split('::');
  const [first, last] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const groups = [
    ...(first ?? []),
    ...(tail === undefined ? [] : Array(Math.max(0, 8 - (first?.length ?? 0) - (last?.length ?? 0))).fill('0')),
    ...(last ?? []),
  ];
  return `${groups
    .slice(0, 4)
    .map((group: string) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

/** What was typed may be a password in the wrong field: it is not stored. */
function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}
