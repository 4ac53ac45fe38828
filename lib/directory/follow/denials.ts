/**
 * Whoever loses their account is out before anything else is asked. Telling all that changed takes a domain controller half a second and more
 * in a large domain, and a complete read takes a minute; who was touched is known at once, by the numbers of their last changes (read/touched.ts).
 * Of what they say now only that is taken which takes access away, as from a domain controller that does not lead. Nothing is proved by it,
 * and no position moves: the drain or the read that goes on tells all of it once more.
 */
import { isDisabled } from '../active-directory/account.ts';
import { loadLivingGroupsAmong } from '../data.ts';
import { type LdapConnection, LdapRefusal } from '../ldap/connection.ts';
import { readTouchedPeople } from '../read/touched.ts';
import type { Directory, PersonFacts } from '../types.ts';
import { type Ground, positionOf, type Stance } from './stance.ts';
import { take } from './take.ts';

export interface Denials {
  /** Takes away what was lost since the last look, up to this number. `heard`: told before that of whom something was heard. */
  look(
    connection: LdapConnection,
    directory: Directory,
    stance: Stance,
    now: Now,
    heard?: (guids: readonly string[]) => void,
  ): Promise<void>;
}

export interface Now {
  readonly usn: bigint;
  readonly evidenceAt: Date;
}

/** More than this at once is a flood or a jump: the drain tells it as soon. */
const numbersAtOnce = 4_000n;

export function createDenials(ground: Ground): Denials {
  let lookedUpTo: bigint | null = null;
  let isRefused = false;

  return {
    async look(connection, directory, stance, now, heard = () => {}) {
      const after = lookedUpTo ?? stance.usn;
      lookedUpTo = now.usn;
      if (isRefused || now.usn <= after || now.usn - after > numbersAtOnce) return;
      try {
        const { people, tombstones } = await readTouchedPeople(connection, directory.baseDn, after, now.usn);
        heard([...people.map(({ objectGuid }) => objectGuid), ...tombstones]);
        const denied = people.filter(mayBeDenied);
        if (denied.length > 0 || tombstones.length > 0) await takeAway(connection, directory, stance, now, denied, tombstones);
      } catch (error) {
        if (!(error instanceof LdapRefusal)) {
          // To be asked again by the next look, over another connection.
          lookedUpTo = after;
          throw error;
        }
        isRefused = true;
        ground.log.warn(
          { err: error, url: ground.url },
          'a domain controller does not say what was touched; who is disabled waits for the drain',
        );
      }
    },
  };

  async function takeAway(
    connection: LdapConnection,
    directory: Directory,
    stance: Stance,
    { usn, evidenceAt }: Now,
    people: readonly PersonFacts[],
    tombstones: readonly string[],
  ): Promise<void> {
    // A complete read may still tell of a group that is deleted meanwhile, with all its members: it goes when that is taken in, not before and back.
    const groups = tombstones.length > 0 ? await loadLivingGroupsAmong(ground.db, directory.id, tombstones) : new Set<string>();
    const gone = tombstones.flatMap((objectGuid) => (groups.has(objectGuid) ? [] : { objectGuid, evidence: 'tombstone' as const }));
    await take(ground, {
      directory,
      stance: { ...stance, leads: false },
      connection,
      observation: { kind: 'delta', people, groups: [], links: [], gone },
      position: positionOf(stance, usn, evidenceAt),
      evidenceAt,
      removalsApproved: false,
    });
  }
}

/** Everybody else would cost a plan, only to find that nothing is taken from them. */
function mayBeDenied({ userAccountControl, accountExpiresAt, lockoutAt }: PersonFacts): boolean {
  return isDisabled(userAccountControl) || lockoutAt !== null || (accountExpiresAt !== null && accountExpiresAt.getTime() <= Date.now());
}
