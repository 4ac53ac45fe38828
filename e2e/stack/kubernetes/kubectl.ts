import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** kubectl without the person's own settings: no ~/.kube, no kuberc, no proxy variables. */
export function kubectlEnvironment(home: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: home, KUBERC: 'off' };
}

export async function runKubectl(kubectl: string, home: string, args: string[], input = ''): Promise<Outcome> {
  const child = spawn(kubectl, args, { env: kubectlEnvironment(home) as NodeJS.ProcessEnv, stdio: 'pipe' });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
