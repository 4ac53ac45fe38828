/** What is left of a directory that was disconnected. */
import type { Tx } from '#lib/db/database.ts';

/** The directory of that domain that was disconnected before; null when there is none. */
export async function findDisconnected(tx: Tx, domain: string): Promise<string | null> {
  const [row] = await tx.$queryRaw<{ id: string }[]>`SELECT id FROM directory WHERE domain = ${domain} AND removed_at IS NOT NULL`;
  return row?.id ?? null;
}

/** Whether the directory had people before its first read began. */
export async function wasConnectedBefore(tx: Tx, directoryId: string): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM audit_event WHERE event = 'directory.disconnected' AND subject_id = ${directoryId} LIMIT 1`;
  return rows.length > 0;
}
