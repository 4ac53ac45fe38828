/** What the two test runners say in their JSON, as numbers and as a paragraph for each failure, for who sees only the end of the output. */
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly string[];
}

const linesOfAFailure = 12;

interface VitestFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages?: readonly string[] | null;
  }[];
}

interface VitestResult {
  readonly testResults: readonly VitestFile[];
}

/** Files that failed without a failed test: what their tests stand on could not be set up, or not be taken down. */
export function filesWithoutGround(text: string): { readonly file: string; readonly why: string }[] {
  return (JSON.parse(text) as VitestResult).testResults.filter(lacksGround).map((one) => ({ file: fileOf(one), why: one.message }));
}

/** The files of the second run take the place of what the first said of them. */
export function mergeVitest(first: string, second: string): string {
  const [before, after] = [JSON.parse(first) as VitestResult, JSON.parse(second) as VitestResult];
  const again = new Map(after.testResults.map((one) => [one.name, one]));
  return JSON.stringify({ testResults: before.testResults.map((one) => again.get(one.name) ?? one) } satisfies VitestResult);
}

export function readVitest(text: string): Tally {
  const { testResults } = JSON.parse(text) as VitestResult;
  const count = (status: string) =>
    testResults.reduce((sum, { assertionResults }) => sum + assertionResults.filter((one) => one.status === status).length, 0);
  const groundless = testResults.filter(lacksGround);
  const failures = testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => paragraph(fileOf(file), fullName, failureMessages ?? [])),
  );
  return {
    passed: count('passed'),
    failed: count('failed') + groundless.length,
    failures: [...failures, ...groundless.map((file) => paragraph(fileOf(file), 'before or after its tests', [file.message]))],
  };
}

function lacksGround({ status, assertionResults }: VitestFile): boolean {
  return status !== 'passed' && assertionResults.every((one) => one.status !== 'failed');
}

function fileOf({ name }: VitestFile): string {
  return relative(process.cwd(), name);
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

export function readPlaywright(text: string): Tally {
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
      paragraph(
        file,
        title,
        tests.flatMap(({ results }) => results.flatMap(({ error }) => error?.message ?? [])),
      ),
    );
  return [...own, ...suites.flatMap(failuresIn)];
}

export function paragraph(file: string, name: string, messages: readonly string[]): string {
  const lines = messages.flatMap((message) => {
    const own = stripVTControlCharacters(message)
      .split('\n')
      .filter((line) => !line.includes('/node_modules/'));
    return own.slice(0, linesOfAFailure);
  });
  return [`${file} › ${name}`, ...lines.map((line) => `  ${line}`)].join('\n');
}
