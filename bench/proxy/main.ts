/**
 * What does the door cost, beside nginx and beside the least that a proxy in Go can be? All parts are real and are started here: an upstream
 * that answers at once, the contenders, each a process of its own, and the clients. They are asked in turn, several rounds, and the median
 * counts; so a ratio of this run means something on any machine, and a figure alone does not.
 *
 * CPU is seconds of the contender's own processes per 1,000 requests: the one figure that says little about what else the machine does.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import { measureCopying } from './copying.ts';
import { compare, type Load } from './measure.ts';
import { measureMemory } from './memory.ts';
import { measureNamespaces } from './namespaces.ts';
import { type Options, readOptions } from './options.ts';
import { type Contender, type Hands, startDoor, startNginx, startReverse, startUpstream } from './parts.ts';
import { ensureProgram } from './program.ts';
import { aims, comparison, type Found } from './report.ts';
import { setStage } from './stage.ts';
import { measureWatches } from './watches.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const small = '/api/v1/namespaces/shop/configmaps/small';
const large = '/api/v1/namespaces/shop/configmaps/large';
/** So many, and not so long: what a program learns of itself it learns by the request. */
const warmUp: Load = { path: small, connections: 32, requests: 20_000 };

const options = readOptions(process.argv.slice(2));
if (process.platform !== 'linux') throw new Error('This benchmark reads what processes cost from /proc, which Linux alone has.');
const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
const warden = await createWarden();
try {
  const program = await ensureProgram(consoleProgress);
  const stage = await setStage({ folder, warden, watches: options.watches });
  const found = await measure({ warden, program, stage }, options);
  console.log(
    `\n${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)} at the end, ${options.rounds} rounds of ${options.seconds} s, medians; CPU = seconds of the contender's processes per 1,000 requests\n`,
  );
  console.log(`${comparison(found)}\n\n${aims(found)}`);
  await stage.stop();
} finally {
  await warden.close();
  await rm(folder, { recursive: true, force: true });
}

async function measure(hands: Hands, { seconds, rounds, watches, requests, cp, only, profile }: Options): Promise<Found> {
  const wanted = (...names: string[]) => only.length === 0 || names.some((name) => only.includes(name));
  const direct = await startUpstream(hands);
  await hands.stage.addCluster('bench', `https://127.0.0.1:${direct.port}`, hands.stage.tls.ca);
  await hands.stage.fillCluster('bench');
  const nginx = await startNginx(hands, direct, consoleProgress);
  const reverse = [await startReverse(hands, direct, false), await startReverse(hands, direct, true)];
  const door = await startDoor(hands, { profile });
  const all: Contender[] = [direct, ...(nginx ? [nginx] : []), ...reverse, door];
  const compared = (what: string, load: Load, of = all) => attempt(what, () => compare(hands, of, rounds, { seconds, ...load }));

  const found: Writable<Found> = {};
  await consoleProgress('warming up', () => compare(hands, all, 1, warmUp));
  if (wanted('get', 'half')) found.get = await compared('2 KB, 32 connections', { path: small, connections: 32 });
  if (wanted('one')) found.one = await compared('2 KB, one connection', { path: small, connections: 1 });
  if (wanted('half') && found.get) {
    // The same for all: half of what the door can, which is less than half of what nginx can.
    found.halfRate = (found.get.get(door.name)?.rate ?? 0) / 2;
    found.half = await compared('2 KB at half load', { path: small, connections: 32, rate: found.halfRate });
  }
  if (wanted('large')) found.large = await compared('5 MB, 4 connections', { path: large, connections: 4 });
  if (wanted('namespaces'))
    found.namespaces = await attempt('2,000 namespaces', () => measureNamespaces(hands, direct, door, rounds, seconds / 2));
  await door.stop();

  if (wanted('share')) {
    const doors = await startDoor(hands, { count: 2 });
    await compare(hands, [doors], 1, warmUp);
    found.shared = await compared('two processes on one port', { path: small, connections: 32 }, [doors]);
    await doors.stop();
  }
  if (wanted('memory')) found.memory = await attempt(`${requests} requests`, () => measureMemory(hands, requests));
  if (wanted('watches')) found.watches = await attempt(`${watches} idle watches`, () => measureWatches(hands, watches, profile));
  if (cp) found.copying = await attempt('kubectl cp', () => measureCopying(hands, rounds, profile, consoleProgress));
  return found;
}

/** What fails is left out of the tables and said; the rest of a long run is not lost with it. */
async function attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await consoleProgress(what, work);
  } catch (error) {
    console.log(`left out: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    return undefined;
  }
}
