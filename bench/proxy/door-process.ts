/**
 * One process of the door, as `lib/runtime/roles/proxy.ts` composes it: world, change feed, credentials, registry, metrics, all of it real. The
 * one thing given instead of read is our own token at each cluster. Says in lines of JSON when it is ready, and at SIGUSR2 what it holds.
 */
import { readFileSync } from 'node:fs';
import { setAddressPolicy } from '#lib/cluster/address-policy.ts';
import { openDatabase } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { loadWorld } from '#lib/entitlement/world.ts';
import { createLog } from '#lib/log/log.ts';
import { createDoor } from '#lib/proxy/door.ts';
import { followWorld } from '#lib/revocation/follow-world.ts';
import { createReplica } from '#lib/runtime/replica.ts';
import type { DoorProcessFacts } from './parts.ts';

const facts = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as DoorProcessFacts;
// The bench has its clusters on this machine.
setAddressPolicy({ loopback: true, own: [] });
const log = createLog('proxy');
const db = openDatabase(facts.databaseUrl);
const world = await loadWorld(db);
const replicaId = newId('x');
const feed = followWorld({
  db,
  log,
  world,
  onChanges: (changes) => door.onChanges(changes),
});
const door = createDoor({
  config: { proxy: { host: '127.0.0.1', port: facts.port, metricsHost: '127.0.0.1', metricsPort: 0 } },
  db,
  world,
  lease: feed,
  doorCredentials: { token: async (clusterId) => facts.tokens[clusterId] ?? '', forget: () => {} },
  hashKey: Buffer.from(facts.hashKeyBase64, 'base64'),
  log,
  replicaId,
  tls: facts.tls,
  sharesPort: facts.shared,
});
const replica = createReplica({ db, log, id: replicaId, role: 'proxy', facts: () => ({ seq: feed.seq, streams: door.snapshotStreams() }) });
await replica.start();
await feed.start();
await door.start();

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
process.on('SIGUSR2', () => {
  global.gc?.();
  say({ ...process.memoryUsage(), streams: door.snapshotStreams().length });
});
process.once('SIGTERM', async () => {
  await door.stop();
  await feed.stop();
  await replica.stop();
  await db.close();
  process.exit(0);
});
say({ port: door.port });
