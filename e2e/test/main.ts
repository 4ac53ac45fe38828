/**
 * `npm test`: everything, in the order in which a fault is cheapest to learn. Each stage runs even when one before it failed, so that one
 * run tells the whole truth; the last line says how many tests passed and failed, a failed stage without tests of its own counting as one.
 * With two thousand tests on real parts a machine's hiccup now and then breaks one: each may try twice here, and whatever needed it is named
 * in the output (“retry x1”), for it is a race to be found. Run by themselves, tests try once.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Tally {
  passed: number;
  failed: number;
}

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
  /** Where the stage writes its JSON result, if it counts tests. */
  readonly result?: { readonly file: string; readonly read: (text: string) => Tally };
}

const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'));
const vitestResult = join(directory, 'vitest.json');
const playwrightResult = join(directory, 'playwright.json');

const stages: readonly Stage[] = [
  { name: 'real parts', command: ['node', 'e2e/stack/ensure.ts'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['biome', 'check', '.'] },
  { name: 'arrows', command: ['node', 'scripts/check-arrows.ts'] },
  // Before the first tests that start the product.
  { name: 'portal build', command: ['node', 'scripts/build-portal.ts'] },
  {
    name: 'unit and integration',
    command: ['vitest', 'run', '--retry=1', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestResult}`],
    result: { file: vitestResult, read: readVitest },
  },
  {
    name: 'end to end',
    command: ['playwright', 'test', '--retries=1', '--reporter=list,json'],
    result: { file: playwrightResult, read: readPlaywright },
  },
];

const total: Tally = { passed: 0, failed: 0 };
for (const stage of stages) {
  const began = performance.now();
  console.log(`\n── ${stage.name} …`);
  const code = await run(stage.command);
  const tally = await tallyOf(stage, code);
  total.passed += tally.passed;
  total.failed += tally.failed;
  console.log(`── ${stage.name}: ${tally.failed === 0 ? 'passed' : 'FAILED'} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
}
await rm(directory, { recursive: true, force: true });
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

function run([command, ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command ?? '', args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: playwrightResult, NEXT_TELEMETRY_DISABLED: '1' },
    });
    child.on('error', () => resolve(127));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

async function tallyOf(stage: Stage, code: number): Promise<Tally> {
  if (!stage.result) return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  const text = await readFile(stage.result.file, 'utf8').catch(() => null);
  const tally = text === null ? { passed: 0, failed: 0 } : stage.result.read(text);
  // A runner that failed without a failed test (a set-up that broke, no test found) must not look like success.
  if (code !== 0 && tally.failed === 0) tally.failed = 1;
  return tally;
}

function readVitest(text: string): Tally {
  const { numPassedTests, numFailedTests } = JSON.parse(text) as { numPassedTests: number; numFailedTests: number };
  return { passed: numPassedTests, failed: numFailedTests };
}

function readPlaywright(text: string): Tally {
  const { stats } = JSON.parse(text) as { stats: { expected: number; unexpected: number; flaky: number } };
  if (stats.flaky > 0) console.log(`${stats.flaky} of the stories needed a second try`);
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected };
}
