/** A process tells that it lives: one row, beaten every second, with the change number it has read and the streams it holds open. */
import { hostname } from 'node:os';
import type { Database } from '#lib/db/database.ts';
import type { ProcessRole } from '#lib/db/roles.ts';
import { storableJson } from '#lib/db/storable-json.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from './service.ts';

const beatEveryMs = 1_000;

export interface ReplicaFacts {
  readonly seq: bigint;
  readonly streams: readonly object[];
}

export function createReplica(options: { db: Database; log: Log; id: string; role: ProcessRole; facts(): ReplicaFacts }): Service {
  const { db, log, id, role, facts } = options;
  let timer: NodeJS.Timeout | null = null;
  let beating: Promise<void> = Promise.resolve();
  let lastTold = '';

  async function beat(): Promise<void> {
    const { seq, streams } = facts();
    const told = storableJson(streams);
    // Thousands of quiet watches are told once, not every second.
    if (told === lastTold) await db.sql.query('UPDATE replica SET beat_at = now(), seq = $2 WHERE id = $1', [id, seq.toString()]);
    else await db.sql.query('UPDATE replica SET beat_at = now(), seq = $2, streams = $3 WHERE id = $1', [id, seq.toString(), told]);
    lastTold = told;
  }

  return {
    name: 'heartbeat',
    async start() {
      if (timer) return;
      await db.sql.query('INSERT INTO replica (id, role, host, pid, seq) VALUES ($1, $2, $3, $4, $5)', [
        id,
        role,
        hostname(),
        process.pid,
        facts().seq.toString(),
      ]);
      let under = false;
      timer = setInterval(() => {
        if (under) return;
        under = true;
        beating = beat()
          .catch((error: unknown) => log.warn({ err: error }, 'the heartbeat could not be written'))
          .finally(() => {
            under = false;
          });
      }, beatEveryMs);
    },
    async stop() {
      if (timer) clearInterval(timer);
      timer = null;
      await beating;
      await db.sql.query(`UPDATE replica SET stopped_at = now(), streams = '[]' WHERE id = $1`, [id]).catch(() => {});
    },
  };
}
