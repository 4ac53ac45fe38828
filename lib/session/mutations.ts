import { randomBytes } from 'node:crypto';
import { type Actor, record } from '#lib/audit/record.ts';
import type { Tx } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import type { Touch } from '#lib/db/topics.ts';
import { absoluteHours, sessionHash } from './data.ts';

export type NewSession = {
  readonly hashKey: Buffer;
  readonly person: { readonly id: string; readonly name: string };
  readonly address: string | null;
  readonly userAgent: string | null;
};

/** The secret is told once, to the browser; here only its keyed hash stays. */
export async function startSession(
  tx: Tx,
  touch: Touch,
  { hashKey, person, address, userAgent }: NewSession,
): Promise<{ id: string; secret: string }> {
  const id = newId('s');
  const secret = randomBytes(32).toString('base64url');
  await tx.$executeRaw`
    INSERT INTO portal_session (id, secret_hash, person_id, expires_at, address, user_agent)
    VALUES (${id}, ${sessionHash(hashKey, secret)}, ${person.id}, now() + make_interval(hours => ${absoluteHours}::int), ${address}, ${userAgent?.slice(0, 300) ?? null})`;
  await record(tx, {
    event: 'session.started',
    actor: { kind: 'person', id: person.id, name: person.name },
    subject: { kind: 'session', id, name: userAgent?.slice(0, 120) ?? 'a browser' },
    detail: { address },
  });
  touch('session', id);
  return { id, secret };
}

/** False when it was over already, or is not that person's. */
export async function endSession(tx: Tx, touch: Touch, id: string, personId: string, reason: string, actor: Actor): Promise<boolean> {
  const ended =
    await tx.$executeRaw`UPDATE portal_session SET ended_at = now(), end_reason = ${reason} WHERE id = ${id} AND person_id = ${personId} AND ended_at IS NULL`;
  if (ended === 0) return false;
  await record(tx, { event: 'session.ended', actor, subject: { kind: 'session', id, name: 'portal session' }, detail: { reason } });
  touch('session', id);
  return true;
}
