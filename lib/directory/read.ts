/**
 * Reads a whole directory, or whole objects of it. A complete read is complete or it is nothing: every page reached, every group's ranges
 * followed, the domain's own Domain Users found in it. Whatever breaks on the way throws, and a throw removes nobody.
 */
import type { Progress } from '#lib/request/answer.ts';
import { guidAsBase } from './active-directory/guid.ts';
import {
  groupAttributes,
  groupFromEntry,
  groupsFilter,
  guidOf,
  guidsOfLinks,
  peopleFilter,
  personAttributes,
  personFromEntry,
} from './active-directory/objects.ts';
import { type LdapConnection, LdapDoubt, LdapRefusal } from './ldap/connection.ts';
import type { RawEntry } from './ldap/entry.ts';
import { anyOfGuids } from './ldap/filters.ts';
import type { GroupFacts, PersonFacts } from './types.ts';

export interface WholeRead {
  readonly people: PersonFacts[];
  readonly groups: GroupFacts[];
}

type Report = (progress: Progress) => void;

const bulkSilenceMs = 30_000;
const guidsInOneFilter = 200;
const noSuchObject = 32;
/** Present in every domain and undeletable; without it what we see is not the directory. */
const domainUsersRid = 513;

export async function readEverything(
  connection: LdapConnection,
  baseDn: string,
  domainSid: string | null,
  report: Report = () => {},
): Promise<WholeRead> {
  // By GUID: what is renamed or moved between two pages comes twice, and its last word holds.
  const people = new Map<string, PersonFacts>();
  const groups = new Map<string, GroupFacts>();
  await connection.readAll(
    { base: baseDn, scope: 'sub', filter: groupsFilter, attributes: groupAttributes, timeoutMs: bulkSilenceMs },
    async (entries) => {
      for (const entry of entries) {
        const group = await wholeGroup(connection, entry);
        if (group) groups.set(group.objectGuid, group);
      }
      report({ done: groups.size, text: `Read ${groups.size} groups` });
    },
  );
  await connection.readAll(
    { base: baseDn, scope: 'sub', filter: peopleFilter, attributes: personAttributes, timeoutMs: bulkSilenceMs },
    (entries) => {
      for (const entry of entries) {
        const person = personFromEntry(entry);
        if (person) people.set(person.objectGuid, person);
      }
      report({ done: groups.size + people.size, text: `Read ${people.size} accounts` });
    },
  );
  const read = { people: [...people.values()], groups: [...groups.values()] };
  if (domainSid) requireSentinels(read.people, read.groups, domainSid);
  return read;
}

/** The objects of these GUIDs as they are now. Members come only when asked for: a delta that tells links one by one has no need of them. */
export async function readObjects(
  connection: LdapConnection,
  baseDn: string,
  guids: readonly string[],
  { members }: { members: boolean },
): Promise<WholeRead & { gone: string[] }> {
  const read: WholeRead & { gone: string[] } = { people: [], groups: [], gone: [] };
  const attributes = [...new Set([...personAttributes, ...groupAttributes, 'objectClass', 'memberOf'])].filter(
    (name) => members || name !== 'member',
  );
  const found = new Set<string>();
  const keep = async (entry: RawEntry) => {
    found.add(guidOf(entry) ?? '');
    if (entry.texts('objectClass').includes('group')) {
      const group = groupFromEntry(entry);
      if (group) read.groups.push({ ...group, memberGuids: members ? await allMembers(connection, entry, group.objectGuid) : null });
    } else {
      const person = personFromEntry(entry);
      if (person) read.people.push(person);
    }
  };
  for (let n = 0; n < guids.length; n += guidsInOneFilter) {
    const filter = anyOfGuids(guids.slice(n, n + guidsInOneFilter));
    for (const entry of await connection.search({ base: baseDn, scope: 'sub', filter, attributes, timeoutMs: bulkSilenceMs }))
      await keep(entry);
  }
  // Absence from a search is only a question; the answer is a search for that one object.
  for (const guid of guids.filter((one) => !found.has(one))) {
    const entry = await readOne(connection, guid, attributes);
    if (entry) await keep(entry);
    else read.gone.push(guid);
  }
  return read;
}

