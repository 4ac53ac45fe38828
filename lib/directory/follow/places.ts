/** How a follower comes to its place: as the leader, by its last cookie or by a complete read; or beside the leader, from now on. */
import { record } from '#lib/audit/record.ts';
import { changing } from '#lib/db/database.ts';
import { requireController, requireDirectory } from '../data.ts';
import { noteResumed } from '../history/history.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import { highestUsn, readDomain, type ServerIdentity } from '../ldap/domain.ts';
import {
  forgetBeside,
  saveChangeMode,
  saveDomainFacts,
  saveFullRead,
  setControllerState,
  setDirectoryState,
  settleAsked,
} from '../mutations.ts';
import { rowsOfAll } from '../plan/operation.ts';
import { observeEverything } from '../read/observe.ts';
import type { Directory } from '../types.ts';
import { chooseMode } from './changes.ts';
import { notFound } from './deletions.ts';
import { aboutDirectory, noteFollowing } from './directory-state.ts';
import { readTouchedObjects } from './filtered-read.ts';
import { writeNewcomers } from './newcomers.ts';
import { type Access, openOneMore } from './same-controller.ts';
import { canResume, type Ground, openStance, positionOf, type Stance } from './stance.ts';
import { type Taking, take } from './take.ts';

const probeTimeoutMs = 3_000;

/** Null when there is nothing to resume: then everything is read. */
export async function resumeLead(ground: Ground, identity: ServerIdentity): Promise<Stance | null> {
  const { db, directoryId, controllerId, lease } = ground;
  const row = await requireController(db, directoryId, controllerId);
  if (!canResume(row, identity) || !row.fullReadAt) return null;
  const directory = await requireDirectory(db, directoryId);
  const byCookie = row.changeMode === 'usn' || row.changeMode === null ? 'dirsync' : row.changeMode;
  const mode = row.cookie ? (row.seesDeleted ? 'dirsync-with-tombstones' : byCookie) : 'usn';
  await changing(db, async (tx, touch) => {
    await lease.requireHeld(tx);
    await setControllerState(tx, touch, controllerId, 'following', null);
    if (directory.state !== 'held') await noteFollowing(tx, directory);
    await noteResumed(tx, ground, mode);
  });
  // Older than where the server stands, so that the first pass drains what happened while nobody followed.
  const usn = (row.highestUsn ?? 0n) - (row.cookie ? 1n : 0n);
  return openStance({ identity, leads: true, mode, cookie: row.cookie, usn, fullReadAt: row.fullReadAt });
}

/**
 * A cookie of a second place stands for nothing that was written; so it leads only after a complete read. It goes on where it stood before, or
 * another worker's did, since what it heard of in between nobody else may know; the first time it begins at now.
 */
export async function takeSecondPlace(ground: Ground, connection: LdapConnection, identity: ServerIdentity): Promise<Stance> {
  const { db, directoryId, controllerId, lease } = ground;
  const { baseDn } = await requireDirectory(db, directoryId);
  const { beside } = await requireController(db, directoryId, controllerId);
  const now = await highestUsn(connection, probeTimeoutMs);
  const isStillGood = beside !== null && beside.invocationId === identity.invocationId && BigInt(beside.usn) <= now;
  const at = isStillGood
    ? { mode: beside.mode, usn: BigInt(beside.usn) - 1n, cookie: beside.cookie === null ? null : Buffer.from(beside.cookie, 'base64') }
    : { usn: now, ...(await chooseMode(connection, baseDn)) };
  await changing(db, async (tx, touch) => {
    await lease.requireHeld(tx);
    await setControllerState(tx, touch, controllerId, 'following', 'follows beside another domain controller');
    await saveChangeMode(tx, controllerId, at.mode);
    if (!isStillGood) await forgetBeside(tx, controllerId);
  });
  return openStance({ identity, leads: false, fullReadAt: new Date(), ...at });
}

