/**
 * Takes a directory away, in one transaction: from its commit on its people are nobody, what they hold is over, and its groups give nothing.
 * The rows stay, because the audit log and old grants speak of them; connected again, the domain is the same directory and its people are the
 * same people. What was over stays over: everybody signs in anew.
 */
import { type AuditEntry, record } from '#lib/audit/record.ts';
import type { Tx } from '#lib/db/database.ts';
import type { Touch } from '#lib/db/topics.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import { breakItsLease, endCredentials } from '../mutations.ts';
import { deriveMemberships } from '../plan/foreign-members.ts';
import type { Directory } from '../types.ts';

export interface Disconnecting {
  readonly directory: Pick<Directory, 'id' | 'domain'>;
  readonly actor: AuditEntry['actor'];
  readonly evidenceAt: Date;
}

export interface Disconnected {
  readonly people: number;
  readonly groups: number;
}

const reason = 'directory disconnected';

export async function disconnectDirectory(tx: Tx, touch: Touch, { directory, actor, evidenceAt }: Disconnecting): Promise<Disconnected> {
  const { id, domain } = directory;
  await breakItsLease(tx, id);
  const holders = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM person p WHERE directory_id = ${id} AND deleted_at IS NULL AND (
      EXISTS (SELECT 1 FROM portal_session s WHERE s.person_id = p.id AND s.ended_at IS NULL)
      OR EXISTS (SELECT 1 FROM credential c WHERE c.person_id = p.id AND c.revoked_at IS NULL))`;
  const people = await tx.$executeRaw`
    UPDATE person SET deleted_at = now(), state = 'deleted', state_since = now(), updated_at = now() WHERE directory_id = ${id} AND deleted_at IS NULL`;
  for (const { id: personId } of holders) await revoke(tx, touch, { kind: 'person', personId, reason, evidenceAt });
  await endCredentials(
    tx,
    touch,
    holders.map(({ id: personId }) => personId),
    reason,
  );
  await tx.$executeRaw`
    DELETE FROM membership m WHERE m.group_id IN (SELECT g.id FROM directory_group g WHERE g.directory_id = ${id})
      OR m.member_id IN (SELECT p.id FROM person p WHERE p.directory_id = ${id})`;
  await tx.$executeRaw`DELETE FROM foreign_member m USING directory_group g WHERE g.id = m.group_id AND g.directory_id = ${id}`;
  const groups = await tx.$executeRaw`
    UPDATE directory_group SET deleted_at = now(), updated_at = now() WHERE directory_id = ${id} AND deleted_at IS NULL`;
  await tx.$executeRaw`UPDATE directory SET removed_at = now(), state = 'new', state_detail = NULL, held = NULL, approved = NULL, read_asked_at = NULL, removals_approved_at = NULL WHERE id = ${id}`;
  await tx.$executeRaw`DELETE FROM directory_secret WHERE directory_id = ${id}`;
  await tx.$executeRaw`DELETE FROM domain_controller WHERE directory_id = ${id}`;
  await deriveMemberships(tx, touch, actor, evidenceAt);
  await record(tx, {
    event: 'directory.disconnected',
    actor,
    subject: { kind: 'directory', id, name: domain },
    detail: { people, groups, heldSomething: holders.length },
  });
  touch('directory', id);
  return { people, groups };
}
