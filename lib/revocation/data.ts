/** Receipts: what the doors acknowledged of a revocation, put together. */
import type { Database } from '#lib/db/database.ts';

export type ReceiptRow = {
  readonly id: string;
  readonly kind: string;
  readonly personId: string | null;
  readonly personName: string | null;
  readonly clusterId: string | null;
  readonly reason: string;
  readonly evidenceAt: Date;
  readonly receiptAt: Date | null;
  readonly sessionsEnded: number;
  readonly acks: { readonly refusedFrom: string; readonly cut: readonly unknown[] }[];
};

const replicaLiveSeconds = 10;

export async function receipts(
  db: Database,
  { personId, limit }: { readonly personId?: string; readonly limit: number },
): Promise<ReceiptRow[]> {
  const { rows } = await db.sql.query<ReceiptRow>(
    `SELECT r.id, r.kind, r.person_id AS "personId", coalesce(p.display_name, p.upn) AS "personName", r.cluster_id AS "clusterId", r.reason, r.evidence_at AS "evidenceAt",
       r.receipt_at AS "receiptAt", r.sessions_ended AS "sessionsEnded",
       coalesce((SELECT jsonb_agg(jsonb_build_object('refusedFrom', a.refused_from, 'cut', a.cut)) FROM revocation_ack a WHERE a.revocation_id = r.id), '[]') AS acks
     FROM revocation r LEFT JOIN person p ON p.id = r.person_id WHERE $1::text IS NULL OR r.person_id = $1 ORDER BY r.created_at DESC LIMIT $2`,
    [personId ?? null, limit],
  );
  return rows;
}

export type LiveReplica = {
  readonly id: string;
  readonly role: 'portal' | 'proxy' | 'worker';
  readonly host: string;
  readonly startedAt: Date;
  readonly beatAt: Date;
  readonly live: boolean;
  readonly streams: readonly unknown[];
};

/** Processes that beat lately; `live` as receipts count it. */
export async function replicas(db: Database): Promise<LiveReplica[]> {
  const { rows } = await db.sql.query<LiveReplica>(
    `SELECT id, role, host, started_at AS "startedAt", beat_at AS "beatAt", streams, beat_at > now() - make_interval(secs => $1) AS live
     FROM replica WHERE stopped_at IS NULL AND beat_at > now() - interval '1 hour' ORDER BY role, started_at`,
    [replicaLiveSeconds],
  );
  return rows;
}
