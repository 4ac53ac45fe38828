/** The figures as tables, and each aim beside what was found. */

import type { Copying } from './copying.ts';
import type { Medians } from './measure.ts';
import type { Memory } from './memory.ts';
import type { Namespaces } from './namespaces.ts';
import type { Watches } from './watches.ts';

export interface Found {
  readonly get?: Medians | undefined;
  readonly one?: Medians | undefined;
  readonly half?: Medians | undefined;
  readonly halfRate?: number | undefined;
  readonly large?: Medians | undefined;
  readonly shared?: Medians | undefined;
  readonly watches?: Watches | undefined;
  readonly namespaces?: Namespaces | undefined;
  readonly memory?: Memory | undefined;
  readonly copying?: Copying | undefined;
}

const names = { direct: 'direct', nginx: 'nginx', go: 'minimal Go proxy', door: 'the door' };
const mega = 1024 * 1024;

export function comparison(found: Found): string {
  const order = [...(found.get ?? found.one ?? found.half ?? found.large ?? new Map<string, never>()).keys()];
  const rows = [...order, ...[...(found.shared?.keys() ?? [])].filter((name) => !order.includes(name))].map((name) => {
    const get = found.get?.get(name) ?? found.shared?.get(name);
    const one = found.one?.get(name);
    const half = found.half?.get(name);
    const large = found.large?.get(name);
    return [
      name,
      get ? thousands(get.rate) : '',
      get ? cpuText(name, get.cpu) : '',
      get ? `${get.p50.toFixed(2)} / ${get.p99.toFixed(1)}` : '',
      one ? thousands(one.rate) : '',
      one ? cpuText(name, one.cpu) : '',
      half ? `${half.p50.toFixed(2)} / ${half.p99.toFixed(2)}` : '',
      large ? large.rate.toFixed(0) : '',
      large ? cpuText(name, large.cpu, 1) : '',
    ];
  });
  const half = found.halfRate === undefined ? 'half load' : `${thousands(found.halfRate)} requests/s`;
  return table(
    [
      '',
      '2 KB, 32 connections: requests/s',
      'CPU',
      'p50 / p99 ms',
      'one connection: requests/s',
      'CPU',
      `at ${half}: p50 / p99 ms`,
      '5 MB bodies/s',
      'CPU',
    ],
    rows,
  );
}

export function aims(found: Found): string {
  const rows: [aim: string, measured: string, held: boolean | null][] = [];
  const { get, one, half, large, watches, namespaces, memory, copying } = found;
  const ratio = (of: Medians | undefined, figure: 'rate' | 'cpu', to: string) => {
    const ours = of?.get(names.door)?.[figure];
    const theirs = of?.get(to)?.[figure];
    return ours === undefined || theirs === undefined || theirs === 0 ? null : ours / theirs;
  };
  const add = (aim: string, value: number | null, holds: (value: number) => boolean, text = (value: number) => value.toFixed(2)) => {
    if (value !== null) rows.push([aim, text(value), holds(value)]);
  };
  add('2 KB at 32 connections: CPU ≤ 0.75 × minimal Go proxy', ratio(get, 'cpu', names.go), (value) => value <= 0.75);
  add('2 KB at 32 connections: rate ≥ 0.65 × nginx', ratio(get, 'rate', names.nginx), (value) => value >= 0.65);
  add('one connection: rate ≥ minimal Go proxy', ratio(one, 'rate', names.go), (value) => value >= 1);
  add('half load: added p99 ≤ 1.5 × what nginx adds', addedRatio(half), (value) => value <= 1.5);
  add('5 MB bodies: rate ≥ 0.85 × nginx', ratio(large, 'rate', names.nginx), (value) => value >= 0.85);
  if (copying)
    add(
      '`kubectl cp` of 200 MB ≤ 1.3 × direct',
      copying.throughDoor / copying.direct,
      (value) => value <= 1.3,
      (value) =>
        `${value.toFixed(2)} (${copying.throughDoor.toFixed(1)} s against ${copying.direct.toFixed(1)} s; ${copying.cpu.toFixed(1)} s of the door’s CPU)`,
    );
  if (watches) {
    const all = watches.totalBytes / mega;
    const for10k = (watches.totalBytes + watches.bytesEach * (10_000 - watches.count)) / mega;
    rows.push([
      '10,000 idle watches in one process under 1 GB',
      watches.count >= 10_000
        ? `${all.toFixed(0)} MB, ${(watches.bytesEach / 1024).toFixed(0)} KB each`
        : `${(watches.bytesEach / 1024).toFixed(0)} KB each with ${watches.count}: ${for10k.toFixed(0)} MB for 10,000`,
      for10k < 1024,
    ]);
    rows.push([
      `all of ${watches.count} watches cut within 1 s of a mass revocation`,
      `${watches.cutFromCommit.toFixed(0)} ms from the commit, ${watches.cutFromBegin.toFixed(0)} ms from the transaction's begin`,
      watches.cutFromCommit <= 1_000,
    ]);
  }
  if (namespaces)
    rows.push([
      `a person with ${thousands(namespaces.shown)} visible namespaces adds < 2 ms`,
      `${(namespaces.throughDoor - namespaces.straight).toFixed(2)} ms (${namespaces.throughDoor.toFixed(2)} against ${namespaces.straight.toFixed(2)} straight; ${namespaces.forFew.toFixed(2)} for somebody who sees six)`,
      namespaces.throughDoor - namespaces.straight < 2,
    ]);
  if (memory)
    rows.push([
      `memory flat over ${thousands(memory.requests)} requests`,
      `heap ${signed(memory.heapGrowth / mega)} MB from the first fifth to the last; resident ${memory.parts.map(({ rss }) => (rss / mega).toFixed(0)).join(', ')} MB`,
      memory.heapGrowth < 8 * mega,
    ]);
  return table(
    ['aim', 'found', ''],
    rows.map(([aim, measured, held]) => [aim, measured, held === null ? '' : held ? 'held' : '**missed**']),
  );
}

/** What the door adds over asking straight, by what nginx adds. */
function addedRatio(half: Medians | undefined): number | null {
  const p99 = (name: string) => half?.get(name)?.p99;
  const [direct, nginx, door] = [p99(names.direct), p99(names.nginx), p99(names.door)];
  if (direct === undefined || nginx === undefined || door === undefined) return null;
  return (door - direct) / Math.max(nginx - direct, 0.01);
}

function cpuText(name: string, value: number, digits = 3): string {
  return name === names.direct ? '–' : value.toFixed(digits);
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
