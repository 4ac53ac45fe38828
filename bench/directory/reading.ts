/** A full read, from the moment it is asked for until all of it is in the tables and the change is told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from '../proxy/processes.ts';
import type { Stage } from './stage.ts';

export interface Read {
  readonly seconds: number;
  /** Seconds of CPU of all parts together: domain controller, worker, database. */
  readonly cpu: number;
  readonly people: number;
  readonly groups: number;
  readonly memberships: number;
}

const askEveryMs = 100;
const patienceMs = 30 * 60_000;

export async function measureRead({ db }: Stage, ask: () => Promise<unknown> | unknown): Promise<Read> {
  const readsBefore = await reads();
  const began = performance.now();
  const cpuBefore = cpuSeconds([process.pid]);
  await ask();
  while ((await reads()) === readsBefore) {
    if (performance.now() - began > patienceMs) throw new Error('the read did not come to its end');
    await sleep(askEveryMs);
  }
  const seconds = (performance.now() - began) / 1_000;
  const cpu = cpuSeconds([process.pid]) - cpuBefore;
  const { rows } = await db.sql.query<Omit<Read, 'seconds' | 'cpu'>>(
    `SELECT (SELECT count(*)::int FROM person WHERE deleted_at IS NULL) AS people, (SELECT count(*)::int FROM directory_group WHERE deleted_at IS NULL) AS groups,
       (SELECT count(*)::int FROM membership) AS memberships`,
  );
  return { seconds, cpu, ...(rows[0] ?? { people: 0, groups: 0, memberships: 0 }) };

  async function reads(): Promise<number> {
    const { rows: counted } = await db.sql.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM audit_event WHERE event = 'directory.read'`,
    );
    return counted[0]?.n ?? 0;
  }
}
