/** What was found, as tables for docs/performance.md. */
import type { Deltas } from './delta.ts';
import type { Disabling } from './disabling.ts';
import type { Idle } from './idle.ts';
import type { Searched } from './ldapsearch.ts';
import type { Picture } from './picture.ts';
import type { Read } from './reading.ts';
import type { Search } from './searching.ts';

export interface Found {
  searched?: Searched;
  first?: Read;
  again?: Read;
  /** Of the worker, after the first read and after everything. */
  firstPeakBytes?: number;
  peakBytes?: number;
  disabling?: Disabling;
  picture?: Picture;
  deltas?: Deltas;
  search?: readonly Search[];
  idle?: Idle;
}

const mega = 2 ** 20;

export function aims({ searched, first, again, firstPeakBytes, peakBytes, disabling, picture, deltas, search, idle }: Found): string {
  const rows: [aim: string, found: string, held: boolean][] = [];
  if (searched && first) {
    const ratio = first.seconds / searched.seconds;
    rows.push([
      'full read, planned and written ≤ 1.3 × paged `ldapsearch` into a file',
      `${ratio.toFixed(2)} (${first.seconds.toFixed(1)} s against ${searched.seconds.toFixed(1)} s; CPU of all parts ${first.cpu.toFixed(1)} s against ${searched.cpu.toFixed(1)} s: ${parts(first)})`,
      ratio <= 1.3,
    ]);
  }
  if (searched && again) {
    const ratio = again.seconds / searched.seconds;
    rows.push([
      'the same when nothing has changed',
      `${ratio.toFixed(2)} (${again.seconds.toFixed(1)} s; CPU ${again.cpu.toFixed(1)} s: ${parts(again)})`,
      ratio <= 1.3,
    ]);
  }
  if (peakBytes)
    rows.push([
      'peak memory of the worker under 1 GB',
      `${(peakBytes / mega).toFixed(0)} MB${firstPeakBytes ? ` (${(firstPeakBytes / mega).toFixed(0)} MB by the end of the first read)` : ''}`,
      peakBytes < 1024 * mega,
    ]);
  if (disabling && disabling.times.length > 0) {
    const sorted = disabling.times.toSorted((a, b) => a - b);
    const [middle, worst] = [sorted[Math.floor(sorted.length / 2)] ?? 0, sorted.at(-1) ?? 0];
    rows.push([
      'a disable lands in under 1 s while everybody is read and written anew',
      `median ${middle.toFixed(0)} ms, worst of ${sorted.length} ${worst.toFixed(0)} ms (within ${disabling.seconds.toFixed(0)} s)`,
      worst < 1_000,
    ]);
  }
  if (picture) {
    rows.push([
      'closure of everybody under 2 s',
      `${picture.closureSeconds.toFixed(2)} s for ${picture.closed.toLocaleString('en')} memberships`,
      picture.closureSeconds < 2,
    ]);
    rows.push([
      'the picture in memory (no aim)',
      `loaded in ${picture.loadSeconds.toFixed(1)} s, holds ${(picture.bytes / mega).toFixed(0)} MB`,
      true,
    ]);
  }
  if (deltas) {
    const { one, many } = deltas;
    const text = ({ rows: written, picture: taken }: typeof one) =>
      `${written.toFixed(1)} ms to the commit, ${taken.toFixed(1)} ms in the picture`;
    rows.push(['one delta under 20 ms', text(one), one.rows + one.picture < 20]);
    rows.push([`a group of ${many.members.toLocaleString('en')} gaining 500 under 300 ms`, text(many), many.rows + many.picture < 300]);
  }
  if (search) {
    const slowest = search.filter(({ pick }) => pick !== null).toSorted((a, b) => b.list - a.list)[0];
    if (slowest)
      rows.push([
        'search in the people list under 50 ms',
        `${slowest.list.toFixed(0)} ms for “${slowest.typed}”, the slowest`,
        slowest.list < 50,
      ]);
  }
  if (idle) {
    rows.push(['idle: under 1 % of a core', `${(idle.share * 100).toFixed(1)} %`, idle.share < 0.01]);
    rows.push(['idle: about 5 LDAP requests a second', idle.requestsPerSecond.toFixed(1), idle.requestsPerSecond < 6]);
  }
  return table(
    ['aim', 'found', ''],
    rows.map(([aim, found, held]) => [aim, found, held ? 'held' : '**missed**']),
  );
}

function parts({ parts: { controller, worker, database } }: Read): string {
  return `domain controller ${controller.toFixed(1)}, worker ${worker.toFixed(1)}, database ${database.toFixed(1)}`;
}

export function searches(found: readonly Search[]): string {
  return table(
    ['typed', 'found', 'list: median / worst ms', 'picker: median ms'],
    found.map(({ typed, found: total, list, worst, pick }) => [
      typed || '(nothing)',
      total.toLocaleString('en'),
      `${list.toFixed(1)} / ${worst.toFixed(1)}`,
      pick?.toFixed(1) ?? '',
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
