import { isLocked } from './lockout.ts';
import { isWithinHours } from './logon-hours.ts';
import type { Refusal, RefusalReason, WorldDirectory, WorldPerson } from './types.ts';

/**
 * Whether an account is live at this moment. What the directory said comes first; then what only a clock can know, because no change is
 * ever sent when an account's end or a lock's end arrives. Of several reasons the one that lasts longest is named.
 */
export function standingOf(person: WorldPerson | undefined, directory: WorldDirectory | undefined, now: Date): 'live' | Refusal {
  if (!person) return refused('unknown');
  if (person.deleted || person.state === 'deleted') return refused('deleted');
  if (person.cut || person.state === 'cut') return refused('cut');
  if (person.outOfScope || person.state === 'out-of-scope') return refused('out-of-scope');
  if (person.disabled || person.state === 'disabled') return refused('disabled');
  if (person.accountExpiresAt !== null && person.accountExpiresAt <= now.getTime()) return refused('expired');
  const lock = { lockedAtMs: person.lockoutAt, lastsSeconds: person.ownLockoutSeconds ?? directory?.lockoutWindowSeconds ?? null };
  if (isLocked(lock, now)) return refused('locked');
  if (!isWithinHours(person.logonHours, now)) return refused('outside-hours');
  return 'live';
}

function refused(reason: RefusalReason): Refusal {
  return { reason };
}
