/**
 * The door's own sockets: one TLS listener that speaks HTTP/1.1, and the loop subscribe, check, open around every request. Its story and the
 * table of steps stand in `pipeline.ts`. All that Node can hand us about a connection has a listener here (request, continue, expectation,
 * upgrade, connect, broken head), and each of them either walks the table or answers with a Status.
 */
import { randomUUID } from 'node:crypto';
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Config } from '#lib/config/config.ts';
import { createUsage } from '#lib/credential/usage.ts';
import type { Database } from '#lib/db/database.ts';
import type { Change } from '#lib/db/topics.ts';
import type { World } from '#lib/entitlement/types.ts';
import type { Log } from '#lib/log/log.ts';
import type { CutFact } from '#lib/revocation/acks.ts';
import { createGate } from '#lib/revocation/gate.ts';
import { listen } from '#lib/runtime/listen.ts';
import type { Service } from '#lib/runtime/service.ts';
import { createAcknowledger } from './acknowledger.ts';
import { type Answer, asAnswer, badHeader, badMessage, badMethod, headTooLarge, stopping, tooManyStreams, tooSlow } from './answers.ts';
import { answerForCut } from './cut-answers.ts';
import type { Desk, DoorCredentials } from './desk.ts';
import { forward, type Live } from './forward.ts';
import { createGroupArrivals } from './group-arrivals.ts';
import { createJudge } from './judge.ts';
import { createMetrics } from './metrics.ts';
import { createNamespaceWatches } from './namespace-watches.ts';
import { admit } from './pipeline.ts';
import { createReasking } from './reask.ts';
import { answerRequest, answerSocket } from './status.ts';
import type { Impersonated } from './steps/impersonate.ts';
import { kindOf, nameOf, shown, streamFacts } from './stream-facts.ts';
import { createStreams, type Stream } from './streams.ts';
import { createTrail } from './trail.ts';
import { tunnel } from './tunnel.ts';
import { type Arrival, defaultBounds, type FreshnessBounds } from './types.ts';
import { createUpstreams } from './upstream.ts';

