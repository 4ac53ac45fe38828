/** Our small program on client-go (e2e/stack/kubernetes/client): started, and read line by line. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Line {
  readonly event: 'asked' | 'added' | 'changed' | 'gone' | 'synced' | 'watch-failed' | 'ended' | 'page';
  readonly kind?: 'namespace' | 'configmap';
  readonly name?: string;
  readonly n?: string;
  /** Of what was asked. */
  readonly watch?: boolean;
  readonly initial?: boolean;
  readonly from?: string;
  readonly status?: number;
  readonly reason?: string;
  readonly error?: string;
  /** Of a command that ended. */
  readonly code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly body?: string;
}

export interface GoClient {
  readonly lines: readonly Line[];
  readonly child: ChildProcessWithoutNullStreams;
  /** The first such line at or after the given one; waits for it. */
  says(wanted: (line: Line) => boolean, what: string, from?: number): Promise<Line>;
  /** With success, or an error that holds its last words. */
  readonly ended: Promise<readonly Line[]>;
  stop(): void;
}

const patienceMs = 45_000;

export function startGoClient(binary: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): GoClient {
  const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: '/nonexistent', ...env };
  const child = spawn(binary, args, { env: environment as unknown as NodeJS.ProcessEnv });
  const lines: Line[] = [];
  let problems = '';
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => {
    problems += chunk.toString('utf8');
  });
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as Line));
  const ended = new Promise<readonly Line[]>((resolve, reject) => {
    child.once('close', (code) => {
      if (code === 0) resolve(lines);
      else reject(new Error(`the client ended with ${code}: ${problems.slice(-2_000)}`));
    });
  });
  ended.catch(() => {});
  return {
    lines,
    child,
    ended,
    async says(wanted, what, from = 0) {
      const end = performance.now() + patienceMs;
      for (;;) {
        const found = lines.slice(from).find(wanted);
        if (found) return found;
        if (performance.now() > end || child.exitCode !== null)
          throw new Error(`the client never said ${what}; it said ${JSON.stringify(lines.slice(-30))} ${problems.slice(-2_000)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    stop: () => void child.kill('SIGTERM'),
  };
}
