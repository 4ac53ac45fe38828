/** What processes cost, read from Linux' /proc: of each given one and of everything it has started. */
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** CPU seconds so far, user and system, with those of children that have ended. */
export function cpuSeconds(pids: readonly number[]): number {
  return familyOf(pids).reduce((sum, pid) => sum + ticksOf(pid), 0) / ticksPerSecond;
}

/** The same by program: `node`, `postgres`, `samba`. */
export function cpuSecondsByProgram(pids: readonly number[]): Map<string, number> {
  const programs = new Map<string, number>();
  for (const pid of familyOf(pids)) {
    const [name = ''] = /^[a-z]+/.exec(readOr(`/proc/${pid}/comm`)) ?? [];
    programs.set(name, (programs.get(name) ?? 0) + ticksOf(pid) / ticksPerSecond);
  }
  return programs;
}

/** Bytes of memory that these hold at this moment. */
export function residentBytes(pids: readonly number[]): number {
  return familyOf(pids).reduce((sum, pid) => sum + residentOf(pid), 0);
}

function familyOf(pids: readonly number[]): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), Number(statOf(Number(name))[1] ?? 0)]),
  );
  const family = new Set(pids);
  for (let before = -1; before !== family.size; ) {
    before = family.size;
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid);
  }
  return [...family];
}

function ticksOf(pid: number): number {
  const stat = statOf(pid);
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(stat[index] ?? 0), 0);
}

function residentOf(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readOr(`/proc/${pid}/status`));
  return Number(line?.[1] ?? 0) * 1024;
}

/** The fields from the state on: a program's name may hold spaces and brackets. */
function statOf(pid: number): string[] {
  const text = readOr(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
