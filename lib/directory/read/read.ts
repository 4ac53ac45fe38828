/**
 * Reads a whole directory, or whole objects of it. A complete read is complete or it is nothing: every page reached, every group's ranges
 * followed, the domain's own Domain Users found in it. Whatever breaks on the way throws, and a throw removes nobody.
 */
import type { Progress } from '#lib/request/answer.ts';
import { guidAsBase } from '../active-directory/guid.ts';
import {
  groupAttributes,
  groupFromEntry,
  groupsFilter,
  guidOf,
  peopleFilter,
  personAttributes,
  personFromEntry,
  readLinks,
} from '../active-directory/objects.ts';
import { type LdapConnection, LdapDoubt, LdapRefusal } from '../ldap/connection.ts';
import { type RawEntry, splitExtendedDn } from '../ldap/entry.ts';
import { anyOfGuids } from '../ldap/filters.ts';
import type { GroupFacts, PersonFacts } from '../types.ts';
import { filtersOf, type OwnFilters } from './own-filter.ts';

export interface WholeRead {
  readonly people: PersonFacts[];
  readonly groups: GroupFacts[];
}

type Report = (progress: Progress) => void;

const bulkSilenceMs = 30_000;
/** Before the first page of everything a domain controller may go through all of it: as long as Windows lets a question take. */
const wholeSilenceMs = 120_000;
const guidsInOneFilter = 200;
const noSuchObject = 32;
/** Present in every domain and undeletable; without it what we see is not the directory. */
const domainUsersRid = 513;

/** Groups may be read over a connection of their own, at the same time. */
export interface Reading {
  readonly connection: LdapConnection;
  readonly forGroups: LdapConnection;
  readonly onPeople?: OnPeople | undefined;
}

/** Hears of people page by page, and has the next page wait until it is done. */
export type OnPeople = (people: readonly PersonFacts[]) => Promise<void>;

