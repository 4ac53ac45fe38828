// Rows as the API shows them. Nothing sealed passes here: these functions never see such a row.
import { X509Certificate } from 'node:crypto';
import type { Cluster, ClusterNamespace, ClusterStatus } from '#lib/db/generated/client.ts';
import type { ClusterState, NamespaceView, StatusState } from './schema.ts';

type StatusNumbers = Omit<ClusterStatus, 'lastPlan' | 'powers'>;

export function summaryOf(row: Cluster, status: StatusNumbers | undefined, namespaces: number) {
  return {
    id: row.id,
    name: row.name,
    title: row.title,
    labels: row.labels as Record<string, string>,
    serverUrl: row.serverUrl,
    version: row.version,
    state: row.state as ClusterState,
    stateDetail: row.stateDetail,
    stateSince: row.stateSince,
    strict: row.strict,
    mode: row.mode as 'classic' | 'constrained',
    registeredAt: row.registeredAt,
    removedAt: row.removedAt,
    namespaces,
    status: statusOf(status),
  };
}

export function statusOf(status: StatusNumbers | undefined) {
  return {
    state: (status?.state ?? 'waiting') as StatusState,
    message: status?.message ?? null,
    desiredSeq: Number(status?.desiredSeq ?? 0),
    convergedSeq: Number(status?.convergedSeq ?? 0),
    convergedAt: status?.convergedAt ?? null,
    objects: status?.objects ?? 0,
    mended: status?.mended ?? 0,
    checkedAt: status?.checkedAt ?? null,
  };
}

export function namespaceViewOf(row: ClusterNamespace, project: NamespaceView['project']): NamespaceView {
  return {
    name: row.name,
    labels: row.labels as Record<string, string>,
    phase: row.phase,
    project,
    quota: row.quota as NamespaceView['quota'],
  };
}

/** So that an administrator can compare with the cluster's own. */
export function caFingerprint(caPem: string): string {
  try {
    return new X509Certificate(caPem).fingerprint256;
  } catch {
    return 'not readable';
  }
}
