/** What following costs when nothing happens: the worker's share of a core, and how much it asks the domain controller. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cpuSeconds } from '../proxy/processes.ts';
import type { Worker } from './stage.ts';

export interface Idle {
  /** Of one core. */
  readonly share: number;
  readonly requestsPerSecond: number;
}

const seconds = 30;

export async function measureIdle({ pid }: Worker): Promise<Idle> {
  await sleep(5_000);
  const before = { cpu: cpuSeconds([pid]), sent: await segmentsSent(pid) };
  await sleep(seconds * 1_000);
  return { share: (cpuSeconds([pid]) - before.cpu) / seconds, requestsPerSecond: ((await segmentsSent(pid)) - before.sent) / seconds };
}

/** A request is one segment with data on the way to port 636. */
async function segmentsSent(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ss', ['-tinpH', 'dport', '=', ':636']);
  let sent = 0;
  for (const [, owner, figures] of stdout.matchAll(/pid=(\d+),[^\n]*\n([^\n]*)/g)) {
    if (Number(owner) === pid) sent += Number(/data_segs_out:(\d+)/.exec(figures ?? '')?.[1] ?? 0);
  }
  return sent;
}
