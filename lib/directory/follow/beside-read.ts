/**
 * A complete read of a large directory takes a minute, and who is disabled in that minute is out within the second all the same: while it goes
 * on, a second connection to the same domain controller listens as one does that does not lead. It only takes accounts away; of whom it heard,
 * the read says nothing, being older perhaps, and the drain that follows the read says all of it. Where it fails, the read is no worse for it.
 */

import { countLiving, loadLivingGroupsAmong, requireDirectory } from '../data.ts';
import { type LdapConnection, openConnection } from '../ldap/connection.ts';
import { highestUsn, readIdentity } from '../ldap/domain.ts';
import type { Endpoint } from '../ldap/transport.ts';
import { watchedByOwnFilter } from '../read/own-filter.ts';
import type { Directory } from '../types.ts';
import { chooseMode, readTouched, readTouchedSinceUsn } from './changes.ts';
import { readTouchedObjects } from './filtered-read.ts';
import { type Ground, openStance, positionOf, type Stance } from './stance.ts';
import { take } from './take.ts';

const probeEveryMs = 200;
const probeTimeoutMs = 3_000;

export interface Beside {
  readonly endpoint: Endpoint;
  readonly password: string;
  /** Where the follower stood when the read began; null where nobody knows. */
  readonly from: Stance | null;
}

/** `heardOf`: the GUIDs of everybody that something was said about while it was read, as it grows. */
export async function watchingBeside<T>(
  ground: Ground,
  { endpoint, password, from }: Beside,
  read: (heardOf: ReadonlySet<string>) => Promise<T>,
): Promise<T> {
  const directory = await requireDirectory(ground.db, ground.directoryId);
  const heardOf = new Set<string>();
  let reading = true;
  let connection: LdapConnection | null = null;
  const watch = async () => {
    // At the first read there is nobody yet to take anything from.
    if ((await countLiving(ground.db, directory.id)).people === 0) return;
    connection = await openConnection(endpoint);
    await connection.bind(directory.settings.bindDn, password);
    const identity = await readIdentity(connection);
    const { mode, cookie, usn } = from ?? {
      usn: await highestUsn(connection, probeTimeoutMs),
      ...(await chooseMode(connection, directory.baseDn)),
    };
    const stance = openStance({ identity, leads: false, mode, cookie, usn, fullReadAt: new Date() });
    while (reading) {
      await onePass(ground, connection, directory, stance, heardOf);
      await new Promise((resolve) => setTimeout(resolve, probeEveryMs));
    }
  };
  const watched = watch().catch((error: unknown) => {
    if (reading)
      ground.log.warn(
        { err: error, url: ground.url },
        'nobody listens while the directory is read; what changes meanwhile acts afterwards',
      );
  });
  try {
    return await read(heardOf);
  } finally {
    reading = false;
    await watched;
    (connection as LdapConnection | null)?.close();
  }
}

async function onePass(
  ground: Ground,
  connection: LdapConnection,
  directory: Directory,
  stance: Stance,
  heardOf: Set<string>,
): Promise<void> {
  const evidenceAt = new Date();
  const usn = await highestUsn(connection, probeTimeoutMs);
  if (usn === stance.usn) return;
  const touched = await touchedSince(connection, directory, stance);
  stance.usn = usn;
  if (touched.guids.length === 0 && touched.tombstones.length === 0) return;
  for (const guid of [...touched.guids, ...touched.tombstones]) heardOf.add(guid);
  const { people, groups, outside } = await readTouchedObjects(ground.db, connection, directory, touched);
  // Of a group that is deleted meanwhile the read may still tell, with all its members: it goes when that read is taken in, not before and back.
  const groupsGone = await loadLivingGroupsAmong(ground.db, directory.id, touched.tombstones);
  const gone = touched.tombstones.flatMap((objectGuid) =>
    groupsGone.has(objectGuid) ? [] : { objectGuid, evidence: 'tombstone' as const },
  );
  const observation = { kind: 'delta' as const, people, groups, links: [], gone, outside };
  const position = positionOf(stance, usn, evidenceAt);
  await take(ground, { directory, stance, connection, observation, position, evidenceAt, removalsApproved: false });
}

async function touchedSince(connection: LdapConnection, { baseDn, settings }: Directory, stance: Stance) {
  if (stance.mode === 'usn' || !stance.cookie) return readTouchedSinceUsn(connection, baseDn, stance.usn);
  const touched = await readTouched(connection, baseDn, stance.mode, stance.cookie, watchedByOwnFilter(settings));
  stance.cookie = touched.cookie;
  return touched;
}
