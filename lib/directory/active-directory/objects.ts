/** People and groups out of raw entries: the attributes we ask for, and what each of them means. */

import { type RawEntry, splitExtendedDn } from '../ldap/entry.ts';
import type { GroupFacts, PersonFacts } from '../types.ts';
import { isPersonAccount } from './account.ts';
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
    groupGuids: entry.has('memberOf') ? guidsOfLinks(entry.texts('memberOf')) : null,
  };
}

/** Its members are read apart: a large group's come in ranges. */
export function groupFromEntry(entry: RawEntry): Omit<GroupFacts, 'memberGuids'> | null {
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
    groupGuids: entry.has('memberOf') ? guidsOfLinks(entry.texts('memberOf')) : null,
  };
}

/** The GUIDs that link values carry; a value without one (a deleted object's) names nobody. */
export function guidsOfLinks(values: readonly string[]): string[] {
  return values.flatMap((value) => splitExtendedDn(value).guid ?? []);
}

function sidOf(entry: RawEntry): string | null {
  const bytes = entry.bytes('objectSid');
  return bytes ? sidFromBytes(bytes) : null;
}

function integer(text: string | null): number | null {
  return text !== null && /^-?\d{1,10}$/.test(text) ? Number(text) | 0 : null;
}
