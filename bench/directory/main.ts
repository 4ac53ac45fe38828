/**
 * What does a directory of 100,000 people cost? A real domain controller with a crowd in it, a real database, and the worker's process between
 * them. Ratios within one run mean something on any machine: our full read, planned and written, stands beside `ldapsearch` that asks the
 * same and writes a file.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import { measureDeltas } from './delta.ts';
import { measureDisabling } from './disabling.ts';
import { measureIdle } from './idle.ts';
import { searchWhole } from './ldapsearch.ts';
import { type Options, readOptions } from './options.ts';
import { measurePicture } from './picture.ts';
import { measureRead } from './reading.ts';
import { aims, type Found, searches } from './report.ts';
import { measureSearch } from './searching.ts';
import { type Stage, setStage } from './stage.ts';

const options = readOptions(process.argv.slice(2));
if (process.platform !== 'linux') throw new Error('This benchmark reads what processes cost from /proc, which Linux alone has.');
const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
const warden = await createWarden();
try {
  const { people, groups, memberships } = options;
  const stage = await setStage({ folder, warden, crowd: { people, groups, memberships } });
  const load = loadavg()[0]?.toFixed(1);
  const found = await measure(stage, options);
  const { first } = found;
  console.log(
    `\n${first?.people} people, ${first?.groups} groups, ${first?.memberships} memberships; ${cpus().length} cores, load ${load} at the beginning, ${loadavg()[0]?.toFixed(1)} at the end\n`,
  );
  console.log(aims(found));
  if (found.search) console.log(`\n${searches(found.search)}`);
  await stage.stop();
} finally {
  await warden.close();
  await rm(folder, { recursive: true, force: true });
}

async function measure(stage: Stage, { only, profile }: Options): Promise<Found> {
  const wanted = (name: string) => only.length === 0 || only.includes(name);
  const found: Found = {};
  const worker = await stage.startWorker(profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : []);
  found.searched = await consoleProgress('ldapsearch of everybody, into a file', () => searchWhole(stage));
  found.first = await consoleProgress('the first read', () => measureRead(stage, worker, () => stage.connect()));
  found.firstPeakBytes = worker.peakBytes();
  if (wanted('again'))
    found.again = await consoleProgress('the read of what is known', () => measureRead(stage, worker, () => worker.readAgain()));
  if (wanted('idle')) found.idle = await consoleProgress('nothing happens', () => measureIdle(worker));
  if (wanted('disable'))
    found.disabling = await consoleProgress('disabling some while all are written anew', () => measureDisabling(stage, worker));
  found.peakBytes = worker.peakBytes();
  await worker.stop();
  const complaints = worker.complaints().trim();
  if (complaints) console.log(`the worker said:\n${complaints}`);
  if (wanted('closure') || wanted('delta')) {
    const picture = await consoleProgress('loading the picture in memory, and all closures', () => measurePicture(stage.db));
    found.picture = picture;
    if (wanted('delta')) found.deltas = await consoleProgress('deltas', () => measureDeltas(stage.db, picture.world));
  }
  if (wanted('search')) found.search = await consoleProgress('searching', () => measureSearch(stage.db));
  return found;
}
