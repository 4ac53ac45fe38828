/**
 * `npm test`: everything, in the order in which a fault is cheapest to learn. Each stage runs even when one before it failed, so that one
 * run tells the whole truth; the last lines name what failed, and the very last says how many tests passed and failed, a failed stage without
 * tests of its own counting as one.
 * With two thousand tests on real parts a machine's hiccup now and then breaks one, or the ground that a file of them stands on: each may try
 * twice here, and whatever needed it is named (“retry x1”, “tried again”), for it is a race to be found. Run by themselves, tests try once.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesWithoutGround, mergeVitest, paragraph, readPlaywright, readVitest, type Tally } from './tally.ts';

interface Ended {
  readonly code: number;
  /** The runner's JSON, if it wrote one. */
  readonly text: string | null;
}

interface Stage {
  readonly name: string;
  run(): Promise<Ended>;
  /** Of a stage that counts tests. */
  readonly read?: (text: string) => Tally;
}

const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'));
const playwrightResult = join(directory, 'playwright.json');
const triedAgain: string[] = [];

const stages: readonly Stage[] = [
  { name: 'real parts', run: () => command('node', 'e2e/stack/ensure.ts') },
  { name: 'types', run: () => command('tsc', '--noEmit') },
  { name: 'lint', run: () => command('biome', 'check', '.') },
  { name: 'arrows', run: () => command('node', 'scripts/check-arrows.ts') },
  // Before the first tests that start the product.
  { name: 'portal build', run: () => command('node', 'scripts/build-portal.ts') },
  { name: 'unit and integration', run: unitAndIntegration, read: readVitest },
  { name: 'end to end', run: endToEnd, read: readPlaywright },
];

let [passed, failed] = [0, 0];
const failures: string[] = [];
for (const stage of stages) {
  const began = performance.now();
  console.log(`\n── ${stage.name} …`);
  const tally = tallyOf(stage, await stage.run());
  passed += tally.passed;
  failed += tally.failed;
  failures.push(...tally.failures);
  console.log(`── ${stage.name}: ${tally.failed === 0 ? 'passed' : 'FAILED'} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
}
await rm(directory, { recursive: true, force: true });
for (const one of triedAgain) console.log(`\ntried again: ${one}`);
for (const one of failures) console.log(`\nFAILED: ${one}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

async function unitAndIntegration(): Promise<Ended> {
  const first = await vitest('first.json');
  const groundless = first.text === null ? [] : filesWithoutGround(first.text);
  if (first.text === null || groundless.length === 0) return first;
  for (const { file, why } of groundless) triedAgain.push(paragraph(file, 'before or after its tests', [why]));
  const second = await vitest('second.json', ...groundless.map(({ file }) => file));
  if (second.text === null) return first;
  const text = mergeVitest(first.text, second.text);
  return { code: readVitest(text).failed === 0 ? second.code : first.code, text };
}

function vitest(file: string, ...only: readonly string[]): Promise<Ended> {
  const result = join(directory, file);
  return withResult(
    result,
    command('vitest', 'run', '--retry=1', '--reporter=default', '--reporter=json', `--outputFile.json=${result}`, ...only),
  );
}

function endToEnd(): Promise<Ended> {
  return withResult(playwrightResult, command('playwright', 'test', '--retries=1', '--reporter=list,json'));
}

async function withResult(file: string, running: Promise<Ended>): Promise<Ended> {
  const { code } = await running;
  return { code, text: await readFile(file, 'utf8').catch(() => null) };
}

function command(name: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(name, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: playwrightResult, NEXT_TELEMETRY_DISABLED: '1' },
    });
    child.on('error', () => resolve({ code: 127, text: null }));
    child.on('exit', (code) => resolve({ code: code ?? 1, text: null }));
  });
}

function tallyOf({ name, read }: Stage, { code, text }: Ended): Tally {
  if (!read && code === 0) return { passed: 1, failed: 0, failures: [] };
  const tally = read && text !== null ? read(text) : { passed: 0, failed: 0, failures: [] };
  // A runner that failed without a failed test (a set-up that broke, no test found) must not look like success.
  if (code === 0 || tally.failed > 0) return tally;
  return { ...tally, failed: 1, failures: [`${name}: ended with ${code}`] };
}
