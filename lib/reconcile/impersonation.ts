/**
 * By which words the door's account acts as people in one cluster: classic, or constrained where the server has it. Chosen by what a
 * self-test showed, never by a version, and changed so that nobody loses access on the way: first both wordings stand together; when the
 * cluster lets our account through in the new words, the mode is written down; then the old words go, and with classic ones the hole in
 * the ceiling. The way back is the same, and is taken within seconds when a server stops to know constrained impersonation.
 */
import { type ClusterClient, createClusterClient } from '#lib/cluster/client.ts';
import { ClusterError } from '#lib/cluster/cluster-error.ts';
import { openDoorToken, type ReconcilerAccess, readClusterRow, readSelfTest } from '#lib/cluster/data.ts';
import { setImpersonationMode } from '#lib/cluster/mutations.ts';
import { probeName } from '#lib/cluster/names.ts';
import { actingAs, type ImpersonationMode, type Wording } from '#lib/cluster/powers.ts';
import { proveCluster } from '#lib/cluster/proof.ts';
import { eventually } from '#lib/cluster/self-test.ts';
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import type { World } from '#lib/entitlement/world.ts';
import type { Log } from '#lib/log/log.ts';

export interface ImpersonationOptions {
  readonly db: Database;
  readonly world: World;
  readonly openingKey: OpeningKey;
  readonly log: Log;
  readonly clusterId: string;
}

export interface Impersonation {
  wording(): Wording;
  /** The words in which the door has to be let through before a name counts as known. */
  mode(): ImpersonationMode;
  /** The cluster's row or its self-test may be another now. */
  reload(): Promise<void>;
  /** After each round: changes over once the cluster is in step, and runs the self-test when it is due. True: another round is due at once. */
  settle(inStep: boolean): Promise<boolean>;
  /** Tries whether constrained impersonation still works. True: it does not, and another round is due at once. */
  hasFailed(): Promise<boolean>;
  close(): Promise<void>;
}

const testEveryMs = 24 * 60 * 60_000;
/** What failed is looked at again sooner, so that it clears by itself once somebody has mended it. */
const testFailedEveryMs = 10 * 60_000;

export async function createImpersonation(options: ImpersonationOptions, address: ReconcilerAccess['address']): Promise<Impersonation> {
  const { db, world, openingKey, log, clusterId } = options;
  const probe = probeName(world.installation.id);
  let current: ImpersonationMode = 'classic';
  let constrainedWorks: boolean | null = null;
  let nextTestAt = 0;
  /** API servers of one cluster that do not agree would have us go back and forth. */
  let notAgainBefore = 0;
  let door: ClusterClient | null = null;

  async function doorClient(): Promise<ClusterClient> {
    door ??= createClusterClient(address, { kind: 'token', token: await openDoorToken(db, openingKey, clusterId) });
    return door;
  }

  async function dropDoor(): Promise<void> {
    const open = door;
    door = null;
    await open?.close();
  }

  async function reload(): Promise<void> {
    const [row, tested] = await Promise.all([readClusterRow(db, clusterId), readSelfTest(db, clusterId)]);
    current = row?.mode === 'constrained' ? 'constrained' : 'classic';
    constrainedWorks = tested?.constrained ?? null;
    // What proved the classic way says nothing yet of the ceiling; what failed in the other mode need not be shown at once again in this one.
    const proven = tested !== null && (current === 'classic' || tested.mode === 'constrained');
    nextTestAt = proven ? tested.testedAt.getTime() + (tested.outcome === 'failed' ? testFailedEveryMs : testEveryMs) : 0;
    await dropDoor();
  }

  function wording(): Wording {
    if (current === 'classic') return constrainedWorks === true && Date.now() >= notAgainBefore ? 'both' : 'classic';
    return constrainedWorks === false ? 'both' : 'constrained';
  }

  async function test(): Promise<void> {
    try {
      await proveCluster({ db, world, openingKey }, clusterId, null);
      await reload();
    } catch (error) {
      // The door's credential may be over; the cluster is kept in step all the same, with the reconciler's.
      if (!(error instanceof ClusterError)) throw error;
      nextTestAt = Date.now() + testFailedEveryMs;
      log.warn({ err: error, cluster: clusterId }, 'the self-test of a cluster could not be run');
    }
    if (current === 'constrained' && constrainedWorks === false)
      log.warn({ cluster: clusterId }, 'the cluster does not know constrained impersonation any more; back to the classic way');
  }

  async function changeOver(): Promise<boolean> {
    const next: ImpersonationMode = current === 'classic' ? 'constrained' : 'classic';
    if (!(await eventually(() => letsThrough(next)).catch(unlessItIsTheClusters))) return false;
    if (next === 'classic') notAgainBefore = Date.now() + testEveryMs;
    await setImpersonationMode(db, { id: clusterId, name: world.cluster(clusterId)?.name ?? clusterId }, next);
    log.info({ cluster: clusterId, mode: next }, 'the door acts as people in other words there now');
    await reload();
    return true;
  }

  async function letsThrough(mode: ImpersonationMode): Promise<boolean> {
    const client = await doorClient();
    return (await client.mayI(actingAs(mode, 'users', probe))) && (await client.mayI(actingAs(mode, 'groups', 'system:authenticated')));
  }

  function unlessItIsTheClusters(error: unknown): false {
    if (!(error instanceof ClusterError)) throw error;
    log.warn({ err: error, cluster: clusterId }, 'the door’s account could not be asked what it may do');
    return false;
  }

  async function letsProbeThrough(): Promise<boolean> {
    try {
      return await (await doorClient()).mayReadAs({ user: probe, group: probe }, 'Namespace', 'kube-system');
    } catch (error) {
      // No answer is no refusal.
      if (error instanceof ClusterError) return true;
      throw error;
    }
  }

  await reload();
  return {
    wording,
    mode: () => current,
    reload,
    async settle(inStep) {
      if (wording() === 'both') return inStep && changeOver();
      if (Date.now() < nextTestAt) return false;
      await test();
      return wording() === 'both';
    },
    async hasFailed() {
      if (current !== 'constrained' || constrainedWorks === false) return false;
      if (await letsProbeThrough()) return false;
      await test();
      return wording() === 'both';
    },
    close: dropDoor,
  };
}
