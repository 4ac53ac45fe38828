/**
 * How we know that it happened. The worker waits until every live proxy has acknowledged a revocation and then writes the receipt: one
 * audit event with what was cut, where, and how long it took from the evidence on. A proxy whose heartbeat is older than 10 s counts as
 * dead; its own lease (5 s) ended well before, so it serves nobody.
 */
import { recordAll } from '#lib/audit/record.ts';
import type { Database } from '#lib/db/database.ts';
import type { Change } from '#lib/db/topics.ts';
import type { Log } from '#lib/log/log.ts';
import { createLoop } from '#lib/runtime/loop.ts';
import type { Service } from '#lib/runtime/service.ts';

const lookEveryMs = 1_000;
const lookAgainMs = 50;
const deadAfterSeconds = 10;

export interface Receipts extends Service {
  /** A revocation is on its way: look now, and often until it has its receipt. */
  onChanges(changes: readonly Change[]): void;
}

interface Ready {
  readonly id: string;
  readonly kind: string;
  readonly person_id: string | null;
  readonly person_name: string | null;
  readonly credential_id: string | null;
  readonly session_id: string | null;
  readonly cluster_id: string | null;
  readonly reason: string;
  readonly sessions_ended: number;
  readonly latency_ms: number;
  readonly acks: readonly { readonly replica: string; readonly refusedFrom: string; readonly cut: readonly object[] }[];
}

export function createReceipts({ db, log }: { db: Database; log: Log }): Receipts {
  const loop = createLoop(follow);
  let woken = false;

  async function follow(): Promise<void> {
    while (loop.running) {
      woken = false;
      let waiting = 0;
      try {
        await writeReceipts(db);
        waiting = await countWaiting(db);
      } catch (error) {
        log.warn({ err: error }, 'writing receipts failed; tried again');
      }
      if (!woken) await loop.pause(waiting > 0 ? lookAgainMs : lookEveryMs);
    }
  }

  return {
    name: 'receipts',
    onChanges(changes) {
      if (!changes.some(({ topic }) => topic === 'revocation')) return;
      woken = true;
      loop.wake();
    },
    async start() {
      loop.start();
    },
    stop: () => loop.stop(),
  };
}

async function countWaiting(db: Database): Promise<number> {
  const { rows } = await db.sql.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM revocation WHERE receipt_at IS NULL AND created_at > now() - interval '30 seconds'`,
  );
  return rows[0]?.n ?? 0;
}

/** Takes the receipt and records it in one transaction, so that two workers write one event. */
export async function writeReceipts(db: Database): Promise<number> {
  return db.prisma.$transaction(async (tx) => {
    const ready = await tx.$queryRaw<Ready[]>`
      WITH live AS (
        SELECT id FROM replica WHERE role = 'proxy' AND stopped_at IS NULL AND beat_at > now() - make_interval(secs => ${deadAfterSeconds})
      ), complete AS (
        SELECT r.id FROM revocation r
        WHERE r.receipt_at IS NULL AND NOT EXISTS (
          SELECT 1 FROM live l WHERE NOT EXISTS (SELECT 1 FROM revocation_ack a WHERE a.revocation_id = r.id AND a.replica_id = l.id))
        ORDER BY r.created_at LIMIT 500 FOR UPDATE OF r SKIP LOCKED
      ), taken AS (
        UPDATE revocation r SET receipt_at = clock_timestamp() FROM complete c WHERE r.id = c.id RETURNING r.*
      )
      SELECT t.id, t.kind, t.person_id, p.display_name AS person_name, t.credential_id, t.session_id, t.cluster_id, t.reason, t.sessions_ended,
        extract(epoch FROM coalesce(max(a.refused_from), t.receipt_at) - t.evidence_at)::float8 * 1000 AS latency_ms,
        coalesce(jsonb_agg(jsonb_build_object('replica', a.replica_id, 'refusedFrom', a.refused_from, 'cut', a.cut))
          FILTER (WHERE a.replica_id IS NOT NULL), '[]') AS acks
      FROM taken t LEFT JOIN revocation_ack a ON a.revocation_id = t.id LEFT JOIN person p ON p.id = t.person_id
      GROUP BY t.id, t.kind, t.person_id, p.display_name, t.credential_id, t.session_id, t.cluster_id, t.reason, t.sessions_ended, t.receipt_at, t.evidence_at`;
    await recordAll(
      tx,
      ready.map((receipt) => ({
        event: 'access.cut' as const,
        actor: { kind: 'system' as const, name: 'receipts' },
        subject: subjectOf(receipt),
        clusterId: receipt.cluster_id ?? undefined,
        detail: {
          revocationId: receipt.id,
          kind: receipt.kind,
          reason: receipt.reason,
          latencyMs: Math.max(0, Math.round(receipt.latency_ms)),
          sessionsEnded: receipt.sessions_ended,
          streamsCut: receipt.acks.reduce((sum, { cut }) => sum + cut.length, 0),
          replicas: receipt.acks.map(({ replica, refusedFrom, cut }) => ({ replica, refusedFrom, cut: cut as never })),
        },
      })),
    );
    return ready.length;
  });
}

function subjectOf(receipt: Ready): { kind: string; id: string; name: string } {
  if (receipt.kind === 'credential' && receipt.credential_id)
    return { kind: 'credential', id: receipt.credential_id, name: receipt.credential_id };
  if (receipt.person_id) return { kind: 'person', id: receipt.person_id, name: receipt.person_name ?? receipt.person_id };
  const id = receipt.cluster_id ?? receipt.session_id ?? receipt.id;
  return { kind: receipt.kind, id, name: id };
}
