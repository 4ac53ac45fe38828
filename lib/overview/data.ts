import type { ServerCertificate } from '#lib/cluster/schema.ts';
import type { Database } from '#lib/db/database.ts';

export type Counts = { readonly people: number; readonly groups: number; readonly credentials: number; readonly sessions: number };

export async function counts(db: Database): Promise<Counts> {
  const { rows } = await db.sql.query<Counts>(
    `SELECT (SELECT count(*)::int FROM person WHERE deleted_at IS NULL) AS people,
       (SELECT count(*)::int FROM directory_group WHERE deleted_at IS NULL) AS groups,
       (SELECT count(*)::int FROM credential WHERE revoked_at IS NULL AND expires_at > now()) AS credentials,
       (SELECT count(*)::int FROM portal_session WHERE ended_at IS NULL AND expires_at > now() AND seen_at > now() - interval '30 minutes') AS sessions`,
  );
  return rows[0] ?? { people: 0, groups: 0, credentials: 0, sessions: 0 };
}

export type ClusterRow = {
  readonly id: string;
  readonly name: string;
  readonly title: string | null;
  readonly labels: Record<string, string>;
  readonly version: string | null;
  readonly state: 'joining' | 'ready' | 'unreachable' | 'credential-invalid' | 'wrong-cluster' | 'removed';
  readonly stateDetail: string | null;
  readonly stateSince: Date;
  readonly syncState: 'waiting' | 'applying' | 'in-step' | 'failed' | 'unreachable';
  readonly message: string | null;
  readonly convergedAt: Date | null;
  readonly checkedAt: Date | null;
  readonly objects: number;
  readonly mended: number;
  readonly namespaces: number;
};

export async function clustersWithStatus(db: Database): Promise<ClusterRow[]> {
  const { rows } = await db.sql.query<ClusterRow>(
    `SELECT c.id, c.name, c.title, c.labels, c.version, c.state, c.state_detail AS "stateDetail", c.state_since AS "stateSince", coalesce(s.state, 'waiting') AS "syncState", s.message,
       s.converged_at AS "convergedAt", s.checked_at AS "checkedAt", coalesce(s.objects, 0) AS objects, coalesce(s.mended, 0) AS mended,
       (SELECT count(*)::int FROM cluster_namespace n WHERE n.cluster_id = c.id) AS namespaces
     FROM cluster c LEFT JOIN cluster_status s ON s.cluster_id = c.id WHERE c.state <> 'removed' ORDER BY c.name`,
  );
  return rows;
}

export type FailedSelfTest = { readonly id: string; readonly name: string; readonly since: Date };

export async function failedSelfTests(db: Database): Promise<FailedSelfTest[]> {
  const { rows } = await db.sql.query<FailedSelfTest>(
    `SELECT c.id, c.name, t.since FROM cluster_self_test t JOIN cluster c ON c.id = t.cluster_id
     WHERE t.outcome = 'failed' AND c.state <> 'removed' ORDER BY c.name`,
  );
  return rows;
}

export async function grantsEndingSoon(db: Database, days: number): Promise<number> {
  const { rows } = await db.sql.query<{ ending: number }>(
    'SELECT count(*)::int AS ending FROM binding WHERE revoked_at IS NULL AND until > now() AND until < now() + make_interval(days => $1)',
    [days],
  );
  return rows[0]?.ending ?? 0;
}

export type CertificatesRow = {
  readonly id: string;
  readonly name: string;
  readonly caPem: string;
  readonly certificate: ServerCertificate | null;
};

export async function clusterCertificates(db: Database): Promise<CertificatesRow[]> {
  const { rows } = await db.sql.query<CertificatesRow>(
    `SELECT c.id, c.name, c.ca_pem AS "caPem", h.certificate
     FROM cluster c LEFT JOIN cluster_health h ON h.cluster_id = c.id WHERE c.state <> 'removed' ORDER BY c.name`,
  );
  return rows;
}
