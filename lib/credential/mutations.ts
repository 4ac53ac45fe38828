import type { Tx } from '#lib/db/database.ts';
import type { Touch } from '#lib/db/topics.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import { newestOnDevice } from './data.ts';

export interface NewCredential {
  readonly id: string;
  readonly kind: 'kubeconfig' | 'api';
  readonly personId: string;
  readonly deviceId: string | null;
  readonly name: string;
  readonly secretHash: Buffer;
  readonly readOnly: boolean;
  readonly clusterIds: readonly string[] | null;
  readonly namespaces: readonly string[] | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** The old credential of a renewed device is good for this long, should the new one never be used. */
const renewalOverlapMs = 10 * 60_000;

export async function insertCredential(tx: Tx, touch: Touch, made: NewCredential): Promise<void> {
  // Raw, because Prisma knows no difference between no list (everything) and an empty one (nothing, which the table refuses).
  await tx.$executeRaw`
    INSERT INTO credential (id, kind, person_id, device_id, name, secret_hash, read_only, cluster_ids, namespaces, created_at, expires_at)
    VALUES (${made.id}, ${made.kind}, ${made.personId}, ${made.deviceId}, ${made.name}, ${made.secretHash}, ${made.readOnly},
      ${made.clusterIds === null ? null : [...made.clusterIds]}::text[], ${made.namespaces === null ? null : [...made.namespaces]}::text[],
      ${made.createdAt}, ${made.expiresAt})`;
  touch('credential', made.id);
}

/**
 * Downloading again on the same device renews: the old one ends at the new one's first use, or when the overlap is over. Two at once on one
 * device take turns by the lock, and the table holds one living a device by an index of its own. Answers with the former one, if it still lived.
 */
export async function succeedOnDevice(tx: Tx, touch: Touch, made: NewCredential): Promise<string | null> {
  if (made.deviceId === null) return null;
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`credential device ${made.deviceId}`}))`;
  const former = await newestOnDevice(tx, made.personId, made.deviceId);
  if (!former) return null;
  const overlapEnds = new Date(made.createdAt.getTime() + renewalOverlapMs);
  await tx.credential.update({
    where: { id: former.id },
    data: { successorId: made.id, expiresAt: former.expiresAt < overlapEnds ? former.expiresAt : overlapEnds },
  });
  touch('credential', former.id);
  return former.expiresAt > made.createdAt ? former.id : null;
}

/** True when it was living until now. Every door hears of it, cuts what the credential holds open, and acknowledges. */
export async function revokeCredential(
  tx: Tx,
  touch: Touch,
  { id, personId, reason, at }: { id: string; personId: string; reason: string; at: Date },
): Promise<boolean> {
  const { count } = await tx.credential.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at, revokeReason: reason } });
  if (count === 0) return false;
  touch('credential', id);
  await revoke(tx, touch, { kind: 'credential', personId, credentialId: id, reason, evidenceAt: at });
  return true;
}

export async function renameCredential(tx: Tx, touch: Touch, id: string, name: string): Promise<void> {
  await tx.credential.update({ where: { id }, data: { name } });
  touch('credential', id);
}

export interface Use {
  readonly credentialId: string;
  readonly at: Date;
  readonly address: string | null;
  readonly client: string | null;
  /** A stream that is still open, rather than a request: from where and by what stays as it was. */
  readonly held: boolean;
}

/** Many uses in one statement; a late batch never moves the clock back. Rows are locked in one order, so that the batches of two doors cannot wait for each other. */
export async function writeUses(tx: Tx, uses: readonly Use[]): Promise<void> {
  const rows = uses.map(({ credentialId, at, address, client, held }) => ({ id: credentialId, at, address, client, held }));
  await tx.$executeRaw`SELECT FROM credential WHERE id = ANY(${rows.map(({ id }) => id)}) ORDER BY id FOR NO KEY UPDATE`;
  await tx.$executeRaw`
    UPDATE credential c SET last_used_at = u.at,
      last_used_address = CASE WHEN u.held THEN c.last_used_address ELSE u.address END,
      last_used_client = CASE WHEN u.held THEN c.last_used_client ELSE u.client END
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS u(id text, at timestamptz, address text, client text, held boolean)
    WHERE c.id = u.id AND (c.last_used_at IS NULL OR c.last_used_at < u.at)`;
}

/** The first use of a renewed credential ends all those that it took the place of, also when it was renewed twice before it was used once. */
export async function endPredecessors(
  tx: Tx,
  touch: Touch,
  successorId: string,
  at: Date,
): Promise<readonly { id: string; name: string; personId: string }[]> {
  const ended = await tx.$queryRaw<{ id: string; name: string; personId: string }[]>`
    WITH RECURSIVE former AS (
      SELECT id FROM credential WHERE successor_id = ${successorId}
      UNION SELECT c.id FROM credential c JOIN former f ON c.successor_id = f.id
    )
    UPDATE credential SET revoked_at = ${at}, revoke_reason = 'renewed'
    WHERE id IN (SELECT id FROM former) AND revoked_at IS NULL RETURNING id, name, person_id AS "personId"`;
  for (const { id } of ended) touch('credential', id);
  return ended;
}

/** A use that has not been written yet must not be taken for none: batches are seconds late, a door without a database a little more. */
const idleGrace = '1 hour';

export async function revokeIdle(
  tx: Tx,
  touch: Touch,
  { idleDays, limit }: { idleDays: number; limit: number },
): Promise<readonly { id: string; name: string; personId: string; reason: string }[]> {
  const reason = `not used for ${idleDays} ${idleDays === 1 ? 'day' : 'days'}`;
  // What the inner query found may be used before the outer one has its lock: so the outer one asks again.
  const ended = await tx.$queryRaw<{ id: string; name: string; personId: string; at: Date }[]>`
    WITH bound AS (SELECT now() - make_interval(days => ${idleDays}::int) - ${idleGrace}::interval AS at)
    UPDATE credential SET revoked_at = now(), revoke_reason = ${reason}
    WHERE id IN (
        SELECT id FROM credential, bound
        WHERE revoked_at IS NULL AND expires_at > now() AND greatest(created_at, last_used_at) < bound.at
        ORDER BY id LIMIT ${limit}::int)
      AND revoked_at IS NULL AND greatest(created_at, last_used_at) < (SELECT at FROM bound)
    RETURNING id, name, person_id AS "personId", revoked_at AS at`;
  for (const { id, personId, at } of ended) {
    touch('credential', id);
    await revoke(tx, touch, { kind: 'credential', personId, credentialId: id, reason, evidenceAt: at });
  }
  return ended.map(({ id, name, personId }) => ({ id, name, personId, reason }));
}