/** The GUIDs of all people and groups there are: little enough to ask for often. */
export async function readPresent(connection: LdapConnection, baseDn: string): Promise<Set<string>> {
  const present = new Set<string>();
  const filter = `(|${peopleFilter}${groupsFilter})`;
  await connection.readAll({ base: baseDn, scope: 'sub', filter, attributes: ['objectGUID'], timeoutMs: bulkSilenceMs }, (entries) => {
    for (const entry of entries) present.add(guidOf(entry) ?? '');
  });
  return present;
}

/** Which of these are no more. */
export async function findGone(connection: LdapConnection, baseDn: string, guids: readonly string[]): Promise<string[]> {
  const gone: string[] = [];
  for (let n = 0; n < guids.length; n += guidsInOneFilter) {
    const some = guids.slice(n, n + guidsInOneFilter);
    const entries = await connection.search({
      base: baseDn,
      scope: 'sub',
      filter: anyOfGuids(some),
      attributes: ['objectGUID'],
      timeoutMs: bulkSilenceMs,
    });
    const found = new Set(entries.map(guidOf));
    for (const guid of some) {
      if (!found.has(guid) && !(await readOne(connection, guid, ['objectGUID']))) gone.push(guid);
    }
  }
  return gone;
}

/** One account by its GUID, wherever it lies now; null when it is no more. */
export async function readPerson(connection: LdapConnection, guid: string): Promise<PersonFacts | null> {
  const entry = await readOne(connection, guid, personAttributes);
  return entry && personFromEntry(entry);
}

/** SIDs of the groups in the logon token that the account would get, its own domain's and others'. Null when there is no such account. */
export async function readTokenGroups(connection: LdapConnection, guid: string): Promise<readonly Buffer[] | null> {
  const entry = await readOne(connection, guid, ['tokenGroups']);
  return entry?.allBytes('tokenGroups') ?? null;
}

async function readOne(connection: LdapConnection, guid: string, attributes: readonly string[]): Promise<RawEntry | null> {
  try {
    const [entry] = await connection.search({ base: guidAsBase(guid), scope: 'base', filter: '(objectClass=*)', attributes });
    return entry ?? null;
  } catch (error) {
    if (error instanceof LdapRefusal && error.status === noSuchObject) return null;
    throw error;
  }
}

async function wholeGroup(connection: LdapConnection, entry: RawEntry): Promise<GroupFacts | null> {
  const group = groupFromEntry(entry);
  if (!group) return null;
  return { ...group, memberGuids: await allMembers(connection, entry, group.objectGuid) };
}

/** A server that returns members in ranges says so by the option it answers with; the last range ends in `*`. */
async function allMembers(connection: LdapConnection, entry: RawEntry, guid: string): Promise<string[] | null> {
  const members = guidsOfLinks(entry.texts('member'));
  let range = firstRange(entry);
  try {
    while (range) {
      members.push(...guidsOfLinks(range.values));
      if (range.last) return members;
      const [more] = await connection.search({
        base: guidAsBase(guid),
        scope: 'base',
        filter: groupsFilter,
        attributes: [`member;range=${range.end + 1}-*`],
      });
      const next = more ? firstRange(more) : null;
      if (!next || next.start !== range.end + 1) return null;
      range = next;
    }
  } catch (error) {
    if (error instanceof LdapRefusal) return null;
    throw error;
  }
  return members;
}

function firstRange(entry: RawEntry): { start: number; end: number; last: boolean; values: readonly string[] } | null {
  for (const { option, values } of entry.options('member')) {
    const match = /^range=(\d+)-(\d+|\*)$/.exec(option);
    if (match) return { start: Number(match[1]), end: Number(match[2]), last: match[2] === '*', values };
  }
  return null;
}

function requireSentinels(people: readonly PersonFacts[], groups: readonly GroupFacts[], domainSid: string): void {
  if (people.length === 0 || !groups.some(({ sid }) => sid === `${domainSid}-${domainUsersRid}`)) {
    throw new LdapDoubt('the read came without people or without Domain Users: what the account sees is not the whole directory');
  }
}
