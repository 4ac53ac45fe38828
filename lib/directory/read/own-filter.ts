/**
 * The admin's own filter: of all people and groups of the domain, those whom it takes in. It is asked of the domain controller, never judged
 * here, so that it means what the admin's own tools say it means. Whoever is there and not taken in is *outside*: neither gone nor unknown.
 */
import type { Filter } from 'ldapts';
import { groupsFilter, guidOf, peopleFilter } from '../active-directory/objects.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import { asksForGroups, attributesOfFilter, bothOf } from '../ldap/filter-text.ts';
import { anyOfGuids } from '../ldap/filters.ts';
import type { DirectorySettings } from '../types.ts';
import type { WholeRead } from './read.ts';

export type OwnFilters = Pick<DirectorySettings, 'peopleFilter' | 'groupFilter'>;

const bulkSilenceMs = 30_000;
const guidsInOneFilter = 200;

export function hasOwnFilter({ peopleFilter: people, groupFilter: groups }: OwnFilters): boolean {
  return people !== undefined || groups !== undefined;
}

/** What a complete read asks for. */
export function filtersOf(own: OwnFilters): { readonly people: string | Filter; readonly groups: string | Filter } {
  return { people: bothOf(peopleFilter, own.peopleFilter), groups: bothOf(groupsFilter, own.groupFilter) };
}

/** Attributes that decide who is taken in: a change of one of these has to be told, too. */
export function watchedByOwnFilter(own: OwnFilters): string[] {
  return [own.peopleFilter, own.groupFilter].flatMap((text) => (text === undefined ? [] : attributesOfFilter(text)));
}

/** Whether joining or leaving a group may take somebody in or out, without a word about themselves. */
export function followsGroups(own: OwnFilters): boolean {
  return [own.peopleFilter, own.groupFilter].some((text) => text !== undefined && asksForGroups(text));
}

/** Of these objects, the GUIDs of those that are not taken in. */
export async function findOutside(connection: LdapConnection, baseDn: string, read: WholeRead, own: OwnFilters): Promise<string[]> {
  const outside: string[] = [];
  for (const [objects, text] of [
    [read.people, own.peopleFilter],
    [read.groups, own.groupFilter],
  ] as const) {
    if (text === undefined) continue;
    const guids = objects.map(({ objectGuid }) => objectGuid);
    const inside = await findInside(connection, baseDn, guids, text);
    outside.push(...guids.filter((guid) => !inside.has(guid)));
  }
  return outside;
}

async function findInside(connection: LdapConnection, base: string, guids: readonly string[], text: string): Promise<Set<string>> {
  const inside = new Set<string>();
  for (let n = 0; n < guids.length; n += guidsInOneFilter) {
    const filter = bothOf(anyOfGuids(guids.slice(n, n + guidsInOneFilter)), text);
    const found = await connection.search({ base, scope: 'sub', filter, attributes: ['objectGUID'], timeoutMs: bulkSilenceMs });
    for (const entry of found) inside.add(guidOf(entry) ?? '');
  }
  return inside;
}

/** Everybody whom it takes in now, and where they lie: little enough to ask for often. */
export async function readInside(connection: LdapConnection, base: string, own: OwnFilters): Promise<Map<string, string>> {
  const inside = new Map<string, string>();
  for (const filter of Object.values(filtersOf(own))) {
    await connection.readAll({ base, scope: 'sub', filter, attributes: ['objectGUID'], timeoutMs: bulkSilenceMs }, (entries) => {
      for (const entry of entries) inside.set(guidOf(entry) ?? '', entry.dn);
    });
  }
  return inside;
}

/** At a sign-in: this one person, at this moment. */
export async function isTakenIn(connection: LdapConnection, baseDn: string, objectGuid: string, own: OwnFilters): Promise<boolean> {
  if (own.peopleFilter === undefined) return true;
  return (await findInside(connection, baseDn, [objectGuid], own.peopleFilter)).has(objectGuid);
}
