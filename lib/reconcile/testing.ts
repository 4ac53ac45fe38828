// What the tests of registration and reconcile share: a real API server, a real database with two people in it, and the worker's own parts.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, type ClusterOptions, ensureKubernetesBinaries, startCluster } from '#e2e/stack/kubernetes.ts';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import type { Actor } from '#lib/audit/record.ts';
import { clusterHandlers } from '#lib/cluster/requests.ts';
import { generateSealingPair, openingKeyFromPem, sealingKeyFromPem } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { testDatabase } from '#lib/db/testing.ts';
import { seedBuiltinRoles } from '#lib/entitlement/mutations.ts';
import { loadWorld } from '#lib/entitlement/world.ts';
import { createLog } from '#lib/log/log.ts';
import { followWorld } from '#lib/revocation/follow-world.ts';
import { createReconciler } from './reconciler.ts';

export interface TestCluster {
  readonly cluster: Cluster;
  readonly adminKubeconfig: string;
  close(): Promise<void>;
}

export async function testCluster(name: string, options: Partial<ClusterOptions> = {}): Promise<TestCluster> {
  const directory = mkdtempSync(join(tmpdir(), `gatehouse-${name}-`));
  const binaries = await ensureKubernetesBinaries(consoleProgress);
  const warden = await createWarden();
  const cluster = await startCluster({ name, directory, binaries, warden, ...options });
  return {
    cluster,
    adminKubeconfig: readFileSync(cluster.adminKubeconfig, 'utf8'),
    async close() {
      await cluster.stop();
      await warden.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export type TestWorker = Awaited<ReturnType<typeof testWorker>>;

/** The worker, as lib/runtime composes it, without directory and answerer: requests are handed to the handlers directly. */
export async function testWorker() {
  const { db, installationId, drop } = await testDatabase();
  await seedBuiltinRoles(db);
  await seedPeople(db);
  const pair = generateSealingPair();
  const openingKey = openingKeyFromPem(pair.openingKeyPem);
  const sealingKey = sealingKeyFromPem(pair.sealingKeyPem);
  const log = createLog('test');
  const world = await loadWorld(db);
  const reconciler = createReconciler({ db, world, openingKey, log, workerId: 'w-test' });
  const feed = followWorld({
    db,
    log,
    world,
    onChanges: (changes) => reconciler.onChanges(changes),
  });
  const handlers = clusterHandlers({ db, world, openingKey, log });
  await feed.start();
  await reconciler.start();
  return {
    db,
    world,
    installationId,
    openingKey,
    sealingKey,
    log,
    reconciler,
    async ask(kind: string, input: unknown, secret?: unknown): Promise<unknown> {
      const handler = handlers[kind];
      if (!handler) throw new Error(`nobody answers ${kind}`);
      return handler({ id: 'rq-test', kind, askerId: 'p-carol', input, secret, progress: async () => {} });
    },
    async close() {
      await reconciler.stop();
      await feed.stop();
      await drop();
    },
  };
}

export const carol: Actor = { kind: 'person', id: 'p-carol', name: 'carol@corp.example' };

async function seedPeople(db: Database): Promise<void> {
  await db.sql.query(`
    INSERT INTO forest (id, name) VALUES ('f-1', 'corp.example');
    INSERT INTO directory (id, forest_id, domain, base_dn, settings, state) VALUES ('d-1', 'f-1', 'corp.example', 'DC=corp,DC=example', '{}', 'following');
    INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, upn, wire_name, display_name, user_account_control, state)
    SELECT 'p-' || n, 'f-1', 'd-1', ('00000000-0000-4000-8000-00000000000' || i)::uuid, 'CN=' || n, n, n || '@corp.example',
      'gatehouse:' || n || '@corp.example', n, 512, 'enabled' FROM (VALUES ('alice', 1), ('bob', 2), ('carol', 3)) AS p(n, i);
    INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
    VALUES ('g-devs', 'f-1', 'd-1', '00000000-0000-4000-8000-000000000010', 'CN=devs', 'devs', 'devs', -2147483646, true);
    INSERT INTO membership (group_id, member_id) VALUES ('g-devs', 'p-alice');`);
}

/** Waits until something holds, and says what did not when it never does. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}
