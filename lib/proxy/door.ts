/**
 * The door put together: what it consists of, and how it starts, hears of changes and stops. Its story and the table of steps stand in
 * `pipeline.ts`; the socket is in `listener.ts`, an exchange from arrival to end in `serving.ts`, the loop subscribe, check, open in
 * `admission.ts`, what is open in `streams.ts`, whether it may stay so in `judge.ts`.
 */
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '#lib/config/config.ts';
import { createUsage } from '#lib/credential/usage.ts';
import type { Database } from '#lib/db/database.ts';
import type { Change } from '#lib/db/topics.ts';
import type { World } from '#lib/entitlement/types.ts';
import type { Log } from '#lib/log/log.ts';
import type { CutFact } from '#lib/revocation/acks.ts';
import type { Feed } from '#lib/revocation/feed.ts';
import { createGate } from '#lib/revocation/gate.ts';
import { listen } from '#lib/runtime/listen.ts';
import type { Service } from '#lib/runtime/service.ts';
import { createAcknowledger } from './acknowledger.ts';
import { createAdmission } from './admission.ts';
import { createConnections, defaultLimits, type Limits } from './connections.ts';
import { createCutTimes } from './cut-times.ts';
import type { Desk, DoorCredentials } from './desk.ts';
import { drain } from './drain.ts';
import { createGroupArrivals } from './group-arrivals.ts';
import { createJudge } from './judge.ts';
import { createListener } from './listener.ts';
import { createMetrics } from './metrics.ts';
import { revisionOf } from './namespace-revision.ts';
import { createNamespaceWatches } from './namespace-watches.ts';
import { createNotes } from './notes.ts';
import { createReasking } from './reask.ts';
import { createServing } from './serving.ts';
import { shown } from './stream-facts.ts';
import { createStreams, type Stream } from './streams.ts';
import { createTrail } from './trail.ts';
import { defaultBounds, type FreshnessBounds } from './types.ts';
import { createUpstreams } from './upstream.ts';

export interface DoorOptions {
  readonly config: { readonly proxy: Pick<Config['proxy'], 'host' | 'port' | 'metricsHost' | 'metricsPort'> };
  readonly db: Database;
  readonly world: World;
  readonly lease: Pick<Feed, 'seq' | 'behind' | 'lastReadAt' | 'leaseIsGood' | 'now'>;
  readonly doorCredentials: DoorCredentials;
  readonly hashKey: Buffer;
  readonly log: Log;
  readonly replicaId: string;
  readonly tls: { readonly cert: string; readonly key: string };
  readonly bounds?: FreshnessBounds;
  readonly limits?: Partial<Limits>;
  /** Everything open in this process at once; above it, 503. */
  readonly streamsMax?: number;
  /** Several processes listen on this port, and the system spreads the connections over them. */
  readonly sharesPort?: boolean;
  /** How long open streams may live on after `stop`; they end spread over it. */
  readonly drainMs?: number;
}

export interface Door extends Service {
  /** After the world has taken the changes in: cuts first, then acknowledges. */
  onChanges(changes: readonly Change[]): Promise<void>;
  snapshotStreams(): readonly object[];
  readonly port: number;
  readonly metricsPort: number;
}

/** Accounts, bindings and credentials end by the clock, and a lease by silence: nobody tells us of that. */
const judgeByClockEveryMs = 250;
const snapshotMax = 2_000;
const lastConnectionsMs = 1_000;
const streamsMaxPreset = 20_000;

