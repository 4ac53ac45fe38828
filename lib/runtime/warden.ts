// The warden keeps processes that must not outlive us: PostgreSQL, API servers, a domain controller, our own roles.
//
// Promise: when the process that made the warden ends, also by SIGKILL, every process that it spawned ends within seconds.
// How: one small shell process (warden-watch.sh) in a session of its own, so that neither Ctrl-C nor a closed terminal takes it first,
// reads the process groups to watch from a pipe; the kernel closes that pipe when we die. Each child is a process group of its own and
// waits at a gate until the watcher has been told of it: should we die in between, the gate closes and the child never starts.
// Trusts: that a child which leaves its process group sees to its own end (PostgreSQL's backends do).
import { type ChildProcess, type SpawnOptions as ProcessOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the exit code, or null when a signal ended it. Never rejects. */
  readonly exited: Promise<number | null>;
  /** Signals the whole process group, waits, then kills what is left of it. Harmless when it has ended already. */
  stop(options?: { signal?: NodeJS.Signals; timeoutMs?: number }): Promise<void>;
  /** Signals the whole process group and does not wait. Harmless when it has ended already. */
  kill(signal: NodeJS.Signals): void;
}

export interface SpawnOptions {
  name: string;
  command: string;
  args: string[];
  /** The whole environment of the child; without it the child gets ours. */
  env?: Record<string, string>;
  cwd?: string;
  /** Output is appended here; its directory is made. Without it and without onOutput, output is dropped. */
  logFile?: string;
  /** Receives stdout and stderr instead of the log file. */
  onOutput?: (chunk: Buffer, from: 'stdout' | 'stderr') => void;
  uid?: number;
  gid?: number;
  /** What the watcher does when we are gone: this signal, then KILL. Default: TERM, 2 s. */
  orphaned?: { signal: 'TERM' | 'INT' | 'QUIT' | 'KILL'; seconds: number };
}

export interface Warden {
  spawn(options: SpawnOptions): ManagedProcess;
  /** Stops what still runs, the youngest first, then the watcher. */
  close(): Promise<void>;
}

const watchScript = fileURLToPath(new URL('./warden-watch.sh', import.meta.url));
const gate = 'read -r go <&3 || exit 125; exec 3<&-; exec "$@"';
const stopTimeoutMs = 10_000;

export async function createWarden(): Promise<Warden> {
  const managed = new Map<number, { started: ManagedProcess; order: string }>();
  let closing = false;
  let watcher = startWatcher();

  function startWatcher(): ChildProcess & { stdin: Writable } {
    const started = spawn('/bin/sh', [watchScript], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    const { stdin } = started;
    stdin.on('error', () => {});
    started.on('error', () => {});
    started.unref();
    // A watcher that somebody killed leaves our children unwatched: put another one in its place.
    started.once('exit', () => {
      if (closing) return;
      watcher = startWatcher();
      for (const { order } of managed.values()) watcher.stdin.write(order);
    });
    return Object.assign(started, { stdin });
  }

  function spawnManaged(options: SpawnOptions): ManagedProcess {
    if (closing) throw new Error(`${options.name} cannot be started: its warden is closing`);
    const child = launch(options);
    const { pid } = child;
    if (pid === undefined) throw new Error(`${options.name} cannot be started: ${options.command} in ${options.cwd ?? process.cwd()}`);
    const { signal, seconds } = options.orphaned ?? { signal: 'TERM', seconds: 2 };
    const order = `+ ${pid} ${signal} ${seconds}\n`;
    watcher.stdin.write(order);
    openGate(child);

    const exited = new Promise<number | null>((resolve) => {
      child.once('exit', (code) => {
        signalGroup(pid, 'SIGKILL');
        managed.delete(pid);
        watcher.stdin.write(`- ${pid}\n`);
        resolve(code);
      });
    });
    const stop: ManagedProcess['stop'] = async (how) => {
      if (managed.has(pid)) await stopGroup(pid, exited, how);
    };
    const kill: ManagedProcess['kill'] = (signal) => {
      if (managed.has(pid)) signalGroup(pid, signal);
    };
    const started: ManagedProcess = { name: options.name, pid, exited, stop, kill };
    managed.set(pid, { started, order });
    return started;
  }

  async function close(): Promise<void> {
    for (const { started } of [...managed.values()].reverse()) await started.stop();
    if (closing) return;
    closing = true;
    watcher.ref();
    const gone = once(watcher, 'exit');
    watcher.stdin.end('bye\n');
    if (watcher.exitCode === null && watcher.signalCode === null) await gone;
  }

  await once(watcher, 'spawn');
  return { spawn: spawnManaged, close };
}

function launch({ command, args, env, cwd, logFile, onOutput, uid, gid }: SpawnOptions): ChildProcess {
  if (logFile && !onOutput) mkdirSync(dirname(logFile), { recursive: true });
  const log = logFile && !onOutput ? openSync(logFile, 'a', 0o600) : undefined;
  const output = onOutput ? 'pipe' : (log ?? 'ignore');
  const settings: ProcessOptions = { detached: true, stdio: ['ignore', output, output, 'pipe'] };
  if (env) settings.env = env as NodeJS.ProcessEnv;
  if (cwd) settings.cwd = cwd;
  if (uid !== undefined) settings.uid = uid;
  if (gid !== undefined) settings.gid = gid;
  try {
    const child = spawn('/bin/sh', ['-c', gate, 'warden', command, ...args], settings);
    child.on('error', () => {});
    child.stdout?.on('data', (chunk: Buffer) => onOutput?.(chunk, 'stdout'));
    child.stderr?.on('data', (chunk: Buffer) => onOutput?.(chunk, 'stderr'));
    return child;
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

function openGate(child: ChildProcess): void {
  const way = child.stdio[3] as Writable;
  way.on('error', () => {});
  way.end('go\n');
}

async function stopGroup(
  pid: number,
  exited: Promise<number | null>,
  { signal = 'SIGTERM', timeoutMs = stopTimeoutMs }: { signal?: NodeJS.Signals; timeoutMs?: number } = {},
): Promise<void> {
  signalGroup(pid, signal);
  const tooLate = setTimeout(() => signalGroup(pid, 'SIGKILL'), timeoutMs);
  await exited;
  clearTimeout(tooLate);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // EPERM is what macOS says of a group that holds only a process not yet reaped.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
