/** How a local account stands. Pure. */

export type AccountState =
  /** Made, and its one-time codes not confirmed yet: it lets nobody in. */
  | 'unconfirmed'
  /** Never used since it was made. */
  | 'sealed'
  /** Used: it still lets in until its day is over, and must then be made anew. */
  | 'used'
  /** Used, and the day is over: it lets nobody in. */
  | 'closed';

export interface AccountTimes {
  readonly enrolledAt: Date | null;
  readonly usedAt: Date | null;
}

/** An outage may outlast a session, and a password that was typed must not stay good. */
export const openHours = 24;
export const accountsNeeded = 2;
export const accountsMax = 3;

export function stateOf(account: AccountTimes, now: Date): AccountState {
  if (account.enrolledAt === null) return 'unconfirmed';
  const until = openUntil(account);
  if (until === null) return 'sealed';
  return now < until ? 'used' : 'closed';
}

export function openUntil({ usedAt }: AccountTimes): Date | null {
  return usedAt && new Date(usedAt.getTime() + openHours * 3_600_000);
}

export function letsIn(state: AccountState): boolean {
  return state === 'sealed' || state === 'used';
}

export function isSetUp(accounts: readonly AccountTimes[]): boolean {
  return accounts.filter(({ enrolledAt }) => enrolledAt !== null).length >= accountsNeeded;
}
