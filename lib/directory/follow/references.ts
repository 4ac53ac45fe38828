/**
 * Answers that pointed at another server, in complete reads and in every search between them. None is followed; that there are any is told,
 * since a part of the directory then lies where we do not look.
 */
import { record } from '#lib/audit/record.ts';
import { changing } from '#lib/db/database.ts';
import { requireDirectory } from '../data.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import { setControllerState } from '../mutations.ts';
import { aboutDirectory } from './directory-state.ts';
import type { Ground } from './stance.ts';

export interface ReferenceWatch {
  look(connection: LdapConnection): Promise<void>;
}

/** A server that points elsewhere does so in every answer: it is counted each time, and told once an hour. */
const toldEveryMs = 3_600_000;

export function createReferenceWatch(ground: Ground): ReferenceWatch {
  let counted: { connection: LdapConnection; references: number } | null = null;
  let toldAt = Number.NEGATIVE_INFINITY;
  return {
    async look(connection) {
      const before = counted?.connection === connection ? counted.references : 0;
      const { references } = connection;
      if (references === before) return;
      counted = { connection, references };
      if (performance.now() - toldAt < toldEveryMs) return;
      toldAt = performance.now();
      const { db, log, lease, url, controllerId, directoryId } = ground;
      log.error({ url, references }, 'a domain controller points at other servers; they are not followed');
      const directory = await requireDirectory(db, directoryId);
      await changing(db, async (tx, touch) => {
        await lease.requireHeld(tx);
        const sentence = `It pointed at another server ${references} times. That is never followed; a part of this directory may not be seen here.`;
        await setControllerState(tx, touch, controllerId, 'following', sentence);
        await record(tx, aboutDirectory('directory.referred', directory, { controller: url, references }));
      });
    },
  };
}
