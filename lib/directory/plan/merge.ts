/**
 * What an account's state is when two domain controllers disagree: per attribute the value with the newer replication stamp. Without
 * stamps nobody can say who is ahead; then what takes access away is taken at once, and what would give it back waits.
 */
import { isDisabled } from '../active-directory/account.ts';
import { isOlder, type Stamp, type StampedAttribute, type Stamps } from '../active-directory/replication-stamps.ts';
import type { KnownPerson, PersonFacts } from '../types.ts';

type StateFacts = Pick<PersonFacts, 'userAccountControl' | 'accountExpiresAt' | 'lockoutAt' | 'stamps'>;

/** `alone`: only one domain controller is followed, so that its word needs no second. */
export function mergeState(current: KnownPerson, incoming: PersonFacts, alone: boolean): StateFacts {
  if (!incoming.stamps) return alone ? incoming : mergeUnstamped(current, incoming);
  const { stamps } = incoming;
  const keep = (attribute: StampedAttribute) => isBehind(stamps[attribute], current.stamps?.[attribute]);
  return {
    userAccountControl: keep('userAccountControl') ? current.userAccountControl : incoming.userAccountControl,
    accountExpiresAt: keep('accountExpires') ? current.accountExpiresAt : incoming.accountExpiresAt,
    lockoutAt: keep('lockoutTime') ? current.lockoutAt : incoming.lockoutAt,
    stamps: newestOf(current.stamps, stamps),
  };
}

function mergeUnstamped(current: KnownPerson, incoming: PersonFacts): StateFacts {
  const staysDisabled = isDisabled(current.userAccountControl) && !isDisabled(incoming.userAccountControl);
  return {
    userAccountControl: staysDisabled ? current.userAccountControl : incoming.userAccountControl,
    accountExpiresAt: earlier(current.accountExpiresAt, incoming.accountExpiresAt),
    lockoutAt: incoming.lockoutAt,
    stamps: current.stamps,
  };
}

/** A server that has never heard of the attribute's change is behind one that has. */
function isBehind(incoming: Stamp | undefined, current: Stamp | undefined): boolean {
  if (!current) return false;
  return !incoming || isOlder(incoming, current);
}

function newestOf(current: Stamps | null, incoming: Stamps): Stamps {
  const newest: Partial<Record<StampedAttribute, Stamp>> = { ...current };
  for (const [name, stamp] of Object.entries(incoming) as [StampedAttribute, Stamp][]) {
    if (!isBehind(stamp, newest[name])) newest[name] = stamp;
  }
  return newest;
}

function earlier(one: Date | null, other: Date | null): Date | null {
  if (!one || !other) return one ?? other;
  return one < other ? one : other;
}

/** An authoritative restore raises versions by so much for each day, and says nothing of what was between. */
const restoredBy = 100_000;

/**
 * Whether the account may have been disabled and enabled again since: its control bits were written twice at least beyond what their difference
 * explains. Somebody who wrote another bit there and back looks the same, and is taken for it.
 */
export function wasOffMeanwhile(before: KnownPerson, after: KnownPerson): boolean {
  const [was, is] = [before.stamps?.userAccountControl, after.stamps?.userAccountControl];
  if (!was || !is || isDisabled(before.userAccountControl) || isDisabled(after.userAccountControl)) return false;
  const writes = is.version - was.version;
  return writes < restoredBy && writes - bitsThatDiffer(before.userAccountControl, after.userAccountControl) >= 2;
}

function bitsThatDiffer(one: number, other: number): number {
  return [...((one ^ other) >>> 0).toString(2)].filter((bit) => bit === '1').length;
}
