// What the worker found when it looked at a cluster last. One row a cluster, written over; it is for people to read and decides nothing.
import type { Database } from '#lib/db/database.ts';
import type { ServerCertificate } from './schema.ts';

export function readHealthRow(db: Database, clusterId: string) {
  return db.prisma.clusterHealth.findUnique({ where: { clusterId } });
}

export async function writeReached(db: Database, clusterId: string, latencyMs: number): Promise<void> {
  await db.sql.query(
    `INSERT INTO cluster_health (cluster_id, looked_at, reached_at, latency_ms) VALUES ($1, now(), now(), $2)
     ON CONFLICT (cluster_id) DO UPDATE SET looked_at = now(), reached_at = now(), latency_ms = $2, failures = 0, next_try_at = NULL, message = NULL,
       stranger_uid = NULL`,
    [clusterId, Math.round(latencyMs)],
  );
}

export interface Failure {
  readonly failures: number;
  readonly retryInMs: number;
  readonly message: string;
  readonly strangerUid: string | null;
}

export async function writeFailure(db: Database, clusterId: string, { failures, retryInMs, message, strangerUid }: Failure): Promise<void> {
  await db.sql.query(
    `INSERT INTO cluster_health (cluster_id, looked_at, failures, next_try_at, message, stranger_uid)
     VALUES ($1, now(), $2, now() + make_interval(secs => $3), $4, $5)
     ON CONFLICT (cluster_id) DO UPDATE SET looked_at = now(), failures = $2, next_try_at = now() + make_interval(secs => $3), message = $4, stranger_uid = $5`,
    [clusterId, failures, retryInMs / 1_000, message.slice(0, 500), strangerUid],
  );
}

export async function writeCertificate(db: Database, clusterId: string, certificate: ServerCertificate): Promise<void> {
  await db.sql.query(
    `INSERT INTO cluster_health (cluster_id, certificate, certificate_at) VALUES ($1, $2, now())
     ON CONFLICT (cluster_id) DO UPDATE SET certificate = $2, certificate_at = now()`,
    [clusterId, JSON.stringify(certificate)],
  );
}

/** Doors that live and have not read as far as this change yet. */
export async function countDoorsBehind(db: Database, seq: bigint): Promise<number> {
  const { rows } = await db.sql.query<{ behind: number }>(
    `SELECT count(*)::int AS behind FROM replica
     WHERE role = 'proxy' AND stopped_at IS NULL AND beat_at > now() - interval '10 seconds' AND seq < $1`,
    [seq.toString()],
  );
  return rows[0]?.behind ?? 0;
}
