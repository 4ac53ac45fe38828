/**
 * Who is meant by a typed name. It becomes one account that we know, or nobody; what was typed goes no further, so it can be no filter, no
 * DN and no SASL mechanism. Letters are compared as they are, save A to Z: no folding makes a second name of a look-alike.
 */
import { foldAscii } from '../active-directory/distinguished-name.ts';

export interface TypedName {
  readonly form: 'sam' | 'upn' | 'domain-sam';
  /** With A to Z in one case; the other parts are of it. */
  readonly folded: string;
  readonly sam: string | null;
  readonly upn: string | null;
  readonly domain: string | null;
}

export interface NamedAccount {
  readonly samAccountName: string;
  readonly upn: string | null;
  /** Of its directory. */
  readonly domain: string;
  readonly netbios: string | null;
}

const nameMax = 320;
/** Control and format characters and line ends name nobody, but can make two names look like one. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Null for what can name nobody. */
export function readTypedName(typed: unknown): TypedName | null {
  if (typeof typed !== 'string' || typed.length > nameMax) return null;
  const text = typed.normalize('NFC').replace(/^ +| +$/g, '');
  if (text === '' || unprintable.test(text)) return null;
  const folded = foldAscii(text);
  const parts = folded.split('\\');
  if (parts.length > 2) return null;
  const [domain = '', sam = ''] = parts;
  if (parts.length === 2) return domain && sam && !sam.includes('@') ? { form: 'domain-sam', folded, sam, upn: null, domain } : null;
  if (!folded.includes('@')) return { form: 'sam', folded, sam: folded, upn: null, domain: null };
  const at = folded.lastIndexOf('@');
  const local = folded.slice(0, at);
  return local && folded.slice(at + 1) ? { form: 'upn', folded, sam: local, upn: folded, domain: folded.slice(at + 1) } : null;
}

/**
 * Exactly one of these, or nobody: whatever two could be meant by is refused, and never tried on one of them. Within a domain a written-down
 * UPN goes before the one that AD implies (account name at domain), as in AD.
 */
export function whoIsMeant<Account extends NamedAccount>(name: TypedName, accounts: readonly Account[]): Account | null {
  const bySam = (one: Account) => name.sam !== null && fold(one.samAccountName) === name.sam;
  switch (name.form) {
    case 'sam':
      return only(accounts.filter(bySam));
    case 'domain-sam':
      return only(accounts.filter((one) => bySam(one) && (fold(one.netbios ?? '') === name.domain || fold(one.domain) === name.domain)));
    case 'upn': {
      const written = accounts.filter((one) => one.upn !== null && fold(one.upn) === name.upn);
      const implied = accounts.filter((one) => bySam(one) && fold(one.domain) === name.domain);
      const [account] = written.length > 0 ? written : implied;
      // Another domain's administrators may write any name down: they do not get the password of whoever it belongs to here.
      const isContested = written.length > 1 || implied.some((one) => account && fold(one.domain) !== fold(account.domain));
      return account && !isContested ? account : null;
    }
  }
}

/**
 * What a throttle counts by when nobody is meant: one name for all ways to write it, as an account that we know has one. Otherwise a second
 * spelling that is refused rather than throttled would tell that nobody is behind the first.
 */
export function oneNameFor(name: TypedName, directories: readonly Pick<NamedAccount, 'domain' | 'netbios'>[]): string {
  const home = directories.find((one) => isHomeOf(one, name));
  return home && name.sam !== null ? `${fold(home.domain)}\\${name.sam}` : name.folded;
}

/** The directories in which the name could mean somebody: the one that it speaks of, or all. */
export function homesOf<Home extends Pick<NamedAccount, 'domain' | 'netbios'>>(
  name: TypedName,
  directories: readonly Home[],
): readonly Home[] {
  const homes = directories.filter((one) => isHomeOf(one, name));
  return homes.length > 0 ? homes : directories;
}

function isHomeOf({ domain, netbios }: Pick<NamedAccount, 'domain' | 'netbios'>, name: TypedName): boolean {
  return name.domain === null || fold(domain) === name.domain || (name.form === 'domain-sam' && fold(netbios ?? '') === name.domain);
}

function fold(text: string): string {
  return foldAscii(text.normalize('NFC'));
}

function only<T>(list: readonly T[]): T | null {
  return list.length === 1 ? (list[0] ?? null) : null;
}
