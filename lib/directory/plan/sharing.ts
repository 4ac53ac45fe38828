/** What our rows and a domain controller say alike is kept once: of a hundred thousand people that is most of what either takes in memory. */
import type { KnownPerson, PersonFacts } from '../types.ts';
import { isSame } from './plan.ts';

const shared = [
  'objectGuid',
  'sid',
  'dn',
  'samAccountName',
  'upn',
  'displayName',
  'mail',
  'title',
  'department',
  'passwordSetAt',
  'stamps',
] as const satisfies readonly (keyof PersonFacts & keyof KnownPerson)[];

type Shared = { -readonly [Field in (typeof shared)[number]]: PersonFacts[Field] };

/** Puts the very values of `facts` into rows that say the same; what the rows say stays as it is. */
export function shareWith(facts: readonly PersonFacts[], rows: readonly KnownPerson[]): void {
  const told = new Map<string, PersonFacts>();
  for (const person of facts) told.set(person.objectGuid, person);
  for (const row of rows) {
    const same = told.get(row.objectGuid);
    if (same) for (const field of shared) if (isSame(row[field], same[field])) put(row, same, field);
  }
}

function put<Field extends keyof Shared>(row: Pick<Shared, Field>, from: Pick<Shared, Field>, field: Field): void {
  row[field] = from[field];
}
