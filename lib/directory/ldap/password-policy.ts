/** A fine-grained password policy, which holds for some people of a domain instead of the domain's own. */
import { secondsFromInterval } from '../active-directory/time.ts';
import type { LockoutPolicy } from '../sign-in/login-throttle.ts';
import { type LdapConnection, LdapRefusal } from './connection.ts';
import type { RawEntry } from './entry.ts';

const attributes = ['msDS-LockoutThreshold', 'msDS-LockoutObservationWindow', 'msDS-LockoutDuration'] as const;

/** Null when our account may not read it: by default only domain administrators may. */
export async function readPasswordPolicy(connection: LdapConnection, base: string): Promise<LockoutPolicy | null> {
  try {
    const [entry] = await connection.search({ base, scope: 'base', filter: '(objectClass=*)', attributes });
    return entry ? policyOf(entry) : null;
  } catch (error) {
    if (error instanceof LdapRefusal) return null;
    throw error;
  }
}

/** Whether there are policies that we see and may not read. */
export async function hasUnreadablePolicies(connection: LdapConnection, baseDn: string): Promise<boolean> {
  try {
    const policies = await connection.search({
      base: `CN=Password Settings Container,CN=System,${baseDn}`,
      scope: 'one',
      filter: '(objectClass=*)',
      attributes,
    });
    return policies.some((policy) => policyOf(policy) === null);
  } catch (error) {
    if (error instanceof LdapRefusal) return false;
    throw error;
  }
}

function policyOf(entry: RawEntry): LockoutPolicy | null {
  const threshold = entry.text('msDS-LockoutThreshold');
  if (threshold === null || !/^\d+$/.test(threshold)) return null;
  return {
    lockoutThreshold: Number(threshold),
    lockoutSeconds: lockoutSecondsOf(
      secondsFromInterval(entry.text('msDS-LockoutDuration')),
      secondsFromInterval(entry.text('msDS-LockoutObservationWindow')),
    ),
  };
}

/** The longer of the two: how long a lockout holds, and how long we count tries. 0: until unlocked. */
export function lockoutSecondsOf(duration: number | null, observation: number | null): number | null {
  if (duration === 0) return 0;
  return duration === null ? observation : Math.max(duration, observation ?? 0);
}
