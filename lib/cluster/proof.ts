/**
 * The self-test of a registered cluster, from its rows to the row that tells how it went. Run by the reconciler, who holds the cluster, and by
 * any worker whom an admin asks.
 */
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import type { World } from '#lib/entitlement/types.ts';
import { ceilingPermits } from './ceiling.ts';
import { createClusterClient } from './client.ts';
import { ClusterError, clusterFault } from './cluster-error.ts';
import { openDoorToken, openReconcilerAccess, readClusterRow } from './data.ts';
import { noSuchCluster, writeSelfTest } from './mutations.ts';
import type { ImpersonationMode } from './powers.ts';
import { failuresIn, type Proof, proveAccounts } from './self-test.ts';

export interface Proving {
  readonly db: Database;
  readonly world: World;
  readonly openingKey: OpeningKey;
}

export async function proveCluster({ db, world, openingKey }: Proving, clusterId: string, askerId: string | null): Promise<Proof> {
  const row = await readClusterRow(db, clusterId);
  if (!row || row.state === 'removed') throw noSuchCluster();
  const access = await openReconcilerAccess(db, openingKey, clusterId);
  const door = createClusterClient(access.address, { kind: 'token', token: await openDoorToken(db, openingKey, clusterId) });
  const reconciler = createClusterClient(access.address, { kind: 'token', token: access.token });
  const mode = row.mode as ImpersonationMode;
  try {
    const proof = await proveAccounts(door, reconciler, {
      installationId: world.installation.id,
      mode,
      strict: row.strict,
      secretsWithinReach: ceilingPermits(world, clusterId, { verb: 'get', apiGroup: '', resource: 'secrets' }, 'kube-system', new Date()),
    });
    await writeSelfTest(db, {
      cluster: row,
      mode,
      ...proof,
      outcome: failuresIn(proof.checks).length === 0 ? 'passed' : 'failed',
      askerId,
    });
    return proof;
  } finally {
    await Promise.all([door.close(), reconciler.close()]);
  }
}

/** On demand: a cluster that cannot be asked is told in public words, and the last result stays what it was. */
export async function proveForAsker(proving: Proving, clusterId: string, askerId: string | null) {
  try {
    const { checks } = await proveCluster(proving, clusterId, askerId);
    const failures = failuresIn(checks);
    return { outcome: failures.length === 0 ? ('passed' as const) : ('failed' as const), checks: checks.length, failures };
  } catch (error) {
    const row = error instanceof ClusterError ? await readClusterRow(proving.db, clusterId) : null;
    throw error instanceof ClusterError ? clusterFault(error, row?.serverUrl ?? 'the cluster') : error;
  }
}
