/** What the door counts, and the small port on which it says so: /metrics for Prometheus, /healthz (alive) and /readyz (serves). */
import { createServer, type Server } from 'node:http';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  request(facts: { cluster: string; verb: string; status: number; seconds: number }): void;
  cut(kind: string, reason: string): void;
  swept(seconds: number): void;
  server(isReady: () => boolean): Server;
}

export function createMetrics(gauges: { openStreams(): number; leaseAgeSeconds(): number }): Metrics {
  const registers = [new Registry()];
  const [registry] = registers;
  const requests = new Counter({
    name: 'gatehouse_door_requests_total',
    help: 'Requests answered, by cluster, verb and status.',
    labelNames: ['cluster', 'verb', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'gatehouse_door_request_seconds',
    help: 'From the head of a plain request to the end of its answer.',
    labelNames: ['verb'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const cuts = new Counter({
    name: 'gatehouse_door_cuts_total',
    help: 'Streams cut, by kind and reason.',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const sweeps = new Histogram({
    name: 'gatehouse_door_sweep_seconds',
    help: 'Judging all open streams anew after a change, cuts included.',
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5],
    registers,
  });
  new Gauge({
    name: 'gatehouse_door_open_streams',
    help: 'Requests and streams open now.',
    registers,
    collect() {
      this.set(gauges.openStreams());
    },
  });
  new Gauge({
    name: 'gatehouse_door_feed_age_seconds',
    help: 'Since the order of changes was last read; above 5 nothing is served.',
    registers,
    collect() {
      this.set(gauges.leaseAgeSeconds());
    },
  });
  return {
    request(facts) {
      requests.inc({ cluster: facts.cluster, verb: facts.verb, status: String(facts.status) });
      seconds.observe({ verb: facts.verb }, facts.seconds);
    },
    cut: (kind, reason) => cuts.inc({ kind, reason }),
    swept: (took) => sweeps.observe(took),
    server: (isReady) =>
      createServer((request, response) => {
        if (request.url === '/healthz') response.end('ok\n');
        else if (request.url === '/readyz') response.writeHead(isReady() ? 200 : 503).end(isReady() ? 'ok\n' : 'not ready\n');
        else if (request.url === '/metrics') {
          void registry?.metrics().then((text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text));
        } else response.writeHead(404).end();
      }),
  };
}
