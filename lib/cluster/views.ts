// Rows as the API shows them. Nothing sealed passes here: these functions never see such a row.
import type { Cluster, ClusterNamespace, ClusterSelfTest, ClusterStatus } from '#lib/db/generated/client.ts';
import type { SelfTestView } from './powers-schema.ts';
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

export function selfTestOf({ testedAt, since, outcome, mode, constrained, checks }: ClusterSelfTest) {
  return {
    testedAt,
    since,
    outcome: outcome as SelfTestView['outcome'],
    mode: mode as SelfTestView['mode'],
    constrained,
    checks: checks as unknown as SelfTestView['checks'],
  };
}
