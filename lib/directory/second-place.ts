/**
 * What a domain controller may say while another leads: that an account is disabled, expired, locked or deleted. Names, groups and memberships
 * are the leader's to tell, and nothing is given back here; so of what it observed only the state of known accounts is kept, and of the
 * plan that follows only what takes away.
 */
import type { Plan } from './plan.ts';
import type { Known, Observation } from './types.ts';

export function stateOnly(observation: Observation, known: Known): Observation {
  const rows = new Map(known.people.filter(({ deletedAt }) => deletedAt === null).map((row) => [row.objectGuid, row]));
  return {
    kind: 'delta',
    people: observation.people.flatMap(({ objectGuid, userAccountControl, accountExpiresAt, lockoutAt, stamps }) => {
      const row = rows.get(objectGuid);
      return row ? { ...row, userAccountControl, accountExpiresAt, lockoutAt, stamps, groupGuids: null } : [];
    }),
    groups: [],
    links: [],
    gone: observation.gone.filter(({ evidence }) => evidence === 'tombstone'),
  };
}

export function onlyCuts(plan: Plan): Plan {
  return { operations: plan.operations.filter((operation) => operation.kind === 'update-person' && operation.cut !== null), held: [] };
}
