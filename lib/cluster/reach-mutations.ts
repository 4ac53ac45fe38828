// Writes of how a cluster is reached, and of a rebuilt one taking the place of the registered.
import { askerAsActor } from '#lib/audit/asker.ts';
import { record } from '#lib/audit/record.ts';
import { changing, type Database } from '#lib/db/database.ts';
import type { Touch } from '#lib/db/topics.ts';
import { fault } from '#lib/errors/fault.ts';
import { authoritiesIn } from './authorities.ts';
import { noSuchCluster } from './mutations.ts';
import type { ClusterAddress } from './way.ts';

export interface AddressChange {
  readonly cluster: { readonly id: string; readonly name: string };
  readonly before: ClusterAddress;
  readonly after: ClusterAddress;
  readonly version: string;
  readonly askerId: string | null;
}

export async function replaceAddress(db: Database, { cluster, before, after, version, askerId }: AddressChange): Promise<void> {
  await changing(db, async (tx, touch) => {
    // What was tried live was made from `before`: if somebody else changed it meanwhile, it was not tried.
    const { count } = await tx.cluster.updateMany({
      where: { id: cluster.id, NOT: { state: 'removed' }, ...columnsOf(before) },
      data: { ...columnsOf(after), version },
    });
    if (count === 0)
      throw fault(
        'conflict',
        'cluster.changed-meanwhile',
        'Somebody else changed how this cluster is reached just now. Look at it and try again.',
      );
    await record(tx, {
      event: 'cluster.reach-changed',
      actor: await askerAsActor(tx, askerId),
      subject: { kind: 'cluster', ...cluster },
      clusterId: cluster.id,
      detail: { before: shown(before), after: shown(after) },
    });
    touch('cluster', cluster.id);
  });
}

export interface Rebuilt {
  readonly cluster: { readonly id: string; readonly name: string; readonly kubeSystemUid: string };
  readonly kubeSystemUid: string;
  readonly version: string;
  readonly askerId: string | null;
}

/**
 * Another cluster takes the place of the registered: nothing that was known of the old one counts for it, and every name must arrive there
 * anew. It stays closed (`wrong-cluster`), so that doors refuse and cut: nobody speaks to the two as if they were one. Returns the number of
 * the change that says so.
 */
export async function takeAsNew(db: Database, { cluster, kubeSystemUid, version, askerId }: Rebuilt): Promise<bigint> {
  const { id, name } = cluster;
  await changing(db, async (tx, touch: Touch) => {
    const { count } = await tx.cluster.updateMany({
      where: { id, kubeSystemUid: cluster.kubeSystemUid, NOT: { state: 'removed' } },
      data: {
        kubeSystemUid,
        version,
        mode: 'classic',
        state: 'wrong-cluster',
        stateDetail: 'The rebuilt cluster is being taken over.',
        stateSince: new Date(),
      },
    });
    if (count === 0) throw noSuchCluster();
    await tx.clusterEntry.deleteMany({ where: { clusterId: id } });
    await tx.observedObject.deleteMany({ where: { clusterId: id } });
    await tx.clusterNamespace.deleteMany({ where: { clusterId: id } });
    await tx.clusterHealth.deleteMany({ where: { clusterId: id } });
    await tx.clusterSelfTest.deleteMany({ where: { clusterId: id } });
    await tx.clusterStatus.updateMany({
      where: { clusterId: id },
      data: {
        state: 'waiting',
        message: null,
        desiredSeq: 0n,
        convergedSeq: 0n,
        convergedAt: null,
        objects: 0,
        mended: 0,
        lastPlan: [],
        powers: {},
      },
    });
    await record(tx, {
      event: 'cluster.rebuilt-approved',
      actor: await askerAsActor(tx, askerId),
      subject: { kind: 'cluster', id, name },
      clusterId: id,
      detail: { was: cluster.kubeSystemUid, now: kubeSystemUid, version },
    });
    for (const topic of ['cluster', 'cluster-entry', 'cluster-namespace', 'cluster-status'] as const) touch(topic, id);
  });
  const { rows } = await db.sql.query<{ seq: string }>('SELECT seq FROM change_counter');
  return BigInt(rows[0]?.seq ?? 0);
}

/** Every door has cut what was open to the old one. */
export async function openAsNew(db: Database, clusterId: string): Promise<void> {
  await changing(db, async (tx, touch) => {
    const { count } = await tx.cluster.updateMany({
      where: { id: clusterId, state: 'wrong-cluster' },
      data: { state: 'joining', stateDetail: null, stateSince: new Date() },
    });
    if (count > 0) touch('cluster', clusterId);
  });
}

function columnsOf({ url, serverName, caPem, proxyUrl }: ClusterAddress) {
  return { serverUrl: url, serverName, caPem, proxyUrl: proxyUrl ?? null };
}

function shown({ url, serverName, caPem, proxyUrl }: ClusterAddress) {
  return {
    server: url,
    serverName,
    proxy: proxyUrl ?? null,
    authorities: authoritiesIn(caPem).map(({ subject, fingerprint }) => ({ subject, fingerprint })),
  };
}
