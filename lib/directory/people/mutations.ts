import { type Actor, record } from '#lib/audit/record.ts';
import type { Tx } from '#lib/db/database.ts';
import type { Touch } from '#lib/db/topics.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import { type AccountState, accountState } from '../active-directory/account.ts';

export type CutOff = {
  readonly personId: string;
  readonly name: string;
  readonly reason: string;
  readonly actor: Actor;
  readonly evidenceAt: Date;
};

/** An admin's own cut: needs no directory, and no directory lifts it. The credentials end for good; after a lift new ones are issued. */
export async function cutOff(tx: Tx, touch: Touch, { personId, name, reason, actor, evidenceAt }: CutOff) {
  await tx.$executeRaw`UPDATE person SET cut_at = now(), cut_reason = ${reason}, state = 'cut', state_since = now(), updated_at = now() WHERE id = ${personId}`;
  touch('person', personId);
  const ended = await tx.$queryRaw<{ id: string }[]>`
    UPDATE credential SET revoked_at = now(), revoke_reason = 'cut off' WHERE person_id = ${personId} AND revoked_at IS NULL AND expires_at > now() RETURNING id`;
  for (const { id } of ended) touch('credential', id);
  const revocationId = await revoke(tx, touch, { kind: 'person', personId, reason: `cut off by an admin: ${reason}`, evidenceAt });
  await record(tx, {
    event: 'person.cut-off',
    actor,
    subject: { kind: 'person', id: personId, name },
    detail: { reason, revocationId, credentials: ended.length },
  });
  const [revocation] = await tx.$queryRaw<{ sessions_ended: number }[]>`SELECT sessions_ended FROM revocation WHERE id = ${revocationId}`;
  return { revocationId, sessionsEnded: revocation?.sessions_ended ?? 0, credentials: ended.length };
}

type LiftRow = {
  readonly user_account_control: number;
  readonly account_expires_at: Date | null;
  readonly lockout_at: Date | null;
  readonly logon_hours: string | null;
  readonly deleted_at: Date | null;
  readonly out_of_scope: boolean;
  readonly lockout_window_seconds: number | null;
};

/** Back to what the directory says. Null when there was no cut to lift. */
export async function liftCut(
  tx: Tx,
  touch: Touch,
  { personId, name, actor, now }: { personId: string; name: string; actor: Actor; now: Date },
): Promise<AccountState | null> {
  const [row] = await tx.$queryRaw<LiftRow[]>`
    SELECT p.user_account_control, p.account_expires_at, p.lockout_at, p.logon_hours, p.deleted_at, p.out_of_scope,
      coalesce(p.lockout_window_seconds, d.lockout_window_seconds) AS lockout_window_seconds
    FROM person p JOIN directory d ON d.id = p.directory_id WHERE p.id = ${personId} AND p.cut_at IS NOT NULL`;
  if (!row) return null;
  const state = accountState(
    {
      userAccountControl: row.user_account_control,
      accountExpiresAt: row.account_expires_at,
      lockoutAt: row.lockout_at,
      logonHours: row.logon_hours,
      deleted: row.deleted_at !== null,
      outOfScope: row.out_of_scope,
      cut: false,
    },
    row.lockout_window_seconds,
    now,
  );
  await tx.$executeRaw`UPDATE person SET cut_at = NULL, cut_reason = NULL, state = ${state}, state_since = now(), updated_at = now() WHERE id = ${personId}`;
  touch('person', personId);
  await record(tx, { event: 'person.cut-lifted', actor, subject: { kind: 'person', id: personId, name }, detail: { state } });
  return state;
}
