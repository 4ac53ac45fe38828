/** Real kubectl, as a person runs it: one command and its outcome, or one that stays open and is watched. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface OpenCommand {
  readonly child: ChildProcessWithoutNullStreams;
  output(): string;
  /** Resolves with how it ended and when (performance.now). */
  readonly ended: Promise<Outcome & { at: number }>;
  /** Waits until the output holds the text. */
  shows(text: string | RegExp, withinMs?: number): Promise<void>;
  stop(): void;
}

export class Kubectl {
  readonly #binary: string;
  readonly #kubeconfig: string;
  readonly #extraEnv: Record<string, string>;

  constructor(binary: string, kubeconfig: string, extraEnv: Record<string, string> = {}) {
    this.#binary = binary;
    this.#kubeconfig = kubeconfig;
    this.#extraEnv = extraEnv;
  }

  #environment(): NodeJS.ProcessEnv {
    const own = { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: '/nonexistent', KUBECACHEDIR: `${this.#kubeconfig}.cache` };
    return { ...own, ...this.#extraEnv } as unknown as NodeJS.ProcessEnv;
  }

  async run(...args: string[]): Promise<Outcome> {
    return this.open(...args).ended;
  }

  async withInput(input: string, ...args: string[]): Promise<Outcome> {
    const command = this.open(...args);
    command.child.stdin.end(input);
    return command.ended;
  }

  open(...args: string[]): OpenCommand {
    const child: ChildProcessWithoutNullStreams = spawn(this.#binary, ['--kubeconfig', this.#kubeconfig, ...args], {
      env: this.#environment(),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    child.stdin.on('error', () => {});
    const ended = new Promise<Outcome & { at: number }>((resolve) => {
      child.on('close', (code) => resolve({ code, stdout, stderr, at: performance.now() }));
    });
    const output = () => stdout + stderr;
    return {
      child,
      output,
      ended,
      async shows(text, withinMs = 15_000) {
        const end = performance.now() + withinMs;
        const there = () => (typeof text === 'string' ? output().includes(text) : text.test(output()));
        while (!there()) {
          if (performance.now() > end || child.exitCode !== null)
            throw new Error(`kubectl ${args.join(' ')} never showed ${text}; it showed:\n${output()}`);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
      stop: () => void child.kill('SIGTERM'),
    };
  }
}