export async function readEverything(
  { connection, forGroups, onPeople }: Reading,
  baseDn: string,
  domainSid: string | null,
  report: Report = () => {},
  own: OwnFilters = {},
): Promise<WholeRead> {
  const filters = filtersOf(own);
  // By GUID: what is renamed or moved between two pages comes twice, and its last word holds.
  const people = new Map<string, PersonFacts>();
  const groups = new Map<string, GroupFacts>();
  const kept = keepTexts();
  const tell = () => report({ done: groups.size + people.size, text: `Read ${people.size} accounts and ${groups.size} groups` });
  const readGroups = () =>
    forGroups.readAll(
      { base: baseDn, scope: 'sub', filter: filters.groups, attributes: groupAttributes, timeoutMs: wholeSilenceMs },
      async (entries) => {
        for (const entry of entries) {
          const group = await wholeGroup(forGroups, entry, kept);
          if (group) groups.set(group.objectGuid, group);
        }
        tell();
      },
    );
  const readPeople = () =>
    connection.readAll(
      { base: baseDn, scope: 'sub', filter: filters.people, attributes: personAttributes, timeoutMs: wholeSilenceMs },
      async (entries) => {
        const page = entries.flatMap((entry) => personFromEntry(entry) ?? []);
        for (const person of page) people.set(person.objectGuid, person);
        tell();
        await onPeople?.(page);
      },
    );
  if (forGroups === connection) {
    await readGroups();
    await readPeople();
  } else await Promise.all([readGroups(), readPeople()]);
  const read = { people: [...people.values()], groups: [...groups.values()] };
  if (domainSid) await requireWholeSight(connection, read, domainSid, own);
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
      if (group) read.groups.push({ ...group, ...(members ? await allMembers(connection, entry, group.objectGuid) : unreadMembers) });
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
  await connection.readAll({ base: baseDn, scope: 'sub', filter, attributes: ['objectGUID'], timeoutMs: wholeSilenceMs }, (entries) => {
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

export interface AccountAtSignIn {
  readonly facts: PersonFacts;
  /** Null: the domain's own password policy holds, or our account may not see which one does. */
  readonly ownPolicyBase: string | null;
}

/** What a sign-in is decided on: the account as it is now, and which password policy is its own. */
export async function readForSignIn(connection: LdapConnection, guid: string): Promise<AccountAtSignIn | null> {
  const entry = await readOne(connection, guid, [...personAttributes, 'msDS-ResultantPSO']);
  const facts = entry && personFromEntry(entry);
  if (!facts) return null;
  const link = entry.text('msDS-ResultantPSO');
  if (link === null) return { facts, ownPolicyBase: null };
  // Samba computes it as a plain name, whatever was asked for.
  const { guid: policyGuid, dn } = splitExtendedDn(link);
  return { facts, ownPolicyBase: policyGuid ? guidAsBase(policyGuid) : dn };
}

/** SIDs of the groups in the logon token that the account would get, its own domain's and others'. Null when there is no such account. */
export async function readTokenGroups(connection: LdapConnection, guid: string): Promise<readonly Buffer[] | null> {
  const entry = await readOne(connection, guid, ['tokenGroups']);
  return entry?.allBytes('tokenGroups') ?? null;
}

function readOne(connection: LdapConnection, guid: string, attributes: readonly string[]): Promise<RawEntry | null> {
  return readAt(connection, guidAsBase(guid), attributes);
}

async function readAt(connection: LdapConnection, base: string, attributes: readonly string[]): Promise<RawEntry | null> {
  try {
    const [entry] = await connection.search({ base, scope: 'base', filter: '(objectClass=*)', attributes });
    return entry ?? null;
  } catch (error) {
    if (error instanceof LdapRefusal && error.status === noSuchObject) return null;
    throw error;
  }
}

/** One text for all that read the same. */
function keepTexts(): (text: string) => string {
  const texts = new Map<string, string>();
  return (text) => {
    const known = texts.get(text);
    if (known !== undefined) return known;
    texts.set(text, text);
    return text;
  };
}

async function wholeGroup(connection: LdapConnection, entry: RawEntry, kept: (guid: string) => string): Promise<GroupFacts | null> {
  const group = groupFromEntry(entry);
  if (!group) return null;
  return { ...group, ...(await allMembers(connection, entry, group.objectGuid, kept)) };
}

type Members = Pick<GroupFacts, 'memberGuids' | 'foreignSids'>;

const unreadMembers: Members = { memberGuids: null };

/** A server that returns members in ranges says so by the option it answers with; the last range ends in `*`. */
async function allMembers(connection: LdapConnection, entry: RawEntry, guid: string, kept?: (guid: string) => string): Promise<Members> {
  const { guids: memberGuids, foreignSids } = readLinks(entry.allBytes('member'), entry.dn, kept);
  let range = firstRange(entry);
  try {
    while (range) {
      const more = readLinks(range.values, entry.dn, kept);
      for (const one of more.guids) memberGuids.push(one);
      for (const one of more.foreignSids) foreignSids.push(one);
      if (range.last) break;
      const [rest] = await connection.search({
        base: guidAsBase(guid),
        scope: 'base',
        filter: groupsFilter,
        attributes: [`member;range=${range.end + 1}-*`],
      });
      const next = rest ? firstRange(rest) : null;
      if (!next || next.start !== range.end + 1) return unreadMembers;
      range = next;
    }
  } catch (error) {
    if (error instanceof LdapRefusal) return unreadMembers;
    throw error;
  }
  return { memberGuids, foreignSids };
}

function firstRange(entry: RawEntry): { start: number; end: number; last: boolean; values: readonly Buffer[] } | null {
  for (const { option, values } of entry.options('member')) {
    const match = /^range=(\d+)-(\d+|\*)$/.exec(option);
    if (match) return { start: Number(match[1]), end: Number(match[2]), last: match[2] === '*', values };
  }
  return null;
}

/** A filter of the admin's own may leave Domain Users out; then it is asked for by itself. */
async function requireWholeSight(
  connection: LdapConnection,
  { people, groups }: WholeRead,
  domainSid: string,
  { groupFilter }: OwnFilters,
): Promise<void> {
  const domainUsers = `${domainSid}-${domainUsersRid}`;
  const isSeen = groupFilter
    ? (await readAt(connection, `<SID=${domainUsers}>`, ['objectGUID'])) !== null
    : groups.some(({ sid }) => sid === domainUsers);
  if (people.length === 0 || !isSeen) {
    throw new LdapDoubt('the read came without people or without Domain Users: what the account sees is not the whole directory');
  }
}
