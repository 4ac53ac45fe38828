/**
 * Deletions that a domain controller hides from us, where our account may not see tombstones: those who could act at this moment are looked
 * up again soon after anything happened, everybody else more rarely. Finding nobody by a search is a question; read.ts asks for the answer.
 *
 * An account that sees tombstones may still lack the right to read a single one, and nobody says so: there, those who could act are looked up
 * once a minute, a few at a time, so that no drain waits for it.
 */
import type { Database } from '#lib/db/database.ts';
import { loadGuidsWithLivingAccess, loadLivingGuids } from '../data.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import { findGone, readPresent } from '../read/read.ts';
import type { Directory, Gone } from '../types.ts';
import type { Stance } from './stance.ts';

const livingCheckEveryMs = 3_000;
const presenceCheckEveryMs = 6_000;
/** Looking for everybody may cost the domain controller one part in so many of its time. */
const presenceShare = 50;
const silentCheckEveryMs = 60_000;
const silentAtOnce = 200;

/** Looked for by GUID, and answered that there is none. */
export function notFound(guids: readonly string[]): Gone[] {
  return guids.map((objectGuid) => ({ objectGuid, evidence: 'not-found' }));
}

export async function findHiddenDeletions(
  db: Database,
  connection: LdapConnection,
  directory: Directory,
  stance: Stance,
  began: Date,
): Promise<Gone[]> {
  const missing = new Set<string>();
  const now = performance.now();
  const { livingCheck, presenceCheck, usn } = stance;
  if (livingCheck.usn !== usn && now >= livingCheck.dueAt) {
    for (const guid of await findGone(connection, directory.baseDn, await loadGuidsWithLivingAccess(db, directory.id))) missing.add(guid);
    stance.livingCheck = { at: began, usn, dueAt: now + livingCheckEveryMs };
  }
  if (presenceCheck.usn !== usn && now >= presenceCheck.dueAt) {
    const present = await readPresent(connection, directory.baseDn);
    const absent = (await loadLivingGuids(db, directory.id)).filter((guid) => !present.has(guid));
    for (const guid of await findGone(connection, directory.baseDn, absent)) missing.add(guid);
    stance.presenceCheck = { at: began, usn, dueAt: now + Math.max(presenceCheckEveryMs, (performance.now() - now) * presenceShare) };
  }
  return notFound([...missing]);
}

export async function findSilentDeletions(db: Database, connection: LdapConnection, directory: Directory, stance: Stance): Promise<Gone[]> {
  const { usn, silentCheck } = stance;
  if (silentCheck.waiting.length === 0) {
    if (silentCheck.usn === usn || performance.now() < silentCheck.dueAt) return [];
    const waiting = await loadGuidsWithLivingAccess(db, directory.id);
    stance.silentCheck = { usn, dueAt: performance.now() + silentCheckEveryMs, waiting };
  }
  const some = stance.silentCheck.waiting.splice(0, silentAtOnce);
  return notFound(await findGone(connection, directory.baseDn, some));
}
