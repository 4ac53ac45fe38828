/**
 * What the door counts, and the small port on which it says so: /metrics for Prometheus, /healthz (alive) and /readyz (serves). What a request
 * costs here is in `request-counts.ts`; all that can be read off at the moment of a scrape is read off then and costs nothing in between.
 */
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { Counter, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import { createRequestCounts, latencyName, type RequestFacts } from './request-counts.ts';
import type { PoolState } from './upstream.ts';

export interface Metrics {
  request(facts: RequestFacts): void;
  cut(kind: string, reason: string): void;
  socketClosed(kind: string, seconds: number): void;
  revocationDone(seconds: number): void;
  swept(seconds: number): void;
  /** A change about the portal's local accounts: nothing of the door's, but whoever watches the platform scrapes here. */
  breakGlass(key: string): void;
  server(isReady: () => boolean): Server;
}

/** Read at each scrape. */
export interface Readings {
  openStreams(): Iterable<{ readonly kind: string }>;
  leaseAgeSeconds(): number;
  seq(): bigint;
  seqBehind(): bigint;
  isDraining(): boolean;
  pools(): readonly PoolState[];
  clusterName(id: string): string;
}

const fastBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10];
const breakGlassOutcomes: ReadonlySet<string> = new Set(['used', 'refused']);
const breakerStates = { closed: 0, 'half-open': 1, open: 2 } as const;

export function createMetrics(readings: Readings): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counts = createRequestCounts();

  new Counter({
    name: 'gatehouse_door_requests_total',
    help: 'Requests answered, by cluster, verb and status.',
    labelNames: ['cluster', 'verb', 'status'],
    registers,
    collect() {
      counts.writeTo(this);
    },
  });
  const latency = {
    name: latencyName,
    get: async () => ({
      name: latencyName,
      help: 'From the head of a plain request to the end of its answer.',
      type: 'histogram',
      values: counts.latencies(),
      aggregator: 'sum',
    }),
    reset: () => {},
  };
  registry.registerMetric(latency as unknown as Metric);

  const cuts = new Counter({
    name: 'gatehouse_door_cuts_total',
    help: 'Streams cut, by kind and reason.',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const closing = new Histogram({
    name: 'gatehouse_door_cut_seconds',
    help: 'From the decision to cut a stream to its closed socket.',
    labelNames: ['kind'],
    buckets: fastBuckets,
    registers,
  });
  const revocations = new Histogram({
    name: 'gatehouse_door_revocation_seconds',
    help: 'From the writing of a revocation, by the database’s clock, to the last socket closed that it ended here.',
    buckets: fastBuckets,
    registers,
  });
  const sweeps = new Histogram({
    name: 'gatehouse_door_sweep_seconds',
    help: 'Judging all open streams anew after a change or by the clock, cuts included.',
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5],
    registers,
  });

  const breakGlass = new Counter({
    name: 'gatehouse_break_glass_total',
    help: 'Sign-ins by a local account of the portal that this process has heard of, let in and refused.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of breakGlassOutcomes) breakGlass.inc({ outcome }, 0);

  new Gauge({
    name: 'gatehouse_door_open_streams',
    help: 'Requests and streams open now, by kind.',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      for (const { kind } of readings.openStreams()) this.inc({ kind });
    },
  });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge(
    'gatehouse_door_feed_age_seconds',
    'Since the order of changes was last read; above 5 nothing is served.',
    readings.leaseAgeSeconds,
  );
  gauge('gatehouse_door_feed_seq', 'The last change that this process has taken in.', () => Number(readings.seq()));
  gauge('gatehouse_door_feed_behind', 'Changes written, as of the last read, that this process has yet to take in.', () =>
    Number(readings.seqBehind()),
  );
  gauge('gatehouse_door_draining', '1 from SIGTERM on.', () => Number(readings.isDraining()));
  gauge('process_resident_memory_bytes', 'Memory of this process.', () => process.memoryUsage.rss());
  gauge('process_open_fds', 'Open files and sockets of this process; -1 where the system does not tell.', openFiles);
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of this process.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1_000_000);
    },
  });

  new Gauge({
    name: 'gatehouse_door_upstream_connections',
    help: 'Connections to a cluster, by state.',
    labelNames: ['cluster', 'state'],
    registers,
    collect() {
      this.reset();
      for (const pool of readings.pools()) {
        const cluster = readings.clusterName(pool.clusterId);
        this.set({ cluster, state: 'busy' }, pool.busy);
        this.set({ cluster, state: 'idle' }, pool.idle);
      }
    },
  });
  const perPool = (name: string, help: string, read: (pool: PoolState) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['cluster'],
      registers,
      collect() {
        this.reset();
        for (const pool of readings.pools()) this.set({ cluster: readings.clusterName(pool.clusterId) }, read(pool));
      },
    });
  perPool('gatehouse_door_upstream_waiting', 'Requests that wait for a place at a cluster.', ({ waiting }) => waiting);
  perPool(
    'gatehouse_door_upstream_breaker',
    '0: a cluster answers; 1: it is being tried again; 2: requests are answered 502 or 503 at once.',
    ({ breaker }) => breakerStates[breaker],
  );

  return {
    request: (facts) => counts.note(facts),
    cut: (kind, reason) => cuts.inc({ kind, reason }),
    socketClosed: (kind, seconds) => closing.observe({ kind }, seconds),
    revocationDone: (seconds) => revocations.observe(seconds),
    swept: (seconds) => sweeps.observe(seconds),
    breakGlass(key) {
      const [outcome = ''] = key.split(':');
      if (breakGlassOutcomes.has(outcome)) breakGlass.inc({ outcome });
    },
    server: (isReady) =>
      createServer((request, response) => {
        if (request.url === '/healthz') response.end('ok\n');
        else if (request.url === '/readyz') response.writeHead(isReady() ? 200 : 503).end(isReady() ? 'ok\n' : 'not ready\n');
        else if (request.url === '/metrics') {
          registry.metrics().then(
            (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
            () => response.writeHead(500).end(),
          );
        } else response.writeHead(404).end();
      }),
  };
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return -1;
  }
}
