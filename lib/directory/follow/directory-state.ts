/** How a directory's state comes to its row and to the audit log: once at each turn, however often it is said. */
import { type AuditEntry, record } from '#lib/audit/record.ts';
import { changing, type Tx } from '#lib/db/database.ts';
import { saveHeld, setDirectoryState } from '../mutations.ts';
import { describeHeld, type Held } from '../plan/shrink-guard.ts';
import type { Directory } from '../types.ts';
import type { Ground } from './stance.ts';

export function aboutDirectory(
  event: AuditEntry['event'],
  { id, domain }: Pick<Directory, 'id' | 'domain'>,
  detail: AuditEntry['detail'] = {},
): AuditEntry {
  return { event, actor: { kind: 'directory', id, name: domain }, subject: { kind: 'directory', id, name: domain }, detail };
}

export async function noteHeld(
  { db, log, lease }: Pick<Ground, 'db' | 'log' | 'lease'>,
  directory: Directory,
  held: readonly Held[],
): Promise<void> {
  const sentence = describeHeld(held);
  log.error({ directory: directory.domain, held: held.map(({ what, removals, of }) => ({ what, removals, of })) }, sentence);
  await changing(db, async (tx) => {
    await lease.requireHeld(tx);
    const isNews = await setDirectoryState(tx, directory.id, 'held', sentence);
    await saveHeld(tx, directory.id, held);
    if (isNews) await record(tx, aboutDirectory('directory.held', directory, { sentence }));
  });
}

export async function noteFollowing(tx: Tx, directory: Directory): Promise<void> {
  await setDirectoryState(tx, directory.id, 'following', null);
  if (directory.state === 'unreachable') await record(tx, aboutDirectory('directory.recovered', directory));
}

export async function noteOutOfReach(tx: Tx, directory: Directory, someAnswer: boolean): Promise<void> {
  const sentence = someAnswer
    ? 'Those domain controllers that answer do not know yet what another one has told. Cuts go on; everything else waits until they have replicated it, or the other one is back.'
    : 'No domain controller answers. Everybody works on with what was last known, for a bounded time.';
  if (await setDirectoryState(tx, directory.id, 'unreachable', sentence))
    await record(tx, aboutDirectory('directory.unreachable', directory));
}
