import type { Tx } from '#lib/db/database.ts';
import type { Touch } from '#lib/db/topics.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import { livingOnDevice } from './data.ts';

export interface NewCredential {
  readonly id: string;
  readonly kind: 'kubeconfig' | 'api';
  readonly personId: string;
  readonly deviceId: string | null;
  readonly name: string;
  readonly secretHash: Buffer;
  readonly readOnly: boolean;
  readonly clusterIds: readonly string[] | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** The old credential of a renewed device is good for this long, should the new one never be used. */
const renewalOverlapMs = 10 * 60_000;

export async function insertCredential(tx: Tx, touch: Touch, made: NewCredential): Promise<void> {
  // Raw, because Prisma knows no difference between no list (every cluster) and an empty one.
  await tx.$executeRaw`
    INSERT INTO credential (id, kind, person_id, device_id, name, secret_hash, read_only, cluster_ids, created_at, expires_at)
    VALUES (${made.id}, ${made.kind}, ${made.personId}, ${made.deviceId}, ${made.name}, ${made.secretHash}, ${made.readOnly},
      ${made.clusterIds === null ? null : [...made.clusterIds]}::text[], ${made.createdAt}, ${made.expiresAt})`;
  touch('credential', made.id);
}

/** Downloading again on the same device renews: the old one ends at the new one's first use, or when the overlap is over. */
export async function succeedOnDevice(tx: Tx, touch: Touch, made: NewCredential): Promise<string | null> {
  if (made.deviceId === null) return null;
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`credential device ${made.deviceId}`}))`;
  const former = await livingOnDevice(tx, made.personId, made.deviceId, made.createdAt);
  if (!former || former.id === made.id) return null;
  const overlapEnds = new Date(made.createdAt.getTime() + renewalOverlapMs);
  await tx.credential.update({
    where: { id: former.id },
    data: { successorId: made.id, expiresAt: former.expiresAt < overlapEnds ? former.expiresAt : overlapEnds },
  });
  touch('credential', former.id);
  return former.id;
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
}

/** Many uses in one statement; a late batch never moves the clock back. */
export async function writeUses(tx: Tx, uses: readonly Use[]): Promise<void> {
  const rows = uses.map(({ credentialId, at, address, client }) => ({ id: credentialId, at, address, client }));
  await tx.$executeRaw`
    UPDATE credential c SET last_used_at = u.at, last_used_address = u.address, last_used_client = u.client
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS u(id text, at timestamptz, address text, client text)
    WHERE c.id = u.id AND (c.last_used_at IS NULL OR c.last_used_at < u.at)`;
}

/** The first use of a renewed credential ends the one before it. */
export async function endPredecessors(
  tx: Tx,
  touch: Touch,
  successorId: string,
  at: Date,
): Promise<readonly { id: string; personId: string }[]> {
  const ended = await tx.$queryRaw<{ id: string; personId: string }[]>`
    UPDATE credential SET revoked_at = ${at}, revoke_reason = 'renewed'
    WHERE successor_id = ${successorId} AND revoked_at IS NULL RETURNING id, person_id AS "personId"`;
  for (const { id } of ended) touch('credential', id);
  return ended;
}
