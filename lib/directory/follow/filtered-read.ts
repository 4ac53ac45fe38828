/**
 * What a delta touched, read as the admin's own filter has it. Where the filter asks for groups, somebody is taken in or left out without a
 * word about themselves: whoever joins or leaves a group is read with it, and what comes through groups in groups is looked for soon after.
 */
import type { Database } from '#lib/db/database.ts';
import { loadLivingGroupsAmong, loadTakenInGuids } from '../data.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import { isInScope } from '../plan/plan.ts';
import { findOutside, followsGroups, hasOwnFilter, readInside } from '../read/own-filter.ts';
import { readObjects, type WholeRead } from '../read/read.ts';
import type { Directory } from '../types.ts';
import type { Touched } from './changes.ts';

export type TouchedRead = WholeRead & { readonly gone: string[]; readonly outside: string[] };

export async function readTouchedObjects(
  db: Database,
  connection: LdapConnection,
  directory: Directory,
  { guids, links, linksAreTold }: Pick<Touched, 'guids' | 'links' | 'linksAreTold'>,
): Promise<TouchedRead> {
  const { baseDn, settings } = directory;
  const asked = followsGroups(settings) ? [...new Set([...guids, ...links.map(({ memberGuid }) => memberGuid)])] : guids;
  const read = await readObjects(connection, baseDn, asked, { members: !linksAreTold });
  if (!hasOwnFilter(settings)) return { ...read, outside: [] };
  const outside = await findOutside(connection, baseDn, read, settings);
  if (!linksAreTold || settings.groupFilter === undefined || read.groups.length === 0) return { ...read, outside };
  // Links are told from now on; whom a group that newly comes in holds already, nobody tells.
  const left = new Set(outside);
  const groups = read.groups.map(({ objectGuid }) => objectGuid);
  const takenIn = await loadLivingGroupsAmong(db, directory.id, groups);
  const entering = read.groups.flatMap(({ objectGuid }) => (left.has(objectGuid) || takenIn.has(objectGuid) ? [] : [objectGuid]));
  const whole = await readObjects(connection, baseDn, entering, { members: true });
  const entered = new Set(entering);
  return { ...read, groups: [...read.groups.filter(({ objectGuid }) => !entered.has(objectGuid)), ...whole.groups], outside };
}

/** Whether this delta may have moved people in or out who were not read with it. */
export function mayMoveOthers({ settings }: Directory, { links, linksAreTold }: Touched, { people, groups }: TouchedRead): boolean {
  if (!followsGroups(settings)) return false;
  if (!linksAreTold) return groups.length > 0;
  const read = new Set(people.map(({ objectGuid }) => objectGuid));
  return links.some(({ memberGuid }) => !read.has(memberGuid));
}

const lookEveryMs = 6_000;
/** Asking for everybody may cost the domain controller one part in so many of its time. */
const lookShare = 50;

export interface DriftWatch {
  suspect(): void;
  /** Those whom the filter takes in, or leaves out, other than our rows say; asked only when suspected, and not too often. */
  look(connection: LdapConnection, directory: Directory): Promise<string[]>;
}

export function createDriftWatch(db: Database): DriftWatch {
  let suspected = false;
  let dueAt = 0;
  return {
    suspect() {
      suspected = true;
    },
    async look(connection, { id, baseDn, settings }) {
      const began = performance.now();
      if (!suspected || began < dueAt) return [];
      suspected = false;
      const inside = await readInside(connection, baseDn, settings);
      const takenIn = await loadTakenInGuids(db, id);
      dueAt = began + Math.max(lookEveryMs, (performance.now() - began) * lookShare);
      const entering = [...inside].flatMap(([guid, dn]) => (!takenIn.has(guid) && isInScope(dn, settings.scopeDns) ? [guid] : []));
      return [...entering, ...[...takenIn].filter((guid) => !inside.has(guid))];
    },
  };
}
