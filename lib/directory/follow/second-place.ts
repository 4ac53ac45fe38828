/**
 * What a domain controller may say while another leads: that an account is disabled, expired, locked or deleted, that a group is deleted, that
 * somebody left one. Names, newcomers and new memberships are the leader's to tell, and nothing is given back here; so of what it observed
 * only that is kept, and of the plan that follows only what takes away.
 */
import type { Operation } from '../plan/operation.ts';
import type { Plan } from '../plan/plan.ts';
import type { Known, LinkChange, Observation } from '../types.ts';

export function stateOnly(observation: Observation, known: Known): Observation {
  const rows = new Map(known.people.filter(({ deletedAt }) => deletedAt === null).map((row) => [row.objectGuid, row]));
  return {
    kind: 'delta',
    people: observation.people.flatMap(({ objectGuid, userAccountControl, accountExpiresAt, lockoutAt, stamps }) => {
      const row = rows.get(objectGuid);
      return row ? { ...row, userAccountControl, accountExpiresAt, lockoutAt, stamps, groupGuids: null } : [];
    }),
    groups: [],
    links: linksThatEnded(observation.links),
    outside: [...rows.values()].flatMap(({ objectGuid, outOfScope }) => (outOfScope ? [objectGuid] : [])),
    gone: observation.gone.filter(({ evidence }) => evidence === 'tombstone'),
  };
}

export function onlyCuts(plan: Plan): Plan {
  const dead = new Set(plan.operations.flatMap((one) => (one.kind === 'update-person' && one.person.deletedAt ? one.person.id : [])));
  return { operations: plan.operations.filter((one) => takesAway(one, dead)), held: [] };
}

/** Whoever is deleted is so whatever they were before, and leaves their primary group too: the leader may not be told of it a second time. */
function takesAway(operation: Operation, dead: ReadonlySet<string>): boolean {
  if (operation.kind === 'update-person') return operation.cut !== null || dead.has(operation.person.id);
  if (operation.kind === 'remove-member') return !operation.isPrimary || dead.has(operation.memberId);
  return operation.kind === 'delete-group' && operation.why === 'tombstone';
}

/** The last word on each link counts. */
function linksThatEnded(links: readonly LinkChange[]): LinkChange[] {
  const last = new Map(links.map((link) => [`${link.groupGuid} ${link.memberGuid}`, link]));
  return [...last.values()].filter(({ present }) => !present);
}
