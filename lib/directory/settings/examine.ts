/**
 * Looks at a directory with settings that nobody has saved yet, and says what would come of them: which domain controllers answer, whose
 * domain it is, how many people and groups, what our account may not do there. The first fault found is one sentence, and nothing is kept.
 */
import { EqualityFilter, type Filter, OrFilter } from 'ldapts';
import { fault } from '#lib/errors/fault.ts';
import { domainOfBaseDn, isWithin } from '../active-directory/distinguished-name.ts';
import { groupsFilter, peopleFilter, personAttributes, personFromEntry } from '../active-directory/objects.ts';
import { sidFromBytes } from '../active-directory/sid.ts';
import { chooseMode } from '../follow/changes.ts';
import { type LdapConnection, LdapRefusal } from '../ldap/connection.ts';
import { type DomainFacts, readDomain, type ServerIdentity } from '../ldap/domain.ts';
import { bothOf } from '../ldap/filter-text.ts';
import { hasUnreadablePolicies } from '../ldap/password-policy.ts';
import { filtersOf } from '../read/own-filter.ts';
import type { DirectoryInput } from '../schema.ts';
import { explainFailure } from '../sentences.ts';
import type { DirectorySettings } from '../types.ts';
import { type MissingRight, missingRights, type SyncAccount } from './rights.ts';
import { findSentinel } from './sentinel.ts';
import { type ControllerFinding, hintsAbout, type Surveyed, survey } from './survey.ts';

export interface DirectoryFindings {
  readonly domain: string;
  readonly netbios: string | null;
  readonly forest: string;
  readonly baseDn: string;
  readonly scopeDns: readonly string[];
  readonly controllers: readonly ControllerFinding[];
  /** Of the same domain, by its own account; not followed unless entered. */
  readonly otherControllers: readonly string[];
  readonly people: number;
  readonly groups: number;
  readonly samplePeople: readonly { readonly name: string; readonly login: string }[];
  readonly sampleGroups: readonly { readonly name: string }[];
  readonly lockoutThreshold: number | null;
  /** What works less well than it could, and what to do about it. */
  readonly hints: readonly string[];
  /** Rights that the sync account lacks, with the commands that give them. */
  readonly missingRights: readonly MissingRight[];
}

export interface Examined {
  readonly findings: DirectoryFindings;
  readonly facts: DomainFacts;
  readonly settings: DirectorySettings;
}

const policiesHint = (root: string, account: string) =>
  `Some accounts are under a password policy of their own, whose lockout threshold cannot be read: for them at most 5 wrong passwords are passed on, whatever it says. To mend that: dsacls "CN=Password Settings Container,CN=System,${root}" /I:T /G "${account}:GR"`;
const samples = 5;
const countSilenceMs = 30_000;
const domainControllersRid = 516;

export async function examine(input: DirectoryInput, password: string): Promise<Examined> {
  if (input.find && input.urls.length > 0) {
    const sentence = 'Either list the domain controllers or have them found by DNS, not both.';
    throw fault('bad-input', 'directory.two-ways', sentence, { fields: { urls: sentence } });
  }
  const round = await survey(input, password);
  try {
    const [first] = round.reached;
    if (!first) throw fault('unavailable', 'directory.unreachable', 'No domain controller answers.');
    requireOneDomain(input, round.reached);
    const examined = await examineDomain(first.connection, input, first.url, first.identity).catch((error: unknown) => {
      throw isFault(error) ? error : explainFailure(error, first.url);
    });
    const named = new Set(round.findings.map(({ dnsHostName }) => dnsHostName?.toLowerCase()));
    const otherControllers = examined.findings.otherControllers.filter((host) => !named.has(host.toLowerCase()));
    const hints = [...examined.findings.hints, ...hintsAbout(round, new Date())];
    return { ...examined, findings: { ...examined.findings, hints, controllers: round.findings, otherControllers } };
  } finally {
    round.close();
  }
}

