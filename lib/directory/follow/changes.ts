/**
 * What was touched since last time. DirSync tells it with links one by one and needs no index; where a domain controller refuses it, the
 * uSNChanged poll names the touched objects and they are read whole. Either only says *which*; what they are now is read afterwards.
 */
import { domainPart } from '../active-directory/distinguished-name.ts';
import { groupsFilter, guidOf, peopleFilter, readLink } from '../active-directory/objects.ts';
import { type LdapConnection, LdapRefusal } from '../ldap/connection.ts';
import type { RawEntry } from '../ldap/entry.ts';
import type { LinkChange } from '../types.ts';

export interface Touched {
  readonly guids: string[];
  readonly links: LinkChange[];
  readonly tombstones: string[];
  /** An existing OU was renamed or moved: everybody below it has another DN, and nobody is reported for it. */
  readonly containerMoved: boolean;
  /** False: links did not come one by one, so the touched groups' members have to be read. */
  readonly linksAreTold: boolean;
}

const objectSecurity = 0x1;
const incrementalValues = -0x80000000;
const unavailableCriticalExtension = 12;
const insufficientAccess = 50;
const unwillingToPerform = 53;

/** From what tells most to what always works. */
export type ChangeMode = 'dirsync-with-tombstones' | 'dirsync' | 'dirsync-whole-links' | 'usn';

const flagsOf = {
  'dirsync-with-tombstones': incrementalValues,
  dirsync: incrementalValues | objectSecurity,
  'dirsync-whole-links': objectSecurity,
} as const;

const filter = `(|${peopleFilter}${groupsFilter}(objectClass=organizationalUnit)(objectClass=container))`;

/** For DirSync the list is a filter as well: an object shows only when one of these changed. whenCreated shows only on what is new. */
const watchedAttributes = [
  'member',
  'userAccountControl',
  'accountExpires',
  'lockoutTime',
  'logonHours',
  'pwdLastSet',
  'userPrincipalName',
  'sAMAccountName',
  'displayName',
  'mail',
  'title',
  'department',
  'primaryGroupID',
  'objectSid',
  'name',
  'parentGUID',
  'description',
  'groupType',
  'isDeleted',
  'objectClass',
  'whenCreated',
];

/** The best mode that this account has here, and a cookie that stands for now. Nothing is read yet. */
export async function chooseMode(connection: LdapConnection, baseDn: string): Promise<{ mode: ChangeMode; cookie: Buffer | null }> {
  for (const mode of ['dirsync-with-tombstones', 'dirsync', 'dirsync-whole-links'] as const) {
    try {
      const { cookie, deleted } = await cookieOfNow(connection, baseDn, flagsOf[mode]);
      // Samba lets an account ask so that may not read what was deleted, and shows it nothing of that, without a word.
      if (mode !== 'dirsync-with-tombstones' || deleted > 0) return { mode, cookie };
    } catch (error) {
      if (!(error instanceof LdapRefusal) || !isRefusalOfDirSync(error.status)) throw error;
    }
  }
  return { mode: 'usn', cookie: null };
}

export async function readTouched(
  connection: LdapConnection,
  baseDn: string,
  mode: Exclude<ChangeMode, 'usn'>,
  from: Buffer,
  alsoWatched: readonly string[] = [],
): Promise<Touched & { cookie: Buffer }> {
  const touched = emptyTouched(mode !== 'dirsync-whole-links');
  const guids = new Set<string>();
  let containerMoved = false;
  let cookie = from;
  for (;;) {
    const answer = await connection.dirSync(
      { base: baseDn, filter, attributes: [...watchedAttributes, ...alsoWatched], timeoutMs: 30_000 },
      flagsOf[mode],
      cookie,
    );
    for (const entry of answer.entries) {
      const guid = guidOf(entry);
      if (!guid) continue;
      if (entry.text('isDeleted') === 'TRUE') touched.tombstones.push(guid);
      else if (isContainer(entry)) containerMoved ||= !entry.has('whenCreated');
      else guids.add(guid);
      touched.links.push(...linkChanges(entry, guid));
    }
    cookie = answer.cookie;
    if (!answer.more) break;
  }
  const tombstones = new Set(touched.tombstones);
  return { ...touched, guids: [...guids].filter((guid) => !tombstones.has(guid)), containerMoved, cookie };
}

export async function readTouchedSinceUsn(connection: LdapConnection, baseDn: string, usn: bigint): Promise<Touched> {
  const guids = new Set<string>();
  await connection.readAll(
    {
      base: baseDn,
      scope: 'sub',
      filter: `(&(uSNChanged>=${usn + 1n})(|${peopleFilter}${groupsFilter}))`,
      attributes: ['objectGUID'],
      timeoutMs: 30_000,
    },
    (entries) => {
      for (const entry of entries) {
        const guid = guidOf(entry);
        if (guid) guids.add(guid);
      }
    },
  );
  return { ...emptyTouched(false), guids: [...guids] };
}

/** A cookie the server does not take any more is no fault of ours to mend: the directory is read anew. */
export function isCookieRefused(error: unknown): boolean {
  return error instanceof LdapRefusal && (error.status === unavailableCriticalExtension || error.status === unwillingToPerform);
}

/** Next to nothing matches, so next to nothing is sent; only the cookie moves on. What is kept for the deleted is itself marked as deleted. */
const almostNothing = '(|(objectClass=gatehouseNoSuchClass)(&(isDeleted=TRUE)(objectClass=container)))';

async function cookieOfNow(connection: LdapConnection, baseDn: string, flags: number): Promise<{ cookie: Buffer; deleted: number }> {
  let deleted = 0;
  let cookie: Buffer = Buffer.alloc(0);
  for (;;) {
    const answer = await connection.dirSync(
      { base: baseDn, filter: almostNothing, attributes: ['objectGUID', 'isDeleted'], timeoutMs: 60_000 },
      flags,
      cookie,
    );
    cookie = answer.cookie;
    deleted += answer.entries.length;
    if (!answer.more) return { cookie, deleted };
  }
}

function isRefusalOfDirSync(status: number): boolean {
  return status === unavailableCriticalExtension || status === insufficientAccess || status === unwillingToPerform;
}

function emptyTouched(linksAreTold: boolean): Touched {
  return { guids: [], links: [], tombstones: [], containerMoved: false, linksAreTold };
}

/** DirSync leaves objectClass out when it did not change; what has an OU's name has an OU's naming attribute in its DN. */
function isContainer(entry: RawEntry): boolean {
  const classes = entry.texts('objectClass');
  if (classes.length > 0) return !classes.includes('user') && !classes.includes('group');
  return /^OU=/i.test(entry.dn);
}

function linkChanges(entry: RawEntry, groupGuid: string): LinkChange[] {
  const home = domainPart(entry.dn);
  return entry.options('member').flatMap(({ option, values }) => {
    if (option !== 'range=1-1' && option !== 'range=0-0') return [];
    return values.flatMap((value) => {
      const link = readLink(value.toString('utf8'), home);
      if (!link) return [];
      const { guid: memberGuid, foreignSid } = link;
      return [{ groupGuid, memberGuid, present: option === 'range=1-1', ...(foreignSid ? { foreignSid } : {}) }];
    });
  });
}
