/**
 * Whether an account may be used, from what the directory says and what the clock adds. Expiry, the end of a lockout and logon hours come
 * without any change in the directory, so the same facts give another answer later.
 */
import { isLocked } from '#lib/entitlement/lockout.ts';
import { isWithinHours } from '#lib/entitlement/logon-hours.ts';

export type AccountState = 'enabled' | 'disabled' | 'expired' | 'locked' | 'outside-hours' | 'deleted' | 'out-of-scope' | 'cut';

export interface AccountFacts {
  readonly userAccountControl: number;
  readonly accountExpiresAt: Date | null;
  readonly lockoutAt: Date | null;
  /** How long a lock lasts for whoever is under a password policy of their own. */
  readonly ownLockoutSeconds?: number | null | undefined;
  readonly logonHours: string | null;
  readonly deleted: boolean;
  readonly outOfScope: boolean;
  readonly cut: boolean;
}

const disabledBit = 0x2;
const normalAccountBit = 0x200;

/** A person's account, not a computer's nor a trust's. */
export function isPersonAccount(userAccountControl: number): boolean {
  return (userAccountControl & normalAccountBit) !== 0;
}

export function isDisabled(userAccountControl: number): boolean {
  return (userAccountControl & disabledBit) !== 0;
}

/** The strongest reason first: what a later one would say does not matter any more. */
export function accountState(facts: AccountFacts, lockoutSeconds: number | null, now: Date): AccountState {
  if (facts.deleted) return 'deleted';
  if (facts.cut) return 'cut';
  if (facts.outOfScope) return 'out-of-scope';
  if (isDisabled(facts.userAccountControl)) return 'disabled';
  if (facts.accountExpiresAt && facts.accountExpiresAt.getTime() <= now.getTime()) return 'expired';
  if (isLocked({ lockedAtMs: facts.lockoutAt?.getTime() ?? null, lastsSeconds: facts.ownLockoutSeconds ?? lockoutSeconds }, now))
    return 'locked';
  if (!isWithinHours(facts.logonHours, now)) return 'outside-hours';
  return 'enabled';
}
