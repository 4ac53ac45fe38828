/** Every write to what break-glass keeps. The worker's alone: the portal may read all of it but the envelopes, and write none of it. */
import { type Actor, record } from '#lib/audit/record.ts';
import type { Tx } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import type { Touch } from '#lib/db/topics.ts';
import { fault } from '#lib/errors/fault.ts';
import { accountsMax } from './account-state.ts';

export const sessionMinutes = 60;

type Account = { readonly id: string; readonly name: string };
type ByPerson = { readonly kind: 'person'; readonly id: string; readonly name: string };

export interface NewAccount extends Account {
  readonly sealed: Buffer;
  readonly by: ByPerson;
}

export async function makeAccount(tx: Tx, touch: Touch, { id, name, sealed, by }: NewAccount): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gatehouse break-glass accounts'))`;
  const living = await tx.$queryRaw<{ name: string }[]>`SELECT name FROM break_glass_account WHERE ended_at IS NULL`;
  if (living.some((other) => other.name === name))
    throw fault('conflict', 'break-glass.name-taken', 'There is an account of this name. Choose another, or make that one anew.');
  if (living.length >= accountsMax)
    throw fault(
      'conflict',
      'break-glass.enough',
      `There are ${accountsMax} accounts, and more would only be more to guard. End one first.`,
    );
  await tx.$executeRaw`INSERT INTO break_glass_account (id, name, made_by) VALUES (${id}, ${name}, ${by.id})`;
  await tx.$executeRaw`INSERT INTO break_glass_verifier (account_id, sealed) VALUES (${id}, ${sealed})`;
  await record(tx, { event: 'break-glass.made', actor: by, subject: subjectOf({ id, name }) });
  touch('break-glass', id);
}

/** The old password and codes are worth nothing from here on, and whoever came in by them is out. */
export async function makeAccountAnew(tx: Tx, touch: Touch, { id, name, sealed, by }: NewAccount): Promise<void> {
  const renewed = await tx.$executeRaw`
    UPDATE break_glass_account SET made_at = now(), made_by = ${by.id}, enrolled_at = NULL, used_at = NULL WHERE id = ${id} AND ended_at IS NULL`;
  if (renewed === 0) throw noSuchAccount();
  await tx.$executeRaw`UPDATE break_glass_verifier SET sealed = ${sealed}, last_step = 0 WHERE account_id = ${id}`;
  await endSessionsOf(tx, touch, id, 'the account was made anew', by);
  await record(tx, { event: 'break-glass.made-anew', actor: by, subject: subjectOf({ id, name }) });
  touch('break-glass', id);
}

/** False when this code was taken before: each is good once. */
export async function takeStep(tx: Tx, accountId: string, step: number): Promise<boolean> {
  const taken = await tx.$executeRaw`
    UPDATE break_glass_verifier SET last_step = ${step}::bigint WHERE account_id = ${accountId} AND last_step < ${step}::bigint`;
  return taken === 1;
}

export async function confirmAccount(tx: Tx, touch: Touch, account: Account, by: ByPerson): Promise<void> {
  const done =
    await tx.$executeRaw`UPDATE break_glass_account SET enrolled_at = now() WHERE id = ${account.id} AND ended_at IS NULL AND enrolled_at IS NULL`;
  if (done === 0) throw fault('conflict', 'break-glass.confirmed', 'This account is confirmed already, or was ended.');
  await record(tx, { event: 'break-glass.enrolled', actor: by, subject: subjectOf(account) });
  touch('break-glass', account.id);
}

export interface NewSession {
  readonly account: Account;
  readonly secretHash: Buffer;
  readonly address: string | null;
  readonly userAgent: string | null;
}

/** The use and everything that tells of it commit together: there is no session that nobody could have heard of. */
export async function startBreakGlassSession(
  tx: Tx,
  touch: Touch,
  { account, secretHash, address, userAgent }: NewSession,
): Promise<{ id: string; expiresAt: Date }> {
  const used = await tx.$executeRaw`
    UPDATE break_glass_account SET used_at = coalesce(used_at, now()), last_used_at = now()
    WHERE id = ${account.id} AND ended_at IS NULL AND enrolled_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM break_glass_switch WHERE off_at IS NOT NULL)`;
  if (used === 0) throw noSuchAccount();
  const id = newId('bs');
  const [row] = await tx.$queryRaw<{ expires_at: Date }[]>`
    INSERT INTO break_glass_session (id, account_id, secret_hash, expires_at, address, user_agent)
    VALUES (${id}, ${account.id}, ${secretHash}, now() + make_interval(mins => ${sessionMinutes}::int), ${address}, ${userAgent})
    RETURNING expires_at`;
  if (!row) throw new Error('the session was not written');
  await tx.$executeRaw`INSERT INTO break_glass_alert (id, kind, account_id, address) VALUES (${newId('ba')}, 'used', ${account.id}, ${address})`;
  await record(tx, {
    event: 'break-glass.used',
    actor: { kind: 'break-glass', ...account },
    subject: { kind: 'session', id, name: userAgent?.slice(0, 120) ?? 'a browser' },
    detail: { address },
  });
  touch('break-glass', `used:${account.id}`);
  return { id, expiresAt: row.expires_at };
}

export interface Refusal {
  readonly account: Account | null;
  readonly reason: string;
  readonly address: string | null;
}

