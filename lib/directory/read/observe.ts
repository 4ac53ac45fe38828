/**
 * A complete look at a directory, as it would be taken in with these settings. The follower writes what comes of it; a preview only tells.
 */
import type { Database } from '#lib/db/database.ts';
import type { Progress } from '#lib/request/answer.ts';
import { loadLivingGuids, loadTakenInGuids } from '../data.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import type { Directory, Observation } from '../types.ts';
import { findOutside, hasOwnFilter } from './own-filter.ts';
import { type OnPeople, readEverything, readObjects, readPresent, type WholeRead } from './read.ts';

/** More than this is not looked for one by one: what lacks so many is the shrink guard's to judge. */
const missedMax = 10_000;

export async function observeEverything(
  db: Database,
  connection: LdapConnection,
  directory: Directory,
  report: (progress: Progress) => void,
  { forGroups = connection, onPeople }: { readonly forGroups?: LdapConnection; readonly onPeople?: OnPeople } = {},
): Promise<Observation & { readonly kind: 'complete' }> {
  const { baseDn, domainSid, settings } = directory;
  const read = await readEverything({ connection, forGroups, onPeople }, baseDn, domainSid, report, settings);
  const shown = new Set([...read.people, ...read.groups].map(({ objectGuid }) => objectGuid));
  const { found, outside } = await findMissed(db, connection, directory, shown);
  return {
    kind: 'complete',
    people: [...read.people, ...found.people],
    groups: [...read.groups, ...found.groups],
    links: [],
    gone: [],
    outside,
  };
}

/**
 * Whom we know and the pages did not show. An object that moves while it is read can fall between two pages: it is looked up. With a filter of
 * the admin's own, whoever is there and was not shown is outside; of those who were inside until now, what they are is read as well, since
 * somebody who was disabled is to be known as that.
 */
async function findMissed(
  db: Database,
  connection: LdapConnection,
  { id, baseDn, settings }: Directory,
  shown: ReadonlySet<string>,
): Promise<{ found: WholeRead; outside: string[] }> {
  const isFiltered = hasOwnFilter(settings);
  const unseen = (await loadLivingGuids(db, id)).filter((guid) => !shown.has(guid));
  if (unseen.length === 0) return { found: { people: [], groups: [] }, outside: [] };
  const present = isFiltered ? await readPresent(connection, baseDn) : new Set<string>();
  const takenIn = isFiltered ? await loadTakenInGuids(db, id) : new Set(unseen);
  const questions = unseen.filter((guid) => takenIn.has(guid) || !present.has(guid));
  const asked = new Set(questions.length > missedMax ? [] : questions);
  const { people, groups } = await readObjects(connection, baseDn, [...asked], { members: true });
  const wasAsked = ({ objectGuid }: { readonly objectGuid: string }) => asked.has(objectGuid);
  const found = { people: people.filter(wasAsked), groups: groups.filter(wasAsked) };
  if (!isFiltered) return { found, outside: [] };
  const outside = await findOutside(connection, baseDn, found, settings);
  return { found, outside: [...outside, ...unseen.filter((guid) => present.has(guid) && !asked.has(guid))] };
}