export function createDoor(options: DoorOptions): Door {
  const { config, db, world, lease, doorCredentials, hashKey, log, replicaId, tls } = options;
  const { bounds = defaultBounds, drainMs = 2_000, streamsMax = streamsMaxPreset, sharesPort = false } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const gate = createGate({ world, lease });
  const desk: Desk = {
    world,
    gate,
    hashKey,
    bounds,
    doorCredentials,
    namespaceWatches: createNamespaceWatches({ tell: tellNamespaceWatches }),
    revision: (asked, listsNamespaces) => revisionOf(asked, listsNamespaces, { desk, upstreams }),
    groupArrivals: createGroupArrivals(),
    now: () => lease.now(),
  };
  let state: 'new' | 'open' | 'draining' | 'closed' = 'new';
  let clock: NodeJS.Timeout | null = null;
  const isOpen = () => state === 'open';

  const upstreams = createUpstreams();
  const usage = createUsage({ db, log, open: () => streams.open() });
  const trail = createTrail({ db, log });
  const acknowledger = createAcknowledger({ db, replicaId, log });
  const notes = createNotes({ trail, acknowledger, log, replicaId, onCredentialInvalid: askToLookAt, now: desk.now });
  const streams = createStreams({ onCut: noteCut, now: desk.now });
  const metrics = createMetrics({
    openStreams: () => streams.open(),
    leaseAgeSeconds: () => (performance.now() - lease.lastReadAt) / 1_000,
    seq: () => lease.seq,
    seqBehind: () => lease.behind,
    isDraining: () => state === 'draining',
    pools: () => upstreams.sockets(),
    clusterName: (id) => world.cluster(id)?.name ?? id,
  });
  const cutTimes = createCutTimes({ ...metrics, now: () => lease.now().getTime() });
  const reasking = createReasking({
    db,
    world,
    desk,
    upstreams,
    log,
    isOpen: streams.has,
    cut: (stream) => streams.cut(stream, 'right-withdrawn'),
  });
  const admission = createAdmission({ desk, streams, usage, streamsMax, isOpen, onClosed: (stream) => cutTimes.closed(stream.id) });
  const hands = { upstreams, desk, endCut: (stream: Stream) => streams.cut(stream, 'lease-over') };
  const connections = createConnections(limits);
  const serving = createServing({ admission, connections, notes, metrics, hands, isOpen });
  const server = createListener({ tls, limits, connections, serving });
  const metricsServer: HttpServer = metrics.server(() => isOpen() && gate.leaseIsGood());

  function noteCut(stream: Stream, cut: CutFact): void {
    notes.cut(stream, cut);
    metrics.cut(cut.kind, cut.reason);
    cutTimes.cut(stream.id, cut.kind);
  }

  /** The worker hears of it by the change, looks at the cluster at once, and renews our token there if it can. */
  function askToLookAt(clusterId: string): void {
    db.sql
      .query('SELECT append_changes($1, $2)', [['cluster'], [clusterId]])
      .catch((error: unknown) => log.warn({ err: error, cluster: clusterId }, 'the worker could not be asked to look at a cluster'));
  }

  async function tellNamespaceWatches(keys: readonly string[]): Promise<void> {
    await db.sql.query('SELECT append_changes(array_fill($1::text, ARRAY[cardinality($2::text[])]), $2)', ['namespace-watch', keys]);
  }

  /** Judges everything open anew and cuts what would not be let in now. Waits for nothing. */
  function sweep(): void {
    notes.tellRepeats();
    if (streams.size === 0) return;
    const began = performance.now();
    const judge = createJudge(desk);
    for (const stream of streams.open()) {
      const reason = judge(stream);
      if (reason !== null) streams.cut(stream, reason);
    }
    metrics.swept((performance.now() - began) / 1_000);
  }

  return {
    name: 'door',
    get port() {
      return (server.address() as AddressInfo | null)?.port ?? config.proxy.port;
    },
    get metricsPort() {
      return (metricsServer.address() as AddressInfo | null)?.port ?? config.proxy.metricsPort;
    },
    async start() {
      if (state !== 'new') return;
      state = 'open';
      // Our first picture of the world already refuses all of these.
      await acknowledger.whatStands(desk.now());
      await usage.start();
      await trail.start();
      await listen(server, config.proxy.host, config.proxy.port, 'door', { sharesPort });
      await listen(metricsServer, config.proxy.metricsHost, config.proxy.metricsPort, 'door’s metrics');
      clock = setInterval(sweep, judgeByClockEveryMs);
    },
    async stop() {
      if (state !== 'open') return;
      state = 'draining';
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      await drain(streams, drainMs);
      server.closeAllConnections();
      if (clock) clearInterval(clock);
      // Whoever is still in the middle of a handshake is not waited for.
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, lastConnectionsMs).unref())]);
      await new Promise((resolve) => {
        metricsServer.close(resolve);
        metricsServer.closeAllConnections();
      });
      await reasking.stop();
      await desk.namespaceWatches.stop();
      upstreams.close();
      await usage.stop();
      notes.tellRepeats('all');
      await trail.stop();
      await acknowledger.settled();
      state = 'closed';
    },
    async onChanges(changes) {
      for (const { topic, key } of changes) if (topic === 'cluster') doorCredentials.forget(key);
      desk.namespaceWatches.onChanges(changes);
      const revocations = changes.filter(({ topic }) => topic === 'revocation');
      const [oldest] = revocations;
      if (oldest?.writtenAt !== undefined) cutTimes.deciding(oldest.writtenAt);
      sweep();
      cutTimes.decided();
      for (const { topic, key } of changes) if (topic === 'break-glass') metrics.breakGlass(key);
      reasking.onChanges(changes, admission.lives());
      acknowledger.add(
        revocations.map(({ key }) => key),
        desk.now(),
      );
    },
    snapshotStreams: () =>
      streams
        .open()
        .filter(({ kind }) => kind !== 'request')
        .slice(0, snapshotMax)
        .map(shown),
  };
}
