// What a reconcile leaves in Postgres. Each write first asks, in its own transaction, whether this worker still holds the cluster's lease:
// a worker that was stopped for a minute and wakes up writes nothing over its successor's.
import { record } from '#lib/audit/record.ts';
import type { PlanStep, StatusState } from '#lib/cluster/schema.ts';
import { changing, type Database, type Tx } from '#lib/db/database.ts';
import type { Prisma } from '#lib/db/generated/client.ts';
import type { Lease } from '#lib/db/lease.ts';
import type { NamespaceRow, ObservedRow } from './observed.ts';

export interface StatusRow {
  readonly state: StatusState;
  readonly message: string | null;
  readonly desiredSeq: bigint;
  readonly convergedSeq?: bigint;
  readonly objects: number;
  readonly mended: number;
  /** Left out: the last plan stays. */
  readonly lastPlan?: readonly PlanStep[];
  readonly powers?: Prisma.InputJsonObject;
}

export async function writeStatus(db: Database, lease: Lease, clusterId: string, status: StatusRow): Promise<void> {
  await changing(db, async (tx, touch) => {
    await lease.requireHeld(tx);
    await putStatus(tx, clusterId, status);
    touch('cluster-status', clusterId);
  });
}

/** Only the numbers moved on: nobody needs to be woken for it. */
export async function writeSeq(db: Database, lease: Lease, clusterId: string, seq: bigint, converged: boolean): Promise<void> {
  await db.prisma.$transaction(async (tx) => {
    await lease.requireHeld(tx);
    const now = new Date();
    await tx.clusterStatus.updateMany({
      where: { clusterId },
      data: { desiredSeq: seq, checkedAt: now, ...(converged ? { convergedSeq: seq, convergedAt: now } : {}) },
    });
  });
}

async function putStatus(tx: Tx, clusterId: string, { lastPlan, powers, convergedSeq, ...rest }: StatusRow): Promise<void> {
  const now = new Date();
  const data = {
    ...rest,
    checkedAt: now,
    ...(convergedSeq === undefined ? {} : { convergedSeq, convergedAt: now }),
    ...(lastPlan ? { lastPlan: lastPlan as unknown as Prisma.InputJsonArray } : {}),
    ...(powers ? { powers } : {}),
  };
  await tx.clusterStatus.upsert({ where: { clusterId }, create: { clusterId, ...data }, update: data });
}

export interface Mending {
  readonly cluster: { readonly id: string; readonly name: string };
  readonly steps: readonly PlanStep[];
}

export async function recordMending(db: Database, { cluster, steps }: Mending): Promise<void> {
  await changing(db, async (tx) => {
    await record(tx, {
      event: 'cluster.drift-mended',
      actor: { kind: 'system', name: 'reconciler' },
      subject: { kind: 'cluster', id: cluster.id, name: cluster.name },
      clusterId: cluster.id,
      detail: {
        count: steps.length,
        objects: steps.slice(0, 20).map(({ operation, kind, namespace, name, missing, extra }) => ({
          operation,
          object: `${kind} ${namespace ? `${namespace}/` : ''}${name}`,
          missing: missing.slice(0, 10),
          extra: extra.slice(0, 10),
        })),
      },
    });
  });
}

/** Names that the cluster no longer lets the door act as: taken back before the cluster is told, so that nobody is sent into a refusal. */
export async function withdrawEntries(db: Database, lease: Lease, clusterId: string, wireNames: readonly string[]): Promise<void> {
  await changing(db, async (tx, touch) => {
    await lease.requireHeld(tx);
    await tx.clusterEntry.deleteMany({ where: { clusterId, wireName: { in: [...wireNames] } } });
    touch('cluster-entry', clusterId);
  });
}

export async function acknowledgeEntries(
  db: Database,
  lease: Lease,
  clusterId: string,
  people: readonly { wireName: string; personId: string }[],
): Promise<void> {
  await changing(db, async (tx, touch) => {
    await lease.requireHeld(tx);
    await tx.$executeRaw`
      INSERT INTO cluster_entry (cluster_id, wire_name, person_id)
      SELECT ${clusterId}, p.wire_name, p.person_id
      FROM unnest(${people.map(({ wireName }) => wireName)}::text[], ${people.map(({ personId }) => personId)}::text[]) AS p(wire_name, person_id)
      ON CONFLICT (cluster_id, wire_name) DO UPDATE SET person_id = EXCLUDED.person_id, acknowledged_at = now()`;
    touch('cluster-entry', clusterId);
  });
}

export interface ObservedChange {
  readonly put: readonly ObservedRow[];
  readonly drop: readonly { kind: string; namespace: string; name: string }[];
}

export async function writeObserved(db: Database, lease: Lease, clusterId: string, { put, drop }: ObservedChange): Promise<void> {
  await db.prisma.$transaction(async (tx) => {
    await lease.requireHeld(tx);
    await tx.$executeRaw`
      INSERT INTO observed_object (cluster_id, kind, namespace, name, hash, body, seen_at)
      SELECT ${clusterId}, o.kind, o.namespace, o.name, o.hash, o.body, now()
      FROM jsonb_to_recordset(${JSON.stringify(put)}::jsonb) AS o(kind text, namespace text, name text, hash text, body jsonb)
      ON CONFLICT (cluster_id, kind, namespace, name) DO UPDATE SET hash = EXCLUDED.hash, body = EXCLUDED.body, seen_at = now()`;
    await tx.$executeRaw`
      DELETE FROM observed_object AS o USING jsonb_to_recordset(${JSON.stringify(drop)}::jsonb) AS d(kind text, namespace text, name text)
      WHERE o.cluster_id = ${clusterId} AND o.kind = d.kind AND o.namespace = d.namespace AND o.name = d.name`;
  });
}

export interface NamespaceChange {
  readonly put: readonly NamespaceRow[];
  readonly drop: readonly string[];
  /** Names, labels or phases moved, not only what a quota counts: then compiled rights may change too. */
  readonly matters: boolean;
}

export async function writeNamespaces(
  db: Database,
  lease: Lease,
  clusterId: string,
  { put, drop, matters }: NamespaceChange,
): Promise<void> {
  await changing(db, async (tx, touch) => {
    await lease.requireHeld(tx);
    await tx.$executeRaw`
      INSERT INTO cluster_namespace (cluster_id, name, uid, labels, phase, quota, seen_at)
      SELECT ${clusterId}, n.name, n.uid, n.labels, n.phase, NULLIF(n.quota, 'null'::jsonb), now()
      FROM jsonb_to_recordset(${JSON.stringify(put)}::jsonb) AS n(name text, uid text, labels jsonb, phase text, quota jsonb)
      ON CONFLICT (cluster_id, name) DO UPDATE SET uid = EXCLUDED.uid, labels = EXCLUDED.labels, phase = EXCLUDED.phase,
        quota = EXCLUDED.quota, seen_at = now()`;
    await tx.clusterNamespace.deleteMany({ where: { clusterId, name: { in: [...drop] } } });
    if (matters) touch('cluster-namespace', clusterId);
  });
}
