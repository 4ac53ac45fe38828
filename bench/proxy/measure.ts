/** One run of the client against one contender, and several contenders compared in turn, so that a noisy minute hits all of them alike. */
import { type Contender, type Hands, startPart } from './parts.ts';
import { cpuSeconds } from './processes.ts';

export interface Load {
  readonly path: string;
  readonly connections: number;
  readonly seconds?: number;
  /** Requests a second; without it, as fast as answers come. */
  readonly rate?: number;
  /** A number of requests instead of seconds. */
  readonly requests?: number;
  /** Who asks; alice without it. */
  readonly login?: string;
}

export interface Run {
  readonly rate: number;
  /** Seconds of the contender's processes per 1,000 requests. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

interface Said {
  readonly requests: number;
  readonly failed: number;
  readonly why: string;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

export async function press({ warden, program, stage }: Hands, { name, port, prefix, pids }: Contender, load: Load): Promise<Run> {
  const client = startPart(warden, `the client of ${name}`, program, [
    'load',
    ...[
      '-url',
      `https://127.0.0.1:${port}${prefix}${load.path}`,
      '-ca',
      stage.files.ca,
      '-token-file',
      stage.tokenFile(load.login ?? 'alice'),
    ],
    ...['-connections', String(load.connections), '-seconds', String(load.seconds ?? 1)],
    ...(load.rate === undefined ? [] : ['-rate', String(load.rate)]),
    ...(load.requests === undefined ? [] : ['-requests', String(load.requests)]),
  ]);
  await client.next();
  const before = cpuSeconds(pids);
  const said = await client.next<Said>();
  const spent = cpuSeconds(pids) - before;
  await client.process.exited;
  if (said.failed > 0 || said.requests === 0) throw new Error(`${name}: ${said.failed} requests failed, the first with ${said.why}`);
  return { rate: said.requests / said.seconds, cpu: (spent / said.requests) * 1_000, p50: said.p50, p99: said.p99 };
}

export type Medians = ReadonlyMap<string, Run>;

/** Each contender once a round; of each figure the median of its rounds. */
export async function compare(hands: Hands, contenders: readonly Contender[], rounds: number, load: Load): Promise<Medians> {
  const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) runs.get(contender.name)?.push(await press(hands, contender, load));
  }
  return new Map(
    [...runs].map(([name, of]) => [
      name,
      {
        rate: median(of.map(({ rate }) => rate)),
        cpu: median(of.map(({ cpu }) => cpu)),
        p50: median(of.map(({ p50 }) => p50)),
        p99: median(of.map(({ p99 }) => p99)),
      },
    ]),
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
