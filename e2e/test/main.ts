/**
 * `npm test`: everything, in the order in which a fault is cheapest to learn. Each stage runs even when one before it failed, so that one
 * run tells the whole truth; the last lines name what failed, and the very last says how many tests passed and failed, a failed stage without
 * tests of its own counting as one.
 * With two thousand tests on real parts a machine's hiccup now and then breaks one: each may try twice here, and whatever needed it is named
 * in the output (“retry x1”), for it is a race to be found. Run by themselves, tests try once.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

interface Tally {
  passed: number;
  failed: number;
  /** A paragraph for each failure, for who sees only the end of the output. */
  readonly failures: string[];
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

const linesOfAFailure = 12;

const total: Tally = { passed: 0, failed: 0, failures: [] };
for (const stage of stages) {
  const began = performance.now();
  console.log(`\n── ${stage.name} …`);
  const code = await run(stage.command);
  const tally = await tallyOf(stage, code);
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.failures.push(...tally.failures);
  console.log(`── ${stage.name}: ${tally.failed === 0 ? 'passed' : 'FAILED'} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
}
await rm(directory, { recursive: true, force: true });
for (const failure of total.failures) console.log(`\nFAILED: ${failure}`);
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
  const text = stage.result ? await readFile(stage.result.file, 'utf8').catch(() => null) : null;
  const tally = stage.result && text !== null ? stage.result.read(text) : { passed: 0, failed: 0, failures: [] };
  if (!stage.result && code === 0) tally.passed = 1;
  // A runner that failed without a failed test (a set-up that broke, no test found) must not look like success.
  if (code !== 0 && tally.failed === 0) tally.failed = 1;
  if (code !== 0 && tally.failures.length === 0) tally.failures.push(`${stage.name}: ended with ${code}`);
  return tally;
}

function failure(file: string, name: string, messages: readonly string[]): string {
  const lines = messages.flatMap((message) => {
    const own = stripVTControlCharacters(message)
      .split('\n')
      .filter((line) => !line.includes('/node_modules/'));
    return own.slice(0, linesOfAFailure);
  });
  return [`${file} › ${name}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

interface VitestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

function readVitest(text: string): Tally {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(text) as VitestResult;
  const failures = testResults
    .filter(({ status }) => status !== 'passed')
    .flatMap(({ name, message, assertionResults }) => {
      const file = relative(process.cwd(), name);
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      // A hook of the file failed: none of its tests was run.
      if (failed.length === 0) return [failure(file, 'before or after its tests', [message])];
      return failed.map(({ fullName, failureMessages }) => failure(file, fullName, failureMessages));
    });
  return { passed: numPassedTests, failed: numFailedTests, failures };
}

interface PlaywrightSuite {
  readonly suites?: readonly PlaywrightSuite[];
  readonly specs?: readonly {
    readonly title: string;
    readonly file: string;
    readonly ok: boolean;
    readonly tests: readonly { readonly results: readonly { readonly error?: { readonly message?: string } }[] }[];
  }[];
}

function readPlaywright(text: string): Tally {
  const { stats, suites } = JSON.parse(text) as {
    stats: { expected: number; unexpected: number; flaky: number };
    suites: readonly PlaywrightSuite[];
  };
  if (stats.flaky > 0) console.log(`${stats.flaky} of the stories needed a second try`);
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected, failures: suites.flatMap(failuresIn) };
}

function failuresIn({ suites = [], specs = [] }: PlaywrightSuite): string[] {
  const own = specs
    .filter(({ ok }) => !ok)
    .map(({ file, title, tests }) =>
      failure(
        file,
        title,
        tests.flatMap(({ results }) => results.flatMap(({ error }) => error?.message ?? [])),
      ),
    );
  return [...own, ...suites.flatMap(failuresIn)];
}
