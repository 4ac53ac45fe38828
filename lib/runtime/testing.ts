/** For tests: `node server.ts` as an admin starts it, a process of its own that is known by what it prints and by the system's process table. */
import { execFile, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ProcessRole } from '#lib/db/roles.ts';
import { freePort } from './ports.ts';
import type { ManagedProcess, Warden } from './warden.ts';

export interface Ports {
  readonly portal: number;
  readonly proxy: number;
  readonly metrics: number;
}

export interface Gatehouse {
  readonly ports: Ports;
  readonly process: ManagedProcess;
  /** All that it printed so far. */
  said(): string;
  /** Waits for words of its own, and gives the match. */
  says(words: RegExp, withinMs?: number): Promise<RegExpMatchArray>;
  /** Waits until all three say that they are ready, and gives their process ids. */
  ready(): Promise<Record<ProcessRole, number>>;
}

export const root = join(import.meta.dirname, '../..');
export const serverEntry = join(root, 'server.ts');
const startPatienceMs = 60_000;

/** The pages that a production portal serves; built only when their sources changed. */
export function buildPortal(): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/build-portal.ts'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the portal cannot be built:\n${stdout}${stderr}`);
}

export async function freePorts(): Promise<Ports> {
  return { portal: await freePort(), proxy: await freePort(), metrics: await freePort() };
}

export async function startGatehouse(options: {
  warden: Warden;
  dataDirectory: string;
  ports?: Ports;
  env?: Record<string, string>;
  /** Another user than ours. */
  uid?: number;
  /** Another place than this checkout. */
  program?: { readonly command: string; readonly entry: string };
}): Promise<Gatehouse> {
  const ports = options.ports ?? (await freePorts());
  const { command, entry } = options.program ?? { command: process.execPath, entry: serverEntry };
  let output = '';
  const child = options.warden.spawn({
    name: 'gatehouse',
    command,
    args: [entry],
    cwd: dirname(entry),
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '/',
      GATEHOUSE_DATA: options.dataDirectory,
      GATEHOUSE_PORTAL_PORT: String(ports.portal),
      GATEHOUSE_PROXY_PORT: String(ports.proxy),
      GATEHOUSE_METRICS_PORT: String(ports.metrics),
      ...options.env,
    },
    onOutput: (chunk) => {
      output += chunk.toString('utf8');
    },
    orphaned: { signal: 'TERM', seconds: 10 },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let over = false;
  void child.exited.then(() => {
    over = true;
  });

  async function says(words: RegExp, withinMs = startPatienceMs): Promise<RegExpMatchArray> {
    for (const end = performance.now() + withinMs; performance.now() < end; await sleep(20)) {
      const match = output.match(words);
      if (match) return match;
      if (over) break;
    }
    throw new Error(`Gatehouse never said ${words}${over ? ' before it ended' : ''}. It said:\n${output}`);
  }

  return {
    ports,
    process: child,
    said: () => output,
    says,
    async ready() {
      const [, portal, proxy, worker] = await says(/all ready {2}portal=(\d+) proxy=(\d+) worker=(\d+)/);
      return { portal: Number(portal), proxy: Number(proxy), worker: Number(worker) };
    },
  };
}

/** Everything that descends from a process, itself first, as the system's table has it now. */
export async function familyOf(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const family = [pid];
  for (const elder of family) for (const [child, parent] of pairs) if (parent === elder && child !== undefined) family.push(child);
  return family;
}

/** A process that has ended and is only not yet reaped does not live. */
export async function living(pids: readonly number[]): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,stat=']);
  const alive = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return alive.filter(([pid, state]) => pids.includes(Number(pid)) && !state?.startsWith('Z')).map(([pid]) => Number(pid));
}
