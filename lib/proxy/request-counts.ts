/**
 * Requests and how long they took, counted in plain numbers: an increment is three look-ups and an addition, where a general metrics library
 * would hash the labels anew each time. Read out only when somebody scrapes. Labels cannot grow without end: a verb that is no verb is
 * `other`, and a cluster counts by its name as long as its name is one of ours.
 */
import type { Counter } from 'prom-client';

export interface RequestFacts {
  readonly cluster: string;
  readonly verb: string;
  readonly status: number;
  /** Null for what lasts as long as it likes. */
  readonly seconds: number | null;
}

const verbs: ReadonlySet<string> = new Set([
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection', 'proxy', 'head', 'post', 'put', 'options'],
  ...['exec', 'attach', 'portforward', 'proxied', 'follow', 'upgrade'],
]);
export const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface Latency {
  /** How many fell into each bucket and none below; the last is for what is above all. */
  readonly counts: number[];
  sum: number;
}

export interface RequestCounts {
  note(facts: RequestFacts): void;
  writeTo(counter: Counter<'cluster' | 'verb' | 'status'>): void;
  latencies(): readonly LatencyValue[];
}

export interface LatencyValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export const latencyName = 'gatehouse_door_request_seconds';

export function createRequestCounts(): RequestCounts {
  const clusters = new Map<string, Map<string, Map<number, number>>>();
  const byVerb = new Map<string, Latency>();

  function within<K, V>(map: Map<K, V>, key: K, make: () => V): V {
    const known = map.get(key);
    if (known !== undefined) return known;
    const made = make();
    map.set(key, made);
    return made;
  }

  return {
    note({ cluster, verb: said, status, seconds }) {
      const verb = verbs.has(said) ? said : 'other';
      const statuses = within(
        within(clusters, cluster, () => new Map()),
        verb,
        () => new Map<number, number>(),
      );
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (seconds === null) return;
      const latency = within(byVerb, verb, () => ({ counts: Array<number>(latencyBuckets.length + 1).fill(0), sum: 0 }));
      let bucket = 0;
      while (bucket < latencyBuckets.length && seconds > (latencyBuckets[bucket] ?? 0)) bucket += 1;
      latency.counts[bucket] = (latency.counts[bucket] ?? 0) + 1;
      latency.sum += seconds;
    },
    writeTo(counter) {
      counter.reset();
      for (const [cluster, perVerb] of clusters)
        for (const [verb, perStatus] of perVerb)
          for (const [status, times] of perStatus) counter.inc({ cluster, verb, status: String(status) }, times);
    },
    latencies() {
      return [...byVerb].flatMap(([verb, { counts, sum }]) => {
        let below = 0;
        const buckets = counts.map((count, i) => {
          below += count;
          return { metricName: `${latencyName}_bucket`, labels: { verb, le: latencyBuckets[i] ?? '+Inf' }, value: below };
        });
        return [
          ...buckets,
          { metricName: `${latencyName}_sum`, labels: { verb }, value: sum },
          { metricName: `${latencyName}_count`, labels: { verb }, value: below },
        ];
      });
    },
  };
}
