import type { Tx } from '#lib/db/database.ts';
import type { Prisma } from '#lib/db/generated/client.ts';
import { newId } from '#lib/db/ids.ts';
import type { Touch } from '#lib/db/topics.ts';

export type RevocationKind = 'person' | 'credential' | 'session' | 'binding' | 'cluster' | 'role' | 'membership';

export interface Revocation {
  readonly kind: RevocationKind;
  readonly personId?: string | undefined;
  readonly credentialId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly clusterId?: string | undefined;
  readonly reason: string;
  /** The moment from which latency is counted: when we could first have known. */
  readonly evidenceAt: Date;
  readonly detail?: Prisma.InputJsonObject | undefined;
}

/**
 * Writes that something is over, and ends the portal sessions it covers, in the caller's transaction. Every door reads it from the change
 * feed, cuts, and acknowledges; the receipt is the set of acknowledgements. Kept small and alone: a revocation must not wait for bulk work.
 */
export async function revoke(tx: Tx, touch: Touch, revocation: Revocation): Promise<string> {
  const id = newId('rv');
  const sessionsEnded = await endSessions(tx, touch, revocation);
  await tx.$executeRaw`
    INSERT INTO revocation (id, kind, person_id, credential_id, session_id, cluster_id, reason, detail, evidence_at, sessions_ended)
    VALUES (${id}, ${revocation.kind}, ${revocation.personId ?? null}, ${revocation.credentialId ?? null}, ${revocation.sessionId ?? null},
      ${revocation.clusterId ?? null}, ${revocation.reason}, ${JSON.stringify(revocation.detail ?? {})}::jsonb, ${revocation.evidenceAt}, ${sessionsEnded})`;
  touch('revocation', id);
  return id;
}

async function endSessions(tx: Tx, touch: Touch, { kind, personId, sessionId, reason }: Revocation): Promise<number> {
  if (kind !== 'person' && kind !== 'session') return 0;
  const ended = await tx.$queryRaw<{ id: string }[]>`
    UPDATE portal_session SET ended_at = now(), end_reason = ${reason}
    WHERE ended_at IS NULL AND (person_id = ${personId ?? null} OR id = ${sessionId ?? null}) RETURNING id`;
  for (const { id } of ended) touch('session', id);
  return ended.length;
}
