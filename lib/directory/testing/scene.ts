/** A real domain, a real database and the directory room between them, for this room's tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentProgress } from '#e2e/stack/progress.ts';
import { type Directory, ensureSamba, startDirectory } from '#e2e/stack/samba.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import { generateSealingPair, openingKeyFromPem, sealingKeyFromPem } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { testDatabase } from '#lib/db/testing.ts';
import { createLog } from '#lib/log/log.ts';
import { createAnswerer, type Handler } from '#lib/request/answer.ts';
import { pose } from '#lib/request/ask.ts';
import { directoryHandlers } from '../requests.ts';
import { createDirectoryService, type DirectoryService } from '../service.ts';
import { eventually } from './eventually.ts';

export interface Scene {
  readonly ad: Directory;
  readonly db: Database;
  readonly service: DirectoryService;
  /** Runs a request as the answerer would. */
  ask(kind: string, input: unknown, secret?: unknown): Promise<unknown>;
  /** Poses a request as the portal would, has it answered, and gives its row's id. */
  pose(kind: string, input: unknown, secret?: unknown): Promise<string>;
  readonly progress: string[];
  /** Settings as an admin would enter them; with `seesDeleted` the sync account may see tombstones. */
  settings(options?: { seesDeleted?: boolean }): { input: Record<string, unknown>; secret: { password: string } };
  close(): Promise<void>;
}

export async function directoryScene(): Promise<Scene> {
  await ensureSamba(silentProgress);
  const place = mkdtempSync(join(tmpdir(), 'gatehouse-room-'));
  const warden = await createWarden();
  const ad = await startDirectory({ directory: join(place, 'ad'), warden, progress: silentProgress });
  const test = await testDatabase();
  const { db } = test;
  const pair = generateSealingPair();
  const keys = { openingKey: openingKeyFromPem(pair.openingKeyPem), sealingKey: sealingKeyFromPem(pair.sealingKeyPem) };
  const log = createLog('directory test');
  const service = createDirectoryService({ db, ...keys, log, workerId: 'w-test' });
  const handlers: Record<string, Handler> = directoryHandlers({ db, ...keys, log, service });
  const progress: string[] = [];
  return {
    ad,
    db,
    service,
    progress,
    async ask(kind, input, secret) {
      const handler = handlers[kind];
      if (!handler) throw new Error(`nobody answers ${kind}`);
      const report = async ({ text }: { text: string }) => void progress.push(text);
      return handler({ id: 'rq-test', kind, askerId: null, input, secret, progress: report });
    },
    async pose(kind, input, secret) {
      const answerer = createAnswerer({ db, openingKey: keys.openingKey, log, workerId: 'w-test', handlers });
      await answerer.start();
      try {
        const id = await pose(db, { kind, input, secret, sealingKey: keys.sealingKey });
        const state = async () => (await db.sql.query<{ state: string }>('SELECT state FROM request WHERE id = $1', [id])).rows[0]?.state;
        await eventually(async () => ['done', 'failed'].includes((await state()) ?? ''), 60_000);
        return id;
      } finally {
        await answerer.stop();
      }
    },
    settings: ({ seesDeleted = true } = {}) => ({
      input: {
        urls: [ad.url],
        serverName: ad.serverName,
        caPem: ad.caPem,
        bindDn: seesDeleted ? ad.followerDn : ad.serviceDn,
      },
      secret: { password: seesDeleted ? ad.followerPassword : ad.servicePassword },
    }),
    async close() {
      await service.stop();
      await test.drop();
      await ad.stop();
      await warden.close();
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** The same, followed: its first complete read is done. */
export async function followedDirectoryScene(): Promise<Scene> {
  const scene = await directoryScene();
  await scene.service.start();
  const { input, secret } = scene.settings();
  await scene.ask('directory.connect', input, secret);
  return scene;
}
