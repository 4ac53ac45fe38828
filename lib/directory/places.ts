/** How a follower comes to its place: as the leader, by its last cookie or by a complete read; or beside the leader, from now on. */
import { record } from '#lib/audit/record.ts';
import { changing } from '#lib/db/database.ts';
import { chooseMode } from './changes.ts';
import { loadLivingGuids, requireController, requireDirectory } from './data.ts';
import { aboutDirectory, noteFollowing } from './directory-state.ts';
import type { LdapConnection } from './ldap/connection.ts';
import { highestUsn, readDomain, type ServerIdentity } from './ldap/domain.ts';
import { saveDomainFacts, setControllerState, setDirectoryState } from './mutations.ts';
import { readEverything, readObjects, type WholeRead } from './read.ts';
import { canResume, type Ground, openStance, positionOf, type Stance } from './stance.ts';
import { take } from './take.ts';

const probeTimeoutMs = 3_000;
/** More than this is not looked for one by one: what lacks so many is the shrink guard's to judge. */
const missedMax = 10_000;

/** Null when there is nothing to resume: then everything is read. */
export async function resumeLead({ db, directoryId, controllerId }: Ground, identity: ServerIdentity): Promise<Stance | null> {
  const row = await requireController(db, directoryId, controllerId);
  if (!canResume(row, identity) || !row.fullReadAt) return null;
  const directory = await requireDirectory(db, directoryId);
  await changing(db, async (tx, touch) => {
    await setControllerState(tx, touch, controllerId, 'following', null);
    if (directory.state !== 'held') await noteFollowing(tx, directory);
  });
  const mode = row.cookie ? (row.seesDeleted ? 'dirsync-with-tombstones' : 'dirsync') : 'usn';
  // Older than where the server stands, so that the first pass drains what happened while nobody followed.
  const usn = (row.highestUsn ?? 0n) - (row.cookie ? 1n : 0n);
  return openStance({ identity, leads: true, mode, cookie: row.cookie, usn, fullReadAt: row.fullReadAt });
}

/** A cookie of a second place stands for nothing that was written; so it begins at now, and leads only after a complete read. */
export async function takeSecondPlace(
  { db, directoryId, controllerId }: Ground,
  connection: LdapConnection,
  identity: ServerIdentity,
): Promise<Stance> {
  const { baseDn } = await requireDirectory(db, directoryId);
  const usn = await highestUsn(connection, probeTimeoutMs);
  const { mode, cookie } = await chooseMode(connection, baseDn);
  await changing(db, async (tx, touch) => {
    await setControllerState(tx, touch, controllerId, 'following', 'follows beside another domain controller');
  });
  return openStance({ identity, leads: false, mode, cookie, usn, fullReadAt: new Date() });
}

/** The cookie is taken before the read: what changes during it is told afterwards, once more at worst. */
export async function readAndLead(
  ground: Ground,
  connection: LdapConnection,
  identity: ServerIdentity,
  removalsApproved: boolean,
): Promise<{ stance: Stance; wasHeld: boolean }> {
  const { db, log, directoryId, controllerId, url, onProgress } = ground;
  const { state: before } = await requireDirectory(db, directoryId);
  await changing(db, async (tx, touch) => {
    await setControllerState(tx, touch, controllerId, 'reading', null);
    if (before === 'new') await setDirectoryState(tx, directoryId, 'reading', null);
  });
  const facts = await readDomain(connection, identity);
  await changing(db, (tx, touch) => saveDomainFacts(tx, touch, directoryId, facts));
  const directory = await requireDirectory(db, directoryId);

  const began = new Date();
  const usn = await highestUsn(connection, probeTimeoutMs);
  const { mode, cookie } = await chooseMode(connection, directory.baseDn);
  onProgress({ text: `Reading ${directory.domain}` });
  const read = await readEverything(connection, directory.baseDn, directory.domainSid, onProgress);
  const missed = await findMissed(ground, connection, directory.baseDn, read);
  const [people, groups] = [
    [...read.people, ...missed.people],
    [...read.groups, ...missed.groups],
  ];
  onProgress({ text: `Writing ${people.length} accounts and ${groups.length} groups` });

  const stance = openStance({ identity, leads: true, mode, cookie, usn, fullReadAt: began });
  const position = { ...positionOf(stance, usn, began), fullReadAt: began };
  const observation = { kind: 'complete', people, groups, links: [], gone: [] } as const;
  const { operations, held } = await take(ground, { directory, stance, observation, position, evidenceAt: began, removalsApproved });
  const unknown = groups.filter(({ memberGuids }) => memberGuids === null);
  if (unknown.length > 0)
    log.error({ url, groups: unknown.map(({ dn }) => dn) }, 'the members of some groups could not be read completely');
  if (connection.references > 0) log.warn({ url, references: connection.references }, 'references to other servers were not followed');
  const told = {
    accounts: people.length,
    groups: groups.length,
    groupsOfUnknownMembership: unknown.length,
    referencesNotFollowed: connection.references,
    operations: operations.length,
    seconds: (Date.now() - began.getTime()) / 1_000,
  };
  await changing(db, async (tx) => {
    await record(tx, aboutDirectory('directory.read', directory, told));
    if (held.length === 0) await noteFollowing(tx, directory);
  });
  log.info({ url, mode, ...told }, 'the directory was read completely');
  return { stance, wasHeld: held.length > 0 };
}

/** Whom we know and the pages did not show, though they are there: an object that moves while it is read can fall between two pages. */
async function findMissed({ db, directoryId }: Ground, connection: LdapConnection, baseDn: string, read: WholeRead): Promise<WholeRead> {
  const shown = new Set([...read.people, ...read.groups].map(({ objectGuid }) => objectGuid));
  const absent = new Set((await loadLivingGuids(db, directoryId)).filter((guid) => !shown.has(guid)));
  if (absent.size === 0 || absent.size > missedMax) return { people: [], groups: [] };
  const { people, groups } = await readObjects(connection, baseDn, [...absent], { members: true });
  const wasAbsent = ({ objectGuid }: { readonly objectGuid: string }) => absent.has(objectGuid);
  return { people: people.filter(wasAbsent), groups: groups.filter(wasAbsent) };
}
