/**
 * Asks the domain controller, after somebody signed in, which groups it would put into that person's logon token (tokenGroups: nested,
 * primary, security groups only), and compares with what we computed from the member lists. It should never differ; where it does, our
 * picture is wrong, an operator hears of it, and the directory is read anew. Groups of other domains and BUILTIN ones are not ours to say.
 *
 * Runs beside the sign-in, never in its way. A change that is just arriving looks like a difference: only one that stays counts.
 */
import { record } from '#lib/audit/record.ts';
import type { Database } from '#lib/db/database.ts';
import type { Log } from '#lib/log/log.ts';
import { sidFromBytes } from '../active-directory/sid.ts';
import { loadDirectory, loadLivingPerson, securityGroupsOf } from '../data.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import { readTokenGroups } from '../read/read.ts';

export interface CrossCheckOptions {
  readonly db: Database;
  readonly log: Log;
  connect(directoryId: string): Promise<LdapConnection>;
  readAgain(directoryId: string): Promise<void>;
}

export interface Difference {
  /** Groups that the directory counts and we did not. */
  readonly missing: readonly string[];
  /** Groups that we counted and the directory does not. */
  readonly extra: readonly string[];
}

const settlesWithinMs = 2_000;

/**
 * `certain`: what the domain's own links give. Over another domain's groups one domain controller may see and another may not, so what they
 * give (`ours` beyond `certain`) may be in the token, and need not.
 */
export function differenceOf(
  token: ReadonlySet<string>,
  ours: ReadonlySet<string>,
  domainSid: string,
  certain: ReadonlySet<string> = ours,
): Difference | null {
  const ofDomain = (sid: string) => sid.startsWith(`${domainSid}-`);
  const missing = [...token].filter((sid) => ofDomain(sid) && !ours.has(sid));
  const extra = [...certain].filter((sid) => ofDomain(sid) && !token.has(sid));
  return missing.length + extra.length === 0 ? null : { missing, extra };
}

export async function crossCheck(options: CrossCheckOptions, personId: string): Promise<void> {
  const { db, log, readAgain } = options;
  if (!(await compare(options, personId))) return;
  await new Promise((resolve) => setTimeout(resolve, settlesWithinMs));
  const found = await compare(options, personId);
  if (!found) return;
  const { person, difference } = found;
  log.error({ person: person.id, ...difference }, 'our groups of a person differ from the directory’s; it is read anew');
  await record(db.prisma, {
    event: 'membership.differed',
    actor: { kind: 'directory', id: person.directoryId, name: person.domain },
    subject: { kind: 'person', id: person.id, name: person.displayName },
    detail: { missing: [...difference.missing], extra: [...difference.extra] },
  });
  await readAgain(person.directoryId);
}

async function compare({ db, connect }: CrossCheckOptions, personId: string) {
  const person = await loadLivingPerson(db, personId);
  const directory = person && (await loadDirectory(db, person.directoryId));
  if (!person || !directory?.domainSid) return null;
  const connection = await connect(directory.id);
  try {
    const token = await readTokenGroups(connection, person.objectGuid);
    if (token === null) return null;
    const sids = new Set(token.map(sidFromBytes));
    const ours = new Set(await securityGroupsOf(db, personId));
    const certain = new Set(await securityGroupsOf(db, personId, { foreign: false }));
    // A group that the admin's own filter leaves out counts here, and what it leads to, and not with us: that is meant.
    const told = directory.settings.groupFilter ? new Set([...sids].filter((sid) => ours.has(sid))) : sids;
    const difference = differenceOf(told, ours, directory.domainSid, certain);
    return difference && { person: { ...person, domain: directory.domain }, difference };
  } finally {
    connection.close();
  }
}
