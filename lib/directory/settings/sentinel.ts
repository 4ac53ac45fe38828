/** Whom an admin names as what must always be seen: found by name when the settings are examined, and kept by GUID from then on. */
import { AndFilter, EqualityFilter, type Filter, FilterParser, OrFilter } from 'ldapts';
import { fault } from '#lib/errors/fault.ts';
import { isWithin } from '../active-directory/distinguished-name.ts';
import { guidOf } from '../active-directory/objects.ts';
import { type LdapConnection, LdapRefusal } from '../ldap/connection.ts';
import type { RawEntry } from '../ldap/entry.ts';
import type { Sentinel } from '../types.ts';

/** A filter through groups in groups takes a domain controller its time. */
const timeoutMs = 30_000;
const looksLikeDn = /^[A-Za-z][\w-]*=.+,/;

export interface SentinelQuestion {
  readonly kind: 'person' | 'group';
  readonly typed: string;
  readonly base: string;
  /** Our filter and the admin's own. */
  readonly filter: string | Filter;
  readonly scopeDns: readonly string[];
}

export async function findSentinel(
  connection: LdapConnection,
  { kind, typed, base, filter, scopeDns }: SentinelQuestion,
): Promise<Sentinel> {
  const taken = typeof filter === 'string' ? FilterParser.parseString(filter) : filter;
  const found = looksLikeDn.test(typed)
    ? await search(connection, typed, 'base', taken)
    : await search(connection, base, 'sub', new AndFilter({ filters: [namedLike(typed), taken] }));
  const inScope = found.filter(({ dn }) => kind === 'group' || scopeDns.length === 0 || scopeDns.some((scope) => isWithin(dn, scope)));
  const [entry] = inScope;
  const objectGuid = entry && guidOf(entry);
  if (!entry || !objectGuid || inScope.length > 1) throw notThatOne(kind, typed, inScope.length);
  return { objectGuid, name: entry.text('userPrincipalName') ?? entry.text('sAMAccountName') ?? entry.dn };
}

function namedLike(typed: string): Filter {
  const name = typed.replace(/^[^\\]*\\/, '');
  return new OrFilter({
    filters: ['sAMAccountName', 'userPrincipalName', 'cn'].map(
      (attribute) => new EqualityFilter({ attribute, value: Buffer.from(name, 'utf8') }),
    ),
  });
}

async function search(connection: LdapConnection, base: string, scope: 'base' | 'sub', filter: Filter): Promise<RawEntry[]> {
  try {
    return await connection.search({ base, scope, filter, attributes: ['objectGUID', 'sAMAccountName', 'userPrincipalName'], timeoutMs });
  } catch (error) {
    if (error instanceof LdapRefusal) return [];
    throw error;
  }
}

function notThatOne(kind: SentinelQuestion['kind'], typed: string, found: number) {
  const field = kind === 'person' ? 'sentinelPerson' : 'sentinelGroup';
  const sentence =
    found > 1
      ? `More than one ${kind} is called ${typed}. Enter the login name or the distinguished name.`
      : `The sync account sees no ${kind} called ${typed} among those that come in. Enter a login name or a distinguished name.`;
  return fault('bad-input', 'directory.no-sentinel', sentence, { fields: { [field]: sentence } });
}
