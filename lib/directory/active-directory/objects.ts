/** People and groups out of raw entries: the attributes we ask for, and what each of them means. */

import { type RawEntry, sidOfExtendedDn, splitExtendedDn } from '../ldap/entry.ts';
import type { GroupFacts, PersonFacts } from '../types.ts';
import { isPersonAccount } from './account.ts';
import { domainPart } from './distinguished-name.ts';
import { guidFromBytes } from './guid.ts';
import { logonHoursFromBytes } from './logon-hours.ts';
import { stampsFromMetaData } from './replication-stamps.ts';
import { sidFromBytes } from './sid.ts';
import { dateFromFileTime } from './time.ts';

/** Never by objectCategory: a tombstone has none, and its deletion would not be reported. */
export const peopleFilter = '(&(objectClass=user)(!(objectClass=computer)))';
export const groupsFilter = '(objectClass=group)';

export const personAttributes = [
  'objectGUID',
  'objectSid',
  'sAMAccountName',
  'userPrincipalName',
  'displayName',
  'name',
  'mail',
  'title',
  'department',
  'userAccountControl',
  'primaryGroupID',
  'accountExpires',
  'lockoutTime',
  'logonHours',
  'pwdLastSet',
  'replPropertyMetaData',
] as const;

export const groupAttributes = ['objectGUID', 'objectSid', 'sAMAccountName', 'name', 'description', 'groupType', 'member'] as const;

const securityBit = 0x80000000 | 0;

export function guidOf(entry: RawEntry): string | null {
  const bytes = entry.bytes('objectGUID');
  return bytes?.length === 16 ? guidFromBytes(bytes) : null;
}

/** Null for what is no person: a trust, or an entry whose identifying attributes we may not read. */
export function personFromEntry(entry: RawEntry): PersonFacts | null {
  const objectGuid = guidOf(entry);
  const samAccountName = entry.text('sAMAccountName');
  const userAccountControl = integer(entry.text('userAccountControl'));
  if (!objectGuid || !samAccountName || userAccountControl === null || !isPersonAccount(userAccountControl)) return null;
  return {
    objectGuid,
    sid: sidOf(entry),
    dn: entry.dn,
    samAccountName,
    upn: entry.text('userPrincipalName'),
    displayName: entry.text('displayName') ?? entry.text('name') ?? samAccountName,
    mail: entry.text('mail'),
    title: entry.text('title'),
    department: entry.text('department'),
    userAccountControl,
    primaryGroupRid: integer(entry.text('primaryGroupID')),
    accountExpiresAt: dateFromFileTime(entry.text('accountExpires')),
    lockoutAt: dateFromFileTime(entry.text('lockoutTime')),
    logonHours: logonHoursFromBytes(entry.bytes('logonHours')),
    passwordSetAt: dateFromFileTime(entry.text('pwdLastSet')),
    mustChangePassword: entry.text('pwdLastSet') === '0',
    stamps: stampsFromMetaData(entry.bytes('replPropertyMetaData')),
    groupGuids: entry.has('memberOf') ? readLinks(entry.allBytes('memberOf'), entry.dn).guids : null,
  };
}

/** Its members are read apart: a large group's come in ranges. */
export function groupFromEntry(entry: RawEntry): Omit<GroupFacts, 'memberGuids' | 'foreignSids'> | null {
  const objectGuid = guidOf(entry);
  const samAccountName = entry.text('sAMAccountName');
  const groupType = integer(entry.text('groupType'));
  if (!objectGuid || !samAccountName || groupType === null) return null;
  return {
    objectGuid,
    sid: sidOf(entry),
    dn: entry.dn,
    samAccountName,
    name: entry.text('name') ?? samAccountName,
    description: entry.text('description'),
    groupType,
    security: (groupType & securityBit) !== 0,
    groupGuids: entry.has('memberOf') ? readLinks(entry.allBytes('memberOf'), entry.dn).guids : null,
  };
}

export interface Links {
  readonly guids: string[];
  /** Of members that another domain knows. */
  readonly foreignSids: string[];
}

/**
 * Whom link values name, by GUID; a value without one (a deleted object's) names nobody. What lies in another domain is known by its SID.
 * `kept`: one text for each GUID, however often it is read: a million and a half times in a complete read.
 */
export function readLinks(values: readonly Buffer[], ownDn: string, kept: (guid: string) => string = (guid) => guid): Links {
  const home = domainPart(ownDn);
  const ending = Buffer.from(ownDn.slice(ownDn.length - home.length));
  const links: Links = { guids: [], foreignSids: [] };
  for (const value of values) {
    const own = ownLink(value, ending);
    if (own) {
      links.guids.push(kept(own));
      continue;
    }
    const link = readLink(value.toString('utf8'), home);
    if (link?.foreignSid) links.foreignSids.push(link.foreignSid);
    else if (link) links.guids.push(kept(link.guid));
  }
  return links;
}

const guidHead = Buffer.from('<GUID=');
const guidEnd = guidHead.length + 36;
const [comma, closing] = [0x2c, 0x3e];

/** The GUID of a link that can be seen at a glance to be one of the same domain, as nearly all are; null: to be looked at closely. */
function ownLink(value: Buffer, ending: Buffer): string | null {
  const place = value.length - ending.length;
  if (ending.length === 0 || place <= guidEnd || value[guidEnd] !== closing) return null;
  if (value.compare(guidHead, 0, guidHead.length, 0, guidHead.length) !== 0) return null;
  if (value.compare(ending, 0, ending.length, place) !== 0) return null;
  const rdn = value.toString('latin1', value.lastIndexOf(comma, place - 1) + 1, place);
  if (/^(DC=|CN=ForeignSecurityPrincipals$)/i.test(rdn)) return null;
  const guid = value.toString('latin1', guidHead.length, guidEnd);
  return /^[0-9a-f-]+$/.test(guid) ? guid : null;
}

/** Null when it names nobody that we could know. `home`: the domain part of whose link it is. */
export function readLink(value: string, home: string): { guid: string; foreignSid: string | null } | null {
  const { guid, dn } = splitExtendedDn(value);
  if (!guid) return null;
  const principal = foreignPrincipal.exec(dn)?.[1];
  if (principal) return { guid, foreignSid: principal.toUpperCase() };
  if (domainPart(dn) === home) return { guid, foreignSid: null };
  const foreignSid = sidOfExtendedDn(value, dn);
  return foreignSid ? { guid, foreignSid } : null;
}

const foreignPrincipal = /^CN=(S-1-[0-9-]+),CN=ForeignSecurityPrincipals,/i;

function sidOf(entry: RawEntry): string | null {
  const bytes = entry.bytes('objectSid');
  return bytes ? sidFromBytes(bytes) : null;
}

function integer(text: string | null): number | null {
  return text !== null && /^-?\d{1,10}$/.test(text) ? Number(text) | 0 : null;
}
