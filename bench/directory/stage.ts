/** What stands around the measured worker: a domain controller with the crowd, a real database that keeps what it is told, and the keys. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { type Directory, ensureSamba, startDirectory } from '#e2e/stack/samba.ts';
import type { Warden } from '#e2e/stack/warden.ts';
import { generateSealingPair } from '#lib/config/keys.ts';
import { type Database, openDatabase } from '#lib/db/database.ts';
import { ensureInstallation } from '#lib/db/installation.ts';
import { migrate } from '#lib/db/migrate.ts';
import { connectDomain } from '#lib/directory/testing/connect.ts';
import { seedBuiltinRoles } from '#lib/entitlement/mutations.ts';
import { startEmbeddedPostgres } from '#lib/runtime/embedded-postgres.ts';
import { engineFor } from '#lib/runtime/engine-options.ts';
import { type Part, startPart } from '../proxy/parts.ts';
import { type Crowd, placeCrowd } from './crowd.ts';

export interface WorkerFacts {
  readonly databaseUrl: string;
  readonly openingKeyPem: string;
  readonly sealingKeyPem: string;
}

export interface Stage {
  readonly folder: string;
  readonly ad: Directory;
  readonly db: Database;
  readonly databaseUrl: string;
  startWorker(nodeOptions?: readonly string[]): Promise<Worker>;
  /** Connects the domain; whoever works on the database begins to read it. */
  connect(): Promise<string>;
  stop(): Promise<void>;
}

export interface Worker extends Part {
  readonly pid: number;
  readonly worldMs: number;
  /** The most memory it ever held, in bytes. */
  peakBytes(): number;
  readAgain(): void;
  stop(): Promise<void>;
}

export async function setStage({ folder, warden, crowd }: { folder: string; warden: Warden; crowd: Crowd }): Promise<Stage> {
  await ensureSamba(consoleProgress);
  await placeCrowd(crowd, join(folder, 'ad'), consoleProgress);
  const ad = await startDirectory({ directory: join(folder, 'ad'), warden, progress: consoleProgress });
  const postgres = await startEmbeddedPostgres({ directory: join(folder, 'postgres'), warden });
  await migrate(postgres.url);
  const db = openDatabase(postgres.url);
  await ensureInstallation(db);
  await seedBuiltinRoles(db);
  const keys = generateSealingPair();
  const factsFile = join(folder, 'worker.json');
  const facts: WorkerFacts = { databaseUrl: postgres.url, ...keys };
  writeFileSync(factsFile, JSON.stringify(facts), { mode: 0o600 });

  return {
    folder,
    ad,
    db,
    databaseUrl: postgres.url,
    async startWorker(nodeOptions = []) {
      const { options, environment } = engineFor('worker');
      const args = [...options, ...nodeOptions, join(import.meta.dirname, 'worker-process.ts'), factsFile];
      const part = startPart(warden, 'worker', process.execPath, args, environment);
      const { worldMs } = await part.next<{ worldMs: number }>();
      const { pid } = part.process;
      return {
        ...part,
        pid,
        worldMs,
        peakBytes: () => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024,
        readAgain: () => part.process.kill('SIGUSR1'),
        stop: () => part.process.stop({ timeoutMs: 30_000 }),
      };
    },
    connect: () =>
      connectDomain(db, ad, keys.sealingKeyPem, {
        urls: [ad.url],
        serverName: ad.serverName,
        caPem: ad.caPem,
        bindDn: ad.followerDn,
        scopeDns: [],
      }),
    async stop() {
      await db.close();
      await postgres.stop();
      await ad.stop();
    },
  };
}
