/**
 * One cluster's loop: while this worker holds the cluster's lease, hold a mirror of what is there, and whenever either side moved, compile,
 * compare, apply. Level-triggered: it never asks what happened, only what is and what should be. A cluster that does not answer waits for
 * itself alone. Before it writes anything it has made sure that this is the cluster it was, by the UID of kube-system.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusterClient, createClusterClient } from '#lib/cluster/client.ts';
import { ClusterError } from '#lib/cluster/cluster-error.ts';
import { openReconcilerAccess, type ReconcilerAccess } from '#lib/cluster/data.ts';
import { setClusterState } from '#lib/cluster/mutations.ts';
import { joinAccount, reconcileLeaseName, systemNamespace } from '#lib/cluster/names.ts';
import { probeCluster } from '#lib/cluster/probe.ts';
import type { ClusterState } from '#lib/cluster/schema.ts';
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { createLease, LeaseLost } from '#lib/db/lease.ts';
import type { World } from '#lib/entitlement/world.ts';
import type { Log } from '#lib/log/log.ts';
import { createLoop } from '#lib/runtime/loop.ts';
import { createConvergence } from './converge.ts';
import { createHealth } from './health.ts';
import { createImpersonation, type Impersonation } from './impersonation.ts';
import { startMirror } from './mirror.ts';

export interface ClusterLoopOptions {
  readonly db: Database;
  readonly world: World;
  readonly openingKey: OpeningKey;
  readonly log: Log;
  readonly workerId: string;
  readonly clusterId: string;
}

export interface ClusterLoop {
  wake(): void;
  /** The cluster's own row changed: its address or our credential may be another now. */
  lookAgain(): void;
  stop(): Promise<void>;
}

const leaseSeconds = 15;
const renewLeaseEveryMs = 4_000;
const standbyMs = 2_000;
const probeEveryMs = 10_000;
const probeInDoubtMs = 1_000;
const lookCloserEveryMs = 60_000;
const never = Number.NEGATIVE_INFINITY;
const recompileEveryMs = 30_000;
const resyncEveryMs = 300_000;
const retryMsMax = 60_000;
/** Changes come in bunches (a directory's delta, a project's dozen objects): wait for the rest of the bunch. */
const settleMs = 40;
const roundsApartMs = 500;
const wrongClusterWaitMs = 30_000;

class WrongCluster extends Error {
  readonly uid: string;
  constructor(uid: string, registered: string) {
    super(`kube-system's UID is ${uid}, not the registered ${registered}`);
    this.uid = uid;
  }
}
class AccessChanged extends Error {}

