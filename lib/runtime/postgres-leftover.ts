// What a killed parent leaves in a data folder: postmaster.pid, and perhaps a server that still runs. We hold the folder's lock when we
// come here, so whoever owned that server is dead. A number alone proves nothing (process ids come round again): it is that server only
// if it works in that folder.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Fast shutdown first; immediate shutdown when that takes too long. */
const persuasions = [
  { signal: 'SIGINT', patienceMs: 15_000 },
  { signal: 'SIGQUIT', patienceMs: 5_000 },
] as const;

export async function endLeftoverServer(data: string): Promise<void> {
  const pidFile = join(data, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  for (const { signal, patienceMs } of persuasions) {
    if (!worksIn(pid, data)) break;
    process.kill(pid, signal);
    await ended(pid, data, patienceMs);
  }
  if (worksIn(pid, data))
    throw new Error(`A PostgreSQL that an earlier run left in ${data} does not end (process ${pid}). Stop it and start again.`);
  rmSync(pidFile, { force: true });
}

async function ended(pid: number, data: string, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (worksIn(pid, data) && Date.now() < deadline) await sleep(50);
}

function worksIn(pid: number, data: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 1) return false;
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(data);
  } catch {
    return false;
  }
}
