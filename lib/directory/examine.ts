/**
 * Looks at a directory with settings that nobody has saved yet, and says what would come of them: which domain controllers answer, whose
 * domain it is, how many people and groups, what our account may not do there. The first fault found is one sentence, and nothing is kept.
 */
import { fault } from '#lib/errors/fault.ts';
import { domainOfBaseDn, isWithin } from './active-directory/distinguished-name.ts';
import { groupsFilter, peopleFilter, personAttributes, personFromEntry } from './active-directory/objects.ts';
import { chooseMode } from './changes.ts';
import { type LdapConnection, LdapRefusal, openConnection } from './ldap/connection.ts';
import { type DomainFacts, readDomain, readIdentity, type ServerIdentity } from './ldap/domain.ts';
import type { DirectoryInput } from './schema.ts';
import { explainFailure } from './sentences.ts';
import type { DirectorySettings } from './types.ts';

export interface DirectoryFindings {
  readonly domain: string;
  readonly netbios: string | null;
  readonly forest: string;
  readonly baseDn: string;
  readonly scopeDns: readonly string[];
  readonly controllers: readonly { readonly url: string; readonly dnsHostName: string | null }[];
  /** Of the same domain, by its own account; not followed unless entered. */
  readonly otherControllers: readonly string[];
  readonly people: number;
  readonly groups: number;
  readonly samplePeople: readonly { readonly name: string; readonly login: string }[];
  readonly sampleGroups: readonly { readonly name: string }[];
  readonly lockoutThreshold: number | null;
  /** What works less well than it could, and what to do about it. */
  readonly hints: readonly string[];
}

export interface Examined {
  readonly findings: DirectoryFindings;
  readonly facts: DomainFacts;
  readonly settings: DirectorySettings;
}

const samples = 5;
const countSilenceMs = 30_000;
const domainControllersRid = 516;

export async function examine(input: DirectoryInput, password: string): Promise<Examined> {
  const seen: { url: string; identity: ServerIdentity }[] = [];
  let examined: Examined | null = null;
  for (const url of input.urls) {
    const connection = await reach(input, url, password);
    try {
      const identity = await readIdentity(connection);
      seen.push({ url, identity });
      examined ??= await examineDomain(connection, input, url, identity);
    } catch (error) {
      throw isFault(error) ? error : explainFailure(error, url);
    } finally {
      connection.close();
    }
  }
  const [first] = seen;
  if (!first || !examined) throw fault('bad-input', 'directory.no-address', 'Enter the address of at least one domain controller.');
  const stranger = seen.find(({ identity }) => identity.defaultNamingContext !== first.identity.defaultNamingContext);
  if (stranger) {
    const domains = `${domainOfBaseDn(first.identity.defaultNamingContext)} and ${domainOfBaseDn(stranger.identity.defaultNamingContext)}`;
    throw fault(
      'bad-input',
      'directory.two-domains',
      `These domain controllers belong to two domains, ${domains}. Connect each domain by itself.`,
    );
  }
  const controllers = seen.map(({ url, identity }) => ({ url, dnsHostName: identity.dnsHostName }));
  const named = new Set(controllers.map(({ dnsHostName }) => dnsHostName?.toLowerCase()));
  const otherControllers = examined.findings.otherControllers.filter((host) => !named.has(host.toLowerCase()));
  return { ...examined, findings: { ...examined.findings, controllers, otherControllers } };
}

async function reach(input: DirectoryInput, url: string, password: string): Promise<LdapConnection> {
  let connection: LdapConnection | null = null;
  try {
    connection = await openConnection({ url, serverName: input.serverName, caPem: input.caPem });
    await connection.bind(input.bindDn, password);
    return connection;
  } catch (error) {
    connection?.close();
    throw explainFailure(error, url);
  }
}

async function examineDomain(connection: LdapConnection, input: DirectoryInput, url: string, identity: ServerIdentity): Promise<Examined> {
  const root = identity.defaultNamingContext;
  const scopeDns = await scopeOf(connection, input, url, root);
  const facts = await readDomain(connection, identity);
  const people = await count(connection, peopleFilter, scopeDns.length > 0 ? scopeDns : [root]);
  if (people === 0) {
    throw fault(
      'bad-input',
      'directory.empty',
      `${url} answers, but shows no account below ${scopeDns[0] ?? root}. Check the base, and that the sync account may read there.`,
    );
  }
  const groups = await count(connection, groupsFilter, [root]);
  const { mode } = await chooseMode(connection, root);
  const hints: string[] = [];
  if (mode !== 'dirsync-with-tombstones') {
    hints.push(
      'The sync account cannot see deleted objects: a deleted account is noticed within 15 seconds instead of one. Grant it "Replicating Directory Changes" (not "All") on the domain to mend that.',
    );
  }
  if (mode === 'usn')
    hints.push('This domain controller does not offer DirSync to the sync account: changes are found by polling, which costs it more.');
  if (facts.lockoutThreshold === null)
    hints.push('The lockout policy cannot be read: at most 5 wrong passwords an account and half an hour are passed on.');
  if (groups === 0) hints.push('No group can be seen: without groups, access can only be granted person by person.');
  return {
    facts,
    settings: { urls: input.urls, serverName: input.serverName, caPem: input.caPem, bindDn: input.bindDn, scopeDns },
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
      samplePeople: await someAccounts(connection, scopeDns[0] ?? root),
      sampleGroups: await someGroups(connection, root),
      lockoutThreshold: facts.lockoutThreshold,
      hints,
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

async function count(connection: LdapConnection, filter: string, bases: readonly string[]): Promise<number> {
  let entries = 0;
  for (const base of bases) {
    await connection.readAll({ base, scope: 'sub', filter, attributes: ['objectGUID'], timeoutMs: countSilenceMs }, (page) => {
      entries += page.length;
    });
  }
  return entries;
}

async function someAccounts(connection: LdapConnection, base: string): Promise<{ name: string; login: string }[]> {
  const found: { name: string; login: string }[] = [];
  const filter = `(&${peopleFilter}(displayName=*)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))`;
  await firstPage(connection, { base, filter, attributes: personAttributes }, (entry) => {
    const person = personFromEntry(entry);
    if (person) found.push({ name: person.displayName, login: person.upn ?? person.samAccountName });
  });
  return found.slice(0, samples);
}

async function someGroups(connection: LdapConnection, base: string): Promise<{ name: string }[]> {
  const found: { name: string }[] = [];
  await firstPage(connection, { base, filter: `(&${groupsFilter}(!(isCriticalSystemObject=TRUE)))`, attributes: ['name'] }, (entry) => {
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
  search: { base: string; filter: string; attributes: readonly string[] },
  onEntry: (entry: Parameters<typeof personFromEntry>[0]) => void,
): Promise<void> {
  try {
    await connection.readAll({ ...search, scope: 'sub' }, (page) => {
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