export function startClusterLoop(options: ClusterLoopOptions): ClusterLoop {
  const { db, world, openingKey, log, workerId, clusterId } = options;
  const health = createHealth(options);
  const lease = createLease(db, { name: reconcileLeaseName(clusterId), holder: workerId, seconds: leaseSeconds });
  let dirty = true;
  let rung = false;
  let accessChanged = false;
  let failedInARow = 0;
  const loop = createLoop(() =>
    run().catch((error: unknown) => log.error({ err: error, cluster: clusterId }, 'the loop of a cluster ended')),
  );

  const wake = () => {
    dirty = true;
    rung = true;
    loop.wake();
  };

  async function run(): Promise<void> {
    while (loop.running) {
      try {
        if (!(await lease.acquire())) {
          await wait(standbyMs);
          continue;
        }
        await serve();
      } catch (error) {
        if (error instanceof AccessChanged || error instanceof LeaseLost) continue;
        failedInARow += 1;
        const retryInMs = error instanceof WrongCluster ? wrongClusterWaitMs : backoffMs();
        await tellFailure(error, retryInMs);
        await wait(retryInMs);
      }
    }
    await lease.release().catch(() => {});
  }

  /** Holds the cluster until something breaks; whatever it is, it is thrown. */
  async function serve(): Promise<void> {
    accessChanged = false;
    const access = await openReconcilerAccess(db, openingKey, clusterId);
    const client = createClusterClient(access.address, { kind: 'token', token: access.token });
    // Beside the work, which may take longer than the lease: a failure shows in `isHeld`.
    const keeping = setInterval(() => void lease.acquire().catch(() => {}), renewLeaseEveryMs);
    try {
      const version = await identify(client);
      const mirror = startMirror({ client, installationId: world.installation.id, log, onChange: wake });
      const impersonation = await createImpersonation(options, access.address);
      const convergence = await createConvergence({ ...options, lease, client, mirror, access, impersonation });
      try {
        dirty = true;
        await attend(client, access, convergence, impersonation, mirror, version);
      } finally {
        await impersonation.close();
        await mirror.stop();
      }
    } finally {
      clearInterval(keeping);
      await client.close();
    }
  }

  async function attend(
    client: ClusterClient,
    access: ReconcilerAccess,
    convergence: Awaited<ReturnType<typeof createConvergence>>,
    impersonation: Impersonation,
    mirror: ReturnType<typeof startMirror>,
    version: string,
  ): Promise<void> {
    const started = performance.now();
    const last = { probe: never, closer: never, compile: 0, resync: started };
    const isDue = (what: keyof typeof last, everyMs: number) => performance.now() - last[what] >= everyMs;
    let failedRounds = 0;
    let retryAt = Number.POSITIVE_INFINITY;
    let notBefore = 0;
    while (loop.running) {
      // Not `dirty`: that stays set while the mirror fills, and waiting on it would spin without ever letting the mirror's answers in.
      rung = false;
      if (!lease.isHeld()) throw new LeaseLost(lease.name);
      if (accessChanged) {
        await requireSameAccess(access);
        await impersonation.reload();
        last.probe = never;
        last.closer = never;
      }
      if (isDue('probe', mirror.failure ? probeInDoubtMs : probeEveryMs)) {
        requireUid(await health.look(client));
        // What somebody took away is put back by the round that is due; only what stays away is the server's own doing.
        if (mirror.ready && !dirty && (await impersonation.hasFailed())) dirty = true;
        last.probe = performance.now();
      }
      if (isDue('closer', lookCloserEveryMs)) {
        await health.lookCloser(access.address, { id: clusterId, name: world.cluster(clusterId)?.name ?? clusterId });
        last.closer = performance.now();
      }
      if (mirror.failure instanceof ClusterError && ['unauthorized', 'untrusted'].includes(mirror.failure.kind)) throw mirror.failure;
      if (isDue('resync', resyncEveryMs) && mirror.ready) {
        const corrections = await mirror.resync();
        if (corrections > 0) log.warn({ cluster: clusterId, corrections }, 'the full resync had to correct the mirror');
        await clearJoiningAway(client, access);
        last.resync = performance.now();
        dirty = true;
      }
      const isTime = dirty || isDue('compile', recompileEveryMs) || performance.now() >= retryAt;
      if (isTime && mirror.ready && performance.now() >= notBefore) {
        await sleep(settleMs);
        dirty = false;
        last.compile = performance.now();
        const inStep = await convergence.round();
        failedInARow = 0;
        await tellState('ready', null, version);
        if (await impersonation.settle(inStep)) dirty = true;
        if (inStep) {
          failedRounds = 0;
          retryAt = Number.POSITIVE_INFINITY;
        } else {
          // What one object cannot have is tried less and less often; a change of anything else need not wait for that.
          failedRounds += 1;
          retryAt = performance.now() + Math.min(500 * 2 ** Math.min(failedRounds, 10), retryMsMax);
          notBefore = performance.now() + roundsApartMs;
        }
      }
      const waitMs = notBefore - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      else if (!rung) await loop.pause(Math.max(0, Math.min(1_000, retryAt - performance.now())));
    }
  }

  async function identify(client: ClusterClient): Promise<string> {
    const { version, kubeSystemUid } = await probeCluster(client);
    requireUid(kubeSystemUid);
    return version;
  }

  function requireUid(uid: string): void {
    const cluster = world.cluster(clusterId);
    if (!cluster || cluster.kubeSystemUid === uid) return;
    throw new WrongCluster(uid, cluster.kubeSystemUid);
  }

  async function requireSameAccess(access: ReconcilerAccess): Promise<void> {
    accessChanged = false;
    const now = await openReconcilerAccess(db, openingKey, clusterId);
    const same =
      now.token === access.token &&
      now.kubeSystemUid === access.kubeSystemUid &&
      now.address.url === access.address.url &&
      now.address.caPem === access.address.caPem &&
      now.address.serverName === access.address.serverName &&
      now.address.proxyUrl === access.address.proxyUrl;
    if (!same) throw new AccessChanged();
  }

  /** What joining by one kubectl apply left behind: a spent code, an account that may nothing any more. */
  async function clearJoiningAway(client: ClusterClient, { joinedAt }: ReconcilerAccess): Promise<void> {
    const hours = (Date.now() - joinedAt.getTime()) / 3_600_000;
    if (hours > 24) return;
    for (const kind of ['Secret', 'ServiceAccount']) await client.remove(kind, joinAccount, { namespace: systemNamespace });
  }

  async function tellFailure(error: unknown, retryInMs: number): Promise<void> {
    const { state, words } = failureOf(error);
    const strangerUid = error instanceof WrongCluster ? error.uid : null;
    await health.failed({ failures: failedInARow, retryInMs, message: words, strangerUid });
    // One failure alone is a restart or a moment's loss; the second is news.
    if (failedInARow < 2 && state === 'unreachable') return;
    log.warn({ err: error, cluster: clusterId, failedInARow }, 'a cluster cannot be kept in step');
    await tellState(state, words);
  }

  async function tellState(state: ClusterState, detail: string | null, version?: string): Promise<void> {
    const cluster = world.cluster(clusterId);
    if (!cluster) return;
    if (cluster.state === state && (version === undefined || cluster.version === version) && state === 'ready') return;
    await setClusterState(db, { id: clusterId, name: cluster.name }, state, detail, version).catch((error: unknown) =>
      log.error({ err: error, cluster: clusterId }, 'the state of a cluster could not be written'),
    );
  }

  function backoffMs(): number {
    return Math.min(500 * 2 ** Math.min(failedInARow, 10), retryMsMax) * (0.75 + Math.random() / 2);
  }

  async function wait(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (loop.running && !accessChanged && performance.now() < until) await sleep(Math.min(200, ms));
  }

  loop.start();

  return {
    wake,
    lookAgain() {
      accessChanged = true;
      wake();
    },
    stop: () => loop.stop(),
  };
}

function failureOf(error: unknown): { state: ClusterState; words: string } {
  if (error instanceof WrongCluster)
    return {
      state: 'wrong-cluster',
      words:
        'Another cluster answers at this address than the one that was registered. Nobody is let through to it and nothing is written there until an administrator has looked.',
    };
  if (!(error instanceof ClusterError)) return { state: 'unreachable', words: 'Something went wrong on our side; see the worker’s log.' };
  if (error.kind === 'unauthorized')
    return { state: 'credential-invalid', words: 'The cluster does not accept our credential any more. Repair it with a kubeconfig.' };
  if (error.kind === 'forbidden')
    return { state: 'credential-invalid', words: 'Our account lacks its rights in the cluster. Repair it with a kubeconfig.' };
  if (error.kind === 'untrusted')
    return {
      state: 'unreachable',
      words:
        'The API server’s certificate does not come from a registered authority, or is over, so nothing is sent to it. If the cluster changed its authority, add the new one.',
    };
  if (error.kind === 'forbidden-address')
    return { state: 'unreachable', words: `Gatehouse does not connect there: ${error.message.slice(0, 200)}.` };
  return { state: 'unreachable', words: `The API server does not answer (${error.message.slice(0, 200)}).` };
}