function requireOneDomain({ find }: DirectoryInput, reached: readonly Surveyed[]): void {
  const domains = [...new Set(reached.map(({ identity }) => domainOfBaseDn(identity.defaultNamingContext)))];
  if (domains.length > 1) {
    throw fault(
      'bad-input',
      'directory.two-domains',
      `These domain controllers belong to two domains, ${domains.join(' and ')}. Connect each domain by itself.`,
    );
  }
  if (find && domains[0]?.toLowerCase() !== find.domain) {
    const sentence = `The domain controllers that DNS names for ${find.domain} hold ${domains[0] ?? 'no domain'}.`;
    throw fault('bad-input', 'directory.two-domains', sentence, { fields: { find: sentence } });
  }
}

async function examineDomain(connection: LdapConnection, input: DirectoryInput, url: string, identity: ServerIdentity): Promise<Examined> {
  const root = identity.defaultNamingContext;
  const scopeDns = await scopeOf(connection, input, url, root);
  const facts = await readDomain(connection, identity);
  const filters = filtersOf(input);
  const people = await count(connection, filters.people, scopeDns.length > 0 ? scopeDns : [root]);
  if (people === 0) throw nobodyThere(url, scopeDns[0] ?? root, input.peopleFilter);
  const groups = await count(connection, filters.groups, [root]);
  const { mode } = await chooseMode(connection, root);
  const account = await readSyncAccount(connection, input.bindDn, root, facts.netbios);
  const { sentinelPerson, sentinelGroup } = await findSentinels(connection, input, root, scopeDns);
  const hints: string[] = [];
  if (facts.lockoutThreshold === null)
    hints.push('The lockout policy cannot be read: at most 5 wrong passwords an account and half an hour are passed on.');
  if (await hasUnreadablePolicies(connection, root)) hints.push(policiesHint(root, account?.name ?? 'DOMAIN\\account'));
  if (groups === 0) hints.push('No group can be seen: without groups, access can only be granted person by person.');
  return {
    facts,
    settings: {
      urls: input.urls,
      find: input.find,
      serverName: input.serverName,
      caPem: input.caPem,
      bindDn: input.bindDn,
      scopeDns,
      peopleFilter: input.peopleFilter,
      groupFilter: input.groupFilter,
      distributionGroups: input.distributionGroups,
      sentinelPerson,
      sentinelGroup,
      account: account ?? undefined,
    },
    findings: {
      domain: domainOfBaseDn(root),
      netbios: facts.netbios,
      forest: domainOfBaseDn(identity.rootDomainNamingContext),
      baseDn: root,
      scopeDns,
      controllers: [],
      otherControllers: await controllersOf(connection, root),
      people,
      groups,
      samplePeople: await someAccounts(connection, scopeDns[0] ?? root, input.peopleFilter),
      sampleGroups: await someGroups(connection, root, input.groupFilter),
      lockoutThreshold: facts.lockoutThreshold,
      hints,
      missingRights: missingRights(mode, root, account),
    },
  };
}

/** Changes can only be followed from the domain's root; a base below it is taken as the scope. Each is asked for, and named as the server names it. */
async function scopeOf(connection: LdapConnection, { baseDn, scopeDns }: DirectoryInput, url: string, root: string): Promise<string[]> {
  const found: string[] = [];
  for (const wanted of [...(baseDn && !isWithin(root, baseDn) ? [baseDn] : []), ...scopeDns]) {
    if (!isWithin(wanted, root)) {
      throw fault(
        'bad-input',
        'directory.wrong-base',
        `${wanted} does not belong to this domain: ${url} holds ${root}. Enter that, or a part of it.`,
      );
    }
    try {
      const [entry] = await connection.search({ base: wanted, scope: 'base', filter: '(objectClass=*)', attributes: ['objectGUID'] });
      if (entry) found.push(entry.dn);
    } catch (error) {
      if (error instanceof LdapRefusal)
        throw fault('bad-input', 'directory.wrong-base', `${wanted} does not exist on ${url}. The domain’s own base is ${root}.`, {
          detail: error.message,
        });
      throw error;
    }
  }
  return [...new Set(found)];
}

