/**
 * What the worker does about directories, as `lib/runtime/roles/worker.ts` composes it: world, change feed and directory service in one process.
 * Says in a line of JSON when it is ready; at SIGUSR1 it reads its directories anew.
 */
import { readFileSync } from 'node:fs';
import { openingKeyFromPem, sealingKeyFromPem } from '#lib/config/keys.ts';
import { openDatabase } from '#lib/db/database.ts';
import { loadDirectories } from '#lib/directory/data.ts';
import { createDirectoryService } from '#lib/directory/service.ts';
import { loadWorld } from '#lib/entitlement/world.ts';
import { createLog } from '#lib/log/log.ts';
import { followWorld } from '#lib/revocation/follow-world.ts';
import type { WorkerFacts } from './stage.ts';

const facts = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as WorkerFacts;
const log = createLog('worker');
const db = openDatabase(facts.databaseUrl, { max: 16 });
const began = performance.now();
const world = await loadWorld(db);
const worldMs = performance.now() - began;
const directory = createDirectoryService({
  db,
  openingKey: openingKeyFromPem(facts.openingKeyPem),
  sealingKey: sealingKeyFromPem(facts.sealingKeyPem),
  log,
  workerId: 'w-bench',
});
const feed = followWorld({ db, log, world, onChanges: (changes) => directory.onChanges(changes) });
await feed.start();
await directory.start();

process.on('SIGUSR1', async () => {
  for (const { id } of await loadDirectories(db)) directory.readAgain(id, { removalsApproved: false });
});
process.once('SIGTERM', async () => {
  await directory.stop();
  await feed.stop();
  await db.close();
  process.exit(0);
});
process.stdout.write(`${JSON.stringify({ worldMs, people: [...world.people()].length })}\n`);
