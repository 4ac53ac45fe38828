/**
 * What a replica says about a revocation: from when on it refused, and what it cut, when. Written once per revocation and replica; the set
 * of these is the receipt. A replica that starts says it for whatever is still unreceipted: its first picture of the world already held it.
 */
import type { Database } from '#lib/db/database.ts';

export interface CutFact {
  readonly stream: string;
  readonly kind: string;
  readonly personId: string;
  readonly credentialId: string;
  readonly clusterId: string;
  /** What it was open on. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly reason: string;
  readonly at: string;
}

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly person_id: string | null;
  readonly credential_id: string | null;
  readonly cluster_id: string | null;
}

export async function acknowledge(
  db: Database,
  {
    replicaId,
    revocationIds,
    refusedFrom,
    cuts,
  }: { replicaId: string; revocationIds: readonly string[]; refusedFrom: Date; cuts: readonly CutFact[] },
): Promise<void> {
  if (revocationIds.length === 0) return;
  const { rows } = await db.sql.query<Row>('SELECT id, kind, person_id, credential_id, cluster_id FROM revocation WHERE id = ANY($1)', [
    revocationIds,
  ]);
  const acks = rows.map((row) => ({ id: row.id, cut: cuts.filter((cut) => isOf(row, cut)) }));
  await db.sql.query(
    `INSERT INTO revocation_ack (revocation_id, replica_id, refused_from, cut)
     SELECT a.id, $1, $2, a.cut FROM jsonb_to_recordset($3::jsonb) AS a(id text, cut jsonb) ON CONFLICT DO NOTHING`,
    [replicaId, refusedFrom, JSON.stringify(acks)],
  );
}

export async function acknowledgeWhatStands(db: Database, replicaId: string, refusedFrom: Date): Promise<void> {
  await db.sql.query(
    `INSERT INTO revocation_ack (revocation_id, replica_id, refused_from)
     SELECT id, $1, $2 FROM revocation WHERE receipt_at IS NULL ON CONFLICT DO NOTHING`,
    [replicaId, refusedFrom],
  );
}

function isOf(row: Row, cut: CutFact): boolean {
  if (row.kind === 'person') return cut.personId === row.person_id;
  if (row.kind === 'credential') return cut.credentialId === row.credential_id;
  if (row.kind === 'cluster') return cut.clusterId === row.cluster_id;
  return (row.person_id === null || cut.personId === row.person_id) && (row.cluster_id === null || cut.clusterId === row.cluster_id);
}
