/** How soon somebody is out who is disabled while everybody is being read and written anew: from the LDAP answer to the committed revocation. */
import { setTimeout as sleep } from 'node:timers/promises';
import { measureRead } from './reading.ts';
import type { Stage, Worker } from './stage.ts';

export interface Disabling {
  /** Milliseconds, one for each disabled while it went on. */
  readonly times: readonly number[];
  readonly seconds: number;
}

const everyMs = 2_000;
const patienceMs = 10 * 60_000;

export async function measureDisabling(stage: Stage, worker: Worker): Promise<Disabling> {
  const { db, ad } = stage;
  // Every row differs from what will be read, so that all of them are written.
  await db.sql.query(`UPDATE person SET title = coalesce(title, '') || ' (before)'`);
  const { rows: leavers } = await db.sql.query<{ id: string; login: string }>(
    `SELECT id, sam_account_name AS login FROM person WHERE dn LIKE '%OU=Crowd,%' AND state = 'enabled' ORDER BY id LIMIT 200`,
  );
  let isDone = false;
  const read = measureRead(stage, worker, () => worker.readAgain()).finally(() => {
    isDone = true;
  });
  // Should a disable fail first, its error is the one to be told, and not that the read then lost its database.
  read.catch(() => {});
  const times: number[] = [];
  for (const { id, login } of leavers) {
    await sleep(everyMs);
    if (isDone) break;
    await ad.setDisabled(login, true);
    const committed = performance.now();
    await until(async () => (await db.sql.query('SELECT 1 FROM revocation WHERE person_id = $1', [id])).rowCount === 1);
    times.push(performance.now() - committed);
  }
  return { times, seconds: (await read).seconds };
}

async function until(look: () => Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await look())) {
    if (performance.now() - began > patienceMs) throw new Error('somebody who was disabled was not cut off');
    await sleep(10);
  }
}