/** The cookie is taken before the read: what changes during it is told afterwards, once more at worst. */
export async function readAndLead(
  ground: Ground,
  connection: LdapConnection,
  access: Access,
  removalsApproved: boolean,
  heardOf: ReadonlySet<string>,
): Promise<{ stance: Stance; wasHeld: boolean; unknown: readonly string[] }> {
  const { db, log, directoryId, controllerId, lease, url, onProgress } = ground;
  const { identity } = access;
  const { state: before } = await requireDirectory(db, directoryId);
  await changing(db, async (tx, touch) => {
    await lease.requireHeld(tx);
    await setControllerState(tx, touch, controllerId, 'reading', null);
    if (before === 'new') await setDirectoryState(tx, directoryId, 'reading', null);
  });
  const facts = await readDomain(connection, identity);
  await changing(db, async (tx, touch) => {
    await saveDomainFacts(tx, touch, directoryId, facts);
    await lease.requireHeld(tx);
  });
  const directory = await requireDirectory(db, directoryId);

  const began = new Date();
  const usn = await highestUsn(connection, probeTimeoutMs);
  const { mode, cookie } = await chooseMode(connection, directory.baseDn);
  onProgress({ text: `Reading ${directory.domain}` });
  const other = await openForGroups(ground, directory, access);
  const newcomers = directory.takenInAt === null ? writeNewcomers(ground, directory) : null;
  const observation = await observeEverything(db, connection, directory, onProgress, {
    forGroups: other ?? connection,
    ...(newcomers ? { onPeople: newcomers.note } : {}),
  })
    .finally(() => other?.close())
    .catch(async (error: unknown) => {
      await newcomers?.end({ isWhole: false });
      throw error;
    });
  await newcomers?.end({ isWhole: true });
  const references = connection.references + (other?.references ?? 0);
  const { people, groups } = observation;
  onProgress({ text: `Writing ${people.length} accounts and ${groups.length} groups` });

  const stance = openStance({ identity, leads: true, mode, cookie, usn, fullReadAt: began });
  const position = { ...positionOf(stance, usn, began), readsAll: true };
  const { operations, held } = await take(ground, {
    directory,
    stance,
    connection,
    observation,
    position,
    evidenceAt: began,
    removalsApproved,
    heardOf,
  });
  await askAgain(ground, { directory, stance, connection, heardOf, usn, removalsApproved });
  const unknown = groups.filter(({ memberGuids }) => memberGuids === null);
  if (unknown.length > 0)
    log.error({ url, groups: unknown.map(({ dn }) => dn) }, 'the members of some groups could not be read completely');
  if (references > 0) log.warn({ url, references }, 'references to other servers were not followed');
  const told = {
    accounts: people.length,
    groups: groups.length,
    groupsOfUnknownMembership: unknown.length,
    referencesNotFollowed: references,
    operations: rowsOfAll(operations),
    seconds: (Date.now() - began.getTime()) / 1_000,
  };
  const isBelieved = held.length === 0;
  await changing(db, async (tx, touch) => {
    await lease.requireHeld(tx);
    await record(tx, aboutDirectory('directory.read', directory, told));
    await saveFullRead(tx, touch, { directoryId, controllerId, began, isBelieved });
    if (isBelieved) await noteFollowing(tx, directory);
    await settleAsked(tx, directoryId, { began, held: !isBelieved });
  });
  log.info({ url, mode, ...told }, 'the directory was read completely');
  return { stance, wasHeld: !isBelieved, unknown: unknown.map(({ objectGuid }) => objectGuid) };
}

/** Groups are read beside the people: both sides then have something to do for two. Where that cannot be, they are read one after the other. */
async function openForGroups(ground: Ground, directory: Directory, access: Access): Promise<LdapConnection | null> {
  try {
    return await openOneMore(ground, directory, access);
  } catch (error) {
    ground.log.warn(
      { err: error, url: ground.url },
      'a second connection was not to be had; people and groups are read one after the other',
    );
    return null;
  }
}

/** Of whom something was heard during the read, the read said nothing; and what came between its USN and its cookie no drain tells either. */
async function askAgain(
  ground: Ground,
  {
    directory,
    stance,
    connection,
    heardOf,
    usn,
    removalsApproved,
  }: Pick<Taking, 'directory' | 'stance' | 'connection' | 'removalsApproved'> & { heardOf: ReadonlySet<string>; usn: bigint },
): Promise<void> {
  if (heardOf.size === 0) return;
  const evidenceAt = new Date();
  const touched = { guids: [...heardOf], links: [], linksAreTold: true };
  const { people, outside, gone: unfound } = await readTouchedObjects(ground.db, connection, directory, touched);
  const gone = notFound(unfound);
  const observation = { kind: 'delta' as const, people, groups: [], links: [], gone, outside };
  const position = positionOf(stance, usn, evidenceAt);
  await take(ground, { directory, stance, connection, observation, position, evidenceAt, removalsApproved });
}