/** What was typed is not recorded: it may be a password in the wrong field. */
export async function noteRefusal(tx: Tx, touch: Touch, { account, reason, address }: Refusal): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO break_glass_alert (id, kind, account_id, address) VALUES (${newId('ba')}, 'refused', ${account?.id ?? null}, ${address})
    ON CONFLICT (coalesce(account_id, '')) WHERE kind = 'refused' AND acknowledged_at IS NULL
    DO UPDATE SET times = break_glass_alert.times + 1, last_at = now(), address = EXCLUDED.address`;
  await record(tx, {
    event: 'break-glass.refused',
    actor: { kind: 'anonymous', name: address ?? undefined },
    subject: account ? subjectOf(account) : undefined,
    detail: { reason },
  });
  touch('break-glass', `refused:${account?.id ?? 'nobody'}`);
}

export async function storeVerifier(tx: Tx, accountId: string, sealed: Buffer): Promise<void> {
  await tx.$executeRaw`UPDATE break_glass_verifier SET sealed = ${sealed} WHERE account_id = ${accountId}`;
}

export async function endAccount(tx: Tx, touch: Touch, accountId: string, reason: string, by: ByPerson): Promise<number> {
  const [ended] = await tx.$queryRaw<Account[]>`
    UPDATE break_glass_account SET ended_at = now(), end_reason = ${reason} WHERE id = ${accountId} AND ended_at IS NULL RETURNING id, name`;
  if (!ended) throw noSuchAccount();
  await tx.$executeRaw`DELETE FROM break_glass_verifier WHERE account_id = ${accountId}`;
  const sessions = await endSessionsOf(tx, touch, accountId, 'the account was ended', by);
  await record(tx, { event: 'break-glass.ended', actor: by, subject: subjectOf(ended), detail: { reason, sessions } });
  touch('break-glass', accountId);
  return sessions;
}

export async function switchBreakGlass(tx: Tx, touch: Touch, on: boolean, by: ByPerson): Promise<number> {
  const changed = on
    ? await tx.$executeRaw`UPDATE break_glass_switch SET off_at = NULL, off_by = NULL WHERE off_at IS NOT NULL`
    : await tx.$executeRaw`UPDATE break_glass_switch SET off_at = now(), off_by = ${by.id} WHERE off_at IS NULL`;
  if (changed === 0) return 0;
  const sessions = on ? 0 : await endSessionsOf(tx, touch, null, 'break-glass was switched off', by);
  await record(tx, { event: on ? 'break-glass.switched-on' : 'break-glass.switched-off', actor: by, detail: on ? {} : { sessions } });
  touch('break-glass', 'switch');
  return sessions;
}

export async function acknowledgeAlert(tx: Tx, touch: Touch, alertId: string, by: ByPerson): Promise<void> {
  const [seen] = await tx.$queryRaw<{ kind: string; times: number; account_id: string | null; name: string | null }[]>`
    UPDATE break_glass_alert t SET acknowledged_at = now(), acknowledged_by = ${by.id} WHERE id = ${alertId} AND acknowledged_at IS NULL
    RETURNING t.kind, t.times, t.account_id, (SELECT a.name FROM break_glass_account a WHERE a.id = t.account_id) AS name`;
  if (!seen) throw fault('not-found', 'break-glass.no-such-alert', 'There is no such alert, or somebody has acknowledged it already.');
  const subject = seen.account_id && seen.name ? subjectOf({ id: seen.account_id, name: seen.name }) : undefined;
  await record(tx, { event: 'break-glass.acknowledged', actor: by, subject, detail: { what: seen.kind, times: seen.times } });
  touch('break-glass', alertId);
}

/** Its holder leaves. False when it was over already. */
export async function endBreakGlassSession(tx: Tx, touch: Touch, sessionId: string, reason: string): Promise<boolean> {
  const [ended] = await tx.$queryRaw<Account[]>`
    UPDATE break_glass_session s SET ended_at = now(), end_reason = ${reason} FROM break_glass_account a
    WHERE s.id = ${sessionId} AND s.ended_at IS NULL AND a.id = s.account_id RETURNING a.id, a.name`;
  if (!ended) return false;
  await noteEnd(tx, touch, { id: sessionId, account: ended }, reason, { kind: 'break-glass', ...ended });
  return true;
}

/** Of one account, or of all of them. */
export async function endSessionsOf(tx: Tx, touch: Touch, accountId: string | null, reason: string, by: Actor): Promise<number> {
  const ended = await tx.$queryRaw<{ session: string; id: string; name: string }[]>`
    UPDATE break_glass_session s SET ended_at = now(), end_reason = ${reason} FROM break_glass_account a
    WHERE s.ended_at IS NULL AND s.expires_at > now() AND a.id = s.account_id AND (${accountId}::text IS NULL OR s.account_id = ${accountId})
    RETURNING s.id AS session, a.id, a.name`;
  for (const { session, ...account } of ended) await noteEnd(tx, touch, { id: session, account }, reason, by);
  return ended.length;
}

async function noteEnd(tx: Tx, touch: Touch, session: { id: string; account: Account }, reason: string, by: Actor): Promise<void> {
  const detail = { account: session.account.name, reason };
  await record(tx, {
    event: 'break-glass.session-ended',
    actor: by,
    subject: { kind: 'session', id: session.id, name: 'break-glass session' },
    detail,
  });
  touch('session', session.id);
}

export function noSuchAccount() {
  return fault('not-found', 'break-glass.no-such-account', 'There is no such break-glass account, or it was ended.');
}

function subjectOf({ id, name }: Account) {
  return { kind: 'break-glass', id, name };
}