/** As the domain names it; null where the bind name leads to nobody that we may read. */
async function readSyncAccount(
  connection: LdapConnection,
  bindDn: string,
  root: string,
  netbios: string | null,
): Promise<SyncAccount | null> {
  const isDn = /^[A-Za-z][\w-]*=.+,/.test(bindDn);
  const name = Buffer.from(bindDn.replace(/^[^\\]*\\/, ''), 'utf8');
  const named = ['userPrincipalName', 'sAMAccountName'].map((attribute) => new EqualityFilter({ attribute, value: name }));
  try {
    const [entry] = await connection.search({
      base: isDn ? bindDn : root,
      scope: isDn ? 'base' : 'sub',
      filter: isDn ? '(objectClass=*)' : new OrFilter({ filters: named }),
      attributes: ['sAMAccountName', 'objectSid'],
    });
    const [login, sid] = [entry?.text('sAMAccountName'), entry?.bytes('objectSid')];
    return login && sid ? { name: netbios ? `${netbios}\\${login}` : login, sid: sidFromBytes(sid) } : null;
  } catch (error) {
    if (error instanceof LdapRefusal) return null;
    throw error;
  }
}

async function findSentinels(connection: LdapConnection, input: DirectoryInput, base: string, scopeDns: readonly string[]) {
  const filters = filtersOf(input);
  const find = async (kind: 'person' | 'group', typed: string | undefined, filter: string | Filter) =>
    typed === undefined ? undefined : findSentinel(connection, { kind, typed, base, filter, scopeDns });
  return {
    sentinelPerson: await find('person', input.sentinelPerson, filters.people),
    sentinelGroup: await find('group', input.sentinelGroup, filters.groups),
  };
}

function nobodyThere(url: string, base: string, own: string | undefined) {
  if (own !== undefined) {
    const sentence = `${url} answers, but the filter for people takes in nobody below ${base}. Check it, and that the sync account may read the attributes it names.`;
    return fault('bad-input', 'directory.empty', sentence, { fields: { peopleFilter: sentence } });
  }
  return fault(
    'bad-input',
    'directory.empty',
    `${url} answers, but shows no account below ${base}. Check the base, and that the sync account may read there.`,
  );
}

async function count(connection: LdapConnection, filter: string | Filter, bases: readonly string[]): Promise<number> {
  let entries = 0;
  for (const base of bases) {
    await connection.readAll({ base, scope: 'sub', filter, attributes: ['objectGUID'], timeoutMs: countSilenceMs }, (page) => {
      entries += page.length;
    });
  }
  return entries;
}

async function someAccounts(connection: LdapConnection, base: string, own: string | undefined): Promise<{ name: string; login: string }[]> {
  const found: { name: string; login: string }[] = [];
  const filter = bothOf(`(&${peopleFilter}(displayName=*)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))`, own);
  await firstPage(connection, { base, filter, attributes: personAttributes }, (entry) => {
    const person = personFromEntry(entry);
    if (person) found.push({ name: person.displayName, login: person.upn ?? person.samAccountName });
  });
  return found.slice(0, samples);
}

async function someGroups(connection: LdapConnection, base: string, own: string | undefined): Promise<{ name: string }[]> {
  const found: { name: string }[] = [];
  const filter = bothOf(`(&${groupsFilter}(!(isCriticalSystemObject=TRUE)))`, own);
  await firstPage(connection, { base, filter, attributes: ['name'] }, (entry) => {
    const name = entry.text('name');
    if (name) found.push({ name });
  });
  return found.slice(0, samples);
}

async function controllersOf(connection: LdapConnection, root: string): Promise<string[]> {
  const entries = await connection.search({
    base: root,
    scope: 'sub',
    filter: `(&(objectClass=computer)(primaryGroupID=${domainControllersRid}))`,
    attributes: ['dNSHostName'],
  });
  return entries.flatMap((entry) => entry.text('dNSHostName') ?? []);
}

class Enough extends Error {}

/** A page of the whole is enough for a sample; the rest is not asked for. */
async function firstPage(
  connection: LdapConnection,
  search: { base: string; filter: string | Filter; attributes: readonly string[] },
  onEntry: (entry: Parameters<typeof personFromEntry>[0]) => void,
): Promise<void> {
  try {
    await connection.readAll({ ...search, scope: 'sub', timeoutMs: countSilenceMs }, (page) => {
      for (const entry of page) onEntry(entry);
      throw new Enough();
    });
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
}

function isFault(error: unknown): boolean {
  return error instanceof Error && error.name === 'Fault';
}
