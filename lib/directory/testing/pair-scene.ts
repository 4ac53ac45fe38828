/** A real domain of two domain controllers, the second joined to the first, followed by one or more processes: for this room's tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentProgress } from '#e2e/stack/progress.ts';
import { ensureSamba } from '#e2e/stack/samba.ts';
import { type Pair, startPair, type Which } from '#e2e/stack/samba-pair.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import { generateSealingPair, openingKeyFromPem, sealingKeyFromPem } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { testDatabase } from '#lib/db/testing.ts';
import { createLog } from '#lib/log/log.ts';
import { directoryHandlers } from '../requests.ts';
import { createDirectoryService, type DirectoryService } from '../service.ts';
import { eventually } from './eventually.ts';

export interface PairScene {
  readonly pair: Pair;
  readonly db: Database;
  readonly service: DirectoryService;
  ask(kind: string, input: unknown, secret?: unknown): Promise<unknown>;
  /** Settings that list both, `one` first, and the secret. */
  readonly input: Record<string, unknown>;
  readonly secret: { password: string };
  /** Another process that follows, as another worker would. */
  startWorker(workerId: string): Promise<Worker>;
  state(login: string): Promise<string | undefined>;
  isMember(login: string, group: string): Promise<boolean>;
  reads(): Promise<number>;
  rows<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Which of the two makes the rows now. */
  leader(): Promise<Which | null>;
  close(): Promise<void>;
}

export interface Worker {
  readonly process: ChildProcess;
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
}

const workerScript = fileURLToPath(new URL('./worker-process.ts', import.meta.url));

export async function pairScene(): Promise<PairScene> {
  await ensureSamba(silentProgress);
  const place = mkdtempSync(join(tmpdir(), 'gatehouse-two-'));
  const warden = await createWarden();
  const pair = await startPair({ directory: join(place, 'ad'), warden, progress: silentProgress });
  const test = await testDatabase();
  const { db } = test;
  const pems = generateSealingPair();
  const keys = { openingKey: openingKeyFromPem(pems.openingKeyPem), sealingKey: sealingKeyFromPem(pems.sealingKeyPem) };
  const log = createLog('pair test');
  const service = createDirectoryService({ db, ...keys, log, workerId: 'w-test' });
  const handlers = directoryHandlers({ db, ...keys, log, service });
  const workers: ChildProcess[] = [];
  const rows = async <Row extends object>(sql: string, values: unknown[] = []) => (await db.sql.query<Row>(sql, values)).rows;
  return {
    pair,
    db,
    service,
    rows,
    input: { urls: [pair.one.url, pair.two.url], caPem: pair.caPem, bindDn: pair.one.followerDn },
    secret: { password: pair.one.followerPassword },
    async ask(kind, input, secret) {
      const handler = handlers[kind];
      if (!handler) throw new Error(`nobody answers ${kind}`);
      return handler({ id: 'rq-test', kind, askerId: null, input, secret, progress: async () => {} });
    },
    async startWorker(workerId) {
      const child = spawn(process.execPath, [workerScript], { stdio: ['pipe', 'pipe', 'inherit'] });
      workers.push(child);
      child.stdin.end(JSON.stringify({ databaseUrl: test.url, ...pems, workerId }));
      await once(child.stdout, 'data');
      // Whatever it logs must not fill the pipe.
      child.stdout.resume();
      return { process: child, signal: (name) => void child.kill(name) };
    },
    state: async (login) => (await rows<{ state: string }>('SELECT state FROM person WHERE sam_account_name = $1', [login]))[0]?.state,
    isMember: async (login, group) =>
      (
        await rows(
          `SELECT 1 FROM membership m JOIN person p ON p.id = m.member_id JOIN directory_group g ON g.id = m.group_id
           WHERE p.sam_account_name = $1 AND g.name = $2`,
          [login, group],
        )
      ).length > 0,
    reads: async () => (await rows(`SELECT 1 FROM audit_event WHERE event = 'directory.read'`)).length,
    async leader() {
      const [row] = await rows<{ url: string }>(
        `SELECT url FROM domain_controller WHERE state = 'following' AND state_detail IS NULL ORDER BY fresh_at DESC NULLS LAST`,
      );
      return row ? (row.url === pair.one.url ? 'one' : 'two') : null;
    },
    async close() {
      for (const child of workers) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGCONT');
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await service.stop();
      await test.drop();
      await pair.stop();
      await warden.close();
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** Both are followed, and it is known which of them leads. */
export async function bothFollowed(scene: PairScene): Promise<void> {
  await eventually(async () => {
    const controllers = await scene.rows<{ state: string }>('SELECT state FROM domain_controller');
    return controllers.length === 2 && controllers.every(({ state }) => state === 'following') && (await scene.leader()) !== null;
  }, 60_000);
}
