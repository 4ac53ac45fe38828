/** A full read, from the moment it is asked for until all of it is in the tables and the change is told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, cpuSecondsByProgram } from '../proxy/processes.ts';
import type { Stage, Worker } from './stage.ts';

export interface Read {
  readonly seconds: number;
  /** Seconds of CPU of all parts together, and of each; what the bench itself needs is the domain controller's here. */
  readonly cpu: number;
  readonly parts: Parts;
  readonly people: number;
  readonly groups: number;
  readonly memberships: number;
}

export interface Parts {
  readonly controller: number;
  readonly worker: number;
  readonly database: number;
}

const askEveryMs = 100;
const patienceMs = 30 * 60_000;

export async function measureRead({ db }: Stage, { pid }: Worker, ask: () => Promise<unknown> | unknown): Promise<Read> {
  const readsBefore = await reads();
  const began = performance.now();
  const cpuBefore = cpuSeconds([process.pid]);
  const partsBefore = partsSoFar();
  await ask();
  while ((await reads()) === readsBefore) {
    if (performance.now() - began > patienceMs) throw new Error('the read did not come to its end');
    await sleep(askEveryMs);
  }
  const seconds = (performance.now() - began) / 1_000;
  const cpu = cpuSeconds([process.pid]) - cpuBefore;
  const [worker, database] = partsSoFar().map((now, n) => now - (partsBefore[n] ?? 0));
  const parts = { controller: cpu - (worker ?? 0) - (database ?? 0), worker: worker ?? 0, database: database ?? 0 };
  const { rows } = await db.sql.query<Omit<Read, 'seconds' | 'cpu' | 'parts'>>(
    `SELECT (SELECT count(*)::int FROM person WHERE deleted_at IS NULL) AS people, (SELECT count(*)::int FROM directory_group WHERE deleted_at IS NULL) AS groups,
       (SELECT count(*)::int FROM membership) AS memberships`,
  );
  return { seconds, cpu, parts, ...(rows[0] ?? { people: 0, groups: 0, memberships: 0 }) };

  function partsSoFar(): [worker: number, database: number] {
    return [cpuSeconds([pid]), cpuSecondsByProgram([process.pid]).get('postgres') ?? 0];
  }

  async function reads(): Promise<number> {
    const { rows: counted } = await db.sql.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM audit_event WHERE event = 'directory.read'`,
    );
    return counted[0]?.n ?? 0;
  }
}