export interface DoorOptions {
  readonly config: { readonly proxy: Pick<Config['proxy'], 'host' | 'port' | 'metricsHost' | 'metricsPort'> };
  readonly db: Database;
  readonly world: World;
  readonly lease: { readonly lastReadAt: number; leaseIsGood(): boolean };
  readonly doorCredentials: DoorCredentials;
  readonly hashKey: Buffer;
  readonly log: Log;
  readonly replicaId: string;
  readonly tls: { readonly cert: string; readonly key: string };
  readonly bounds?: FreshnessBounds;
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

const headMaxBytes = 64 * 1024;
const headLimitMs = 10_000;
const requestLimitMs = 300_000;
/** Longer than the 90 s for which client-go keeps an idle connection, so that the client is always the one to let go. */
const idleLimitMs = 100_000;
const streamsPerPersonMax = 1_000;
/** Accounts, bindings and credentials end by the clock, and a lease by silence: nobody tells us of that. */
const judgeByClockEveryMs = 250;
const snapshotMax = 2_000;
const alarmEveryMs = 60_000;

export function createDoor(options: DoorOptions): Door {
  const { config, db, world, lease, doorCredentials, hashKey, log, replicaId, tls, bounds = defaultBounds, drainMs = 1_500 } = options;
  const gate = createGate({ world, lease });
  const desk: Desk = {
    world,
    gate,
    hashKey,
    bounds,
    doorCredentials,
    namespaceWatches: createNamespaceWatches(),
    groupArrivals: createGroupArrivals(),
    now: () => new Date(),
  };
  const upstreams = createUpstreams();
  const usage = createUsage({ db, log });
  const trail = createTrail({ db, log });
  const acknowledger = createAcknowledger({ db, replicaId, log });
  const streams = createStreams({ onCut: noteCut });
  const metrics = createMetrics({ openStreams: () => streams.size, leaseAgeSeconds: () => (performance.now() - lease.lastReadAt) / 1_000 });
  const hands = { upstreams, desk, endCut: (stream: Stream) => streams.cut(stream, 'lease-over') };
  const reasking = createReasking({ db, world, desk, upstreams, log, cut: (stream) => streams.cut(stream, 'right-withdrawn') });
  /** What was let in and is still open, for whoever must ask again. */
  const lives = new Map<string, Live>();
  /** Answers under way on a socket, so that nothing raw is ever written between their bytes. */
  const underWay = new WeakMap<Duplex, number>();
  const alarmedAt = new Map<string, number>();
  let state: 'new' | 'open' | 'draining' | 'closed' = 'new';
  let clock: NodeJS.Timeout | null = null;

  const server: Server = createServer({
    ...tls,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    maxHeaderSize: headMaxBytes,
    headersTimeout: headLimitMs,
    requestTimeout: requestLimitMs,
    keepAliveTimeout: idleLimitMs,
    connectionsCheckingInterval: 2_000,
    // Checked by `receive`, which answers with a Status.
    requireHostHeader: false,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 15_000,
  });
  // A header left out of rawHeaders would be a header that nobody judged; the size of the head is bound enough.
  server.maxHeadersCount = 0;
  server.timeout = 0;
  server.on('request', (request, response) => void serve(request, response));
  server.on('checkContinue', (request, response) => void serve(request, response));
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    answerRequest(response, badHeader('an expectation other than 100-continue').facts, randomUUID());
    request.resume();
  });
  server.on('upgrade', (request, socket, head) => void serveUpgrade(request, socket, head));
  server.on('connect', (_request, socket) => answerSocket(socket, badMethod('CONNECT').facts, randomUUID()));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseBrokenHead(error, socket));
  const metricsServer: HttpServer = metrics.server(() => state === 'open' && gate.leaseIsGood());

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrival = arrivalOf(request, false);
    const began = performance.now();
    let reached: Partial<Impersonated> = {};
    begins(request.socket);
    response.once('close', () => {
      ends(request.socket);
      metrics.request({
        cluster: reached.cluster?.name ?? '',
        verb: reached.description?.verb ?? arrival.method.toLowerCase(),
        status: response.statusCode,
        seconds: (performance.now() - began) / 1_000,
      });
    });
    let stream: Stream | null = null;
    try {
      const live = await open(arrival, (progress) => {
        reached = progress;
      });
      stream = live.stream;
      if (response.destroyed) return;
      await forward(live, request, response, hands);
    } catch (error) {
      const answer = asAnswer(error);
      noteRefusal(answer, arrival, reached);
      // What of the body is still to come would be read as the next request.
      const close = answer.facts.close === true || !request.complete || state !== 'open';
      answerRequest(response, { ...answer.facts, close }, arrival.id);
      if (close) response.once('finish', () => request.socket.destroySoon());
    } finally {
      if (stream) closed(stream);
    }
  }

  async function serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const arrival = arrivalOf(request, true);
    socket.on('error', () => {});
    if ((underWay.get(socket) ?? 0) > 0) {
      socket.destroy();
      return;
    }
    let reached: Partial<Impersonated> = {};
    let stream: Stream | null = null;
    const began = performance.now();
    let status = 0;
    try {
      const live = await open(arrival, (progress) => {
        reached = progress;
      });
      stream = live.stream;
      noteOpened(live);
      ({ status } = await tunnel(live, socket, head, hands));
    } catch (error) {
      const answer = asAnswer(error);
      status = answer.facts.status;
      noteRefusal(answer, arrival, reached);
      answerSocket(socket, answer.facts, arrival.id);
    } finally {
      if (stream) {
        noteClosed(stream, reached);
        closed(stream);
      }
      metrics.request({
        cluster: reached.cluster?.name ?? '',
        verb: kindOf(reached) ?? 'upgrade',
        status,
        seconds: (performance.now() - began) / 1_000,
      });
    }
  }

  /** Subscribe, check, open: the stream can be cut before the gate is asked for the last time, so no change falls between. */
  async function open(arrival: Arrival, progress: (reached: Partial<Impersonated>) => void): Promise<Live> {
    if (state !== 'open') throw stopping();
    const admitted = await admit(arrival, desk, progress);
    if (streams.countOf(admitted.person.id) >= streamsPerPersonMax) throw tooManyStreams();
    const stream = streams.register(arrival.id, streamFacts(admitted));
    const reason = createJudge(desk)(stream);
    if (reason !== null || stream.cutFor !== null) {
      stream.close();
      throw answerForCut(reason ?? stream.cutFor ?? 'lease-over');
    }
    usage.note({
      credentialId: admitted.credential.id,
      at: desk.now(),
      address: arrival.address,
      client: admitted.headers.userAgent?.slice(0, 200) ?? null,
    });
    const live = { ...admitted, stream };
    lives.set(stream.id, live);
    return live;
  }

  function closed(stream: Stream): void {
    lives.delete(stream.id);
    stream.close();
  }

  /** Judges everything open anew and cuts what would not be let in now. Waits for nothing. */
  function sweep(): void {
    if (streams.size === 0) return;
    const began = performance.now();
    const judge = createJudge(desk);
    for (const stream of streams.open()) {
      const reason = judge(stream);
      if (reason !== null) streams.cut(stream, reason);
    }
    metrics.swept((performance.now() - began) / 1_000);
  }

  function noteCut(stream: Stream, cut: CutFact): void {
    acknowledger.noteCut(cut);
    metrics.cut(cut.kind, cut.reason);
    if (cut.reason === 'namespaces-changed') desk.namespaceWatches.closed(stream.credentialId, stream.clusterId);
    trail.add({
      event: 'stream.cut',
      actor: { kind: 'system', name: 'door' },
      subject: { kind: 'person', id: stream.personId, name: stream.personName },
      clusterId: stream.clusterId,
      detail: { ...shown(stream), reason: cut.reason, replica: replicaId },
    });
  }

  function noteOpened(live: Live): void {
    trail.add({
      event: 'stream.opened',
      actor: { kind: 'person', id: live.person.id, name: nameOf(live.person) },
      clusterId: live.cluster.id,
      detail: shown(live.stream),
    });
  }

  function noteClosed(stream: Stream, reached: Partial<Impersonated>): void {
    if (stream.cutFor !== null || !reached.person) return;
    trail.add({
      event: 'stream.closed',
      actor: { kind: 'person', id: stream.personId, name: stream.personName },
      clusterId: stream.clusterId,
      detail: { ...shown(stream), seconds: Math.round((Date.now() - stream.openedAt.getTime()) / 1_000) },
    });
  }

  function noteRefusal({ facts, cause }: Answer, arrival: Arrival, { person, cluster }: Partial<Impersonated>): void {
    const told = {
      requestId: arrival.id,
      refusal: facts.code,
      status: facts.status,
      detail: facts.detail,
      personId: person?.id,
      cluster: cluster?.name,
      address: arrival.address,
    };
    if (facts.status >= 500 && facts.status !== 503) log.error({ ...told, err: cause }, 'a request failed at the door');
    else log.debug(told, 'a request was refused');
    if (facts.code === 'door.cluster-credential-invalid' && cluster) alarm(cluster, facts.detail);
    if (facts.status !== 403 || !person) return;
    trail.add({
      event: 'request.refused',
      actor: { kind: 'person', id: person.id, name: nameOf(person) },
      clusterId: cluster?.id,
      detail: { code: facts.code, method: arrival.method, address: arrival.address },
    });
  }

  /** An operator must hear of it, once a minute and not once a request. */
  function alarm(cluster: { id: string; name: string }, why: string | undefined): void {
    const last = alarmedAt.get(cluster.id) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - last < alarmEveryMs) return;
    alarmedAt.set(cluster.id, performance.now());
    trail.add({
      event: 'cluster.credential-invalid',
      actor: { kind: 'system', name: 'door' },
      subject: { kind: 'cluster', id: cluster.id, name: cluster.name },
      clusterId: cluster.id,
      detail: { why: why ?? '', replica: replicaId },
    });
  }

  function refuseBrokenHead(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable || (underWay.get(socket) ?? 0) > 0) {
      socket.destroy();
      return;
    }
    const answer =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? headTooLarge()
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? tooSlow()
          : badMessage('its head is broken');
    answerSocket(socket, answer.facts, randomUUID());
  }

  function begins(socket: Duplex): void {
    underWay.set(socket, (underWay.get(socket) ?? 0) + 1);
  }

  function ends(socket: Duplex): void {
    underWay.set(socket, (underWay.get(socket) ?? 1) - 1);
  }

  /** Streams end spread over the grace, for all at once would bring all clients back at once; a plain request may finish within it. */
  async function drain(): Promise<void> {
    const endsAt = performance.now() + drainMs;
    const endless = streams.open().filter(({ kind }) => kind !== 'request');
    const jitterMs = Math.min(drainMs, endless.length * 20);
    await Promise.all(
      endless.map(async (stream) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * jitterMs));
        streams.cut(stream, 'stopping');
      }),
    );
    while (streams.size > 0 && performance.now() < endsAt) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const stream of streams.open()) streams.cut(stream, 'stopping');
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
      await listen(server, config.proxy.host, config.proxy.port, 'door');
      await listen(metricsServer, config.proxy.metricsHost, config.proxy.metricsPort, 'door’s metrics');
      clock = setInterval(sweep, judgeByClockEveryMs);
    },
    async stop() {
      if (state !== 'open') return;
      state = 'draining';
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      await drain();
      server.closeAllConnections();
      if (clock) clearInterval(clock);
      await closed;
      await new Promise((resolve) => {
        metricsServer.close(resolve);
        metricsServer.closeAllConnections();
      });
      await reasking.stop();
      upstreams.close();
      await usage.stop();
      await trail.stop();
      await acknowledger.settled();
      state = 'closed';
    },
    async onChanges(changes) {
      sweep();
      reasking.onChanges(changes, lives.values());
      acknowledger.add(
        changes.filter(({ topic }) => topic === 'revocation').map(({ key }) => key),
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

function arrivalOf(request: IncomingMessage, upgrade: boolean): Arrival {
  return {
    id: randomUUID(),
    method: request.method ?? '',
    target: request.url ?? '',
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
    upgrade,
    address: (request.socket as Socket).remoteAddress ?? null,
  };
}
