/**
 * The objects whose last change has one of a few numbers, as they are now. The numbers are indexed, so this takes a millisecond or two in any
 * domain, where asking for changes goes through all of a large one. It finds what our account may see; of links it tells nothing.
 */
import { guidOf, personAttributes, personFromEntry } from '../active-directory/objects.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import { touchedBetween } from '../ldap/filters.ts';
import type { PersonFacts } from '../types.ts';

export interface TouchedPeople {
  readonly people: PersonFacts[];
  /** Of whatever was deleted: which of these were people is for the reader to know. */
  readonly tombstones: string[];
}

const numbersInOneFilter = 200;
const silenceMs = 5_000;

export async function readTouchedPeople(connection: LdapConnection, base: string, after: bigint, upTo: bigint): Promise<TouchedPeople> {
  const touched: TouchedPeople = { people: [], tombstones: [] };
  const attributes = [...personAttributes, 'objectClass', 'isDeleted'];
  for (let from = after; from < upTo; from += BigInt(numbersInOneFilter)) {
    const to = from + BigInt(numbersInOneFilter);
    const filter = touchedBetween(from, to < upTo ? to : upTo);
    for (const entry of await connection.search({ base, scope: 'sub', filter, attributes, deletedToo: true, timeoutMs: silenceMs })) {
      const guid = guidOf(entry);
      const person = personFromEntry(entry);
      if (entry.text('isDeleted') === 'TRUE') touched.tombstones.push(...(guid ? [guid] : []));
      else if (person) touched.people.push(person);
    }
  }
  return touched;
}
