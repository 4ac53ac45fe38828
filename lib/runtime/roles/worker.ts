/** Everything that acts on the outside: follows the directories, converges the clusters, answers what the portal asks, sweeps. */

import { breakGlassHandlers, endSessionsIfConfiguredOff } from '#lib/breakglass/requests.ts';
import { setAddressPolicy } from '#lib/cluster/address-policy.ts';
import { clusterHandlers } from '#lib/cluster/requests.ts';
import { createRotation } from '#lib/cluster/rotate.ts';
import type { Config } from '#lib/config/config.ts';
import { openingKeyFromPem, sealingKeyFromPem } from '#lib/config/keys.ts';
import { createIdleEnd } from '#lib/credential/idle.ts';
import { openDatabase } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { directoryHandlers } from '#lib/directory/requests.ts';
import { createDirectoryService } from '#lib/directory/service.ts';
import { seedBuiltinRoles } from '#lib/entitlement/mutations.ts';
import { loadWorld } from '#lib/entitlement/world.ts';
import type { Log } from '#lib/log/log.ts';
import { createReconciler } from '#lib/reconcile/reconciler.ts';
import { createAnswerer } from '#lib/request/answer.ts';
import { followWorld } from '#lib/revocation/follow-world.ts';
import { createReceipts } from '#lib/revocation/receipt.ts';
import { createHousekeeping } from '../housekeeping.ts';
import { addressPolicyOf } from '../own-addresses.ts';
import { createReplica } from '../replica.ts';
import { readRoleSecrets } from '../role-secrets.ts';
import type { Service } from '../service.ts';
import { closing, startServices } from '../services.ts';

export async function startWorker(config: Config, log: Log): Promise<Service> {
  const secrets = await readRoleSecrets('worker', config.secretsFile);
  setAddressPolicy(await addressPolicyOf(config, secrets.databaseUrl));
  const openingKey = openingKeyFromPem(secrets.openingKeyPem);
  const sealingKey = sealingKeyFromPem(secrets.sealingKeyPem);
  const db = openDatabase(secrets.databaseUrl, { max: 16 });
  await seedBuiltinRoles(db);
  const world = await loadWorld(db);
  const breakGlass = { db, world, openingKey, sealingKey, log, available: config.breakGlass };
  await endSessionsIfConfiguredOff(breakGlass);
  const workerId = newId('w');

  const directory = createDirectoryService({ db, openingKey, sealingKey, log, workerId });
  const reconciler = createReconciler({ db, world, openingKey, log, workerId });
  const receipts = createReceipts({ db, log });
  const answerer = createAnswerer({
    db,
    openingKey,
    log,
    workerId,
    handlers: {
      ...directoryHandlers({ db, openingKey, sealingKey, log, service: directory }),
      ...clusterHandlers({ db, world, openingKey, log }),
      ...breakGlassHandlers(breakGlass),
    },
  });
  const feed = followWorld({
    db,
    log,
    world,
    onChanges(changes) {
      reconciler.onChanges(changes);
      directory.onChanges(changes);
      receipts.onChanges(changes);
      if (changes.some(({ topic }) => topic === 'request')) answerer.wake();
    },
  });
  const replica = createReplica({ db, log, id: workerId, role: 'worker', facts: () => ({ seq: feed.seq, streams: [] }) });
  const rotation = createRotation({ db, openingKey, sealingKey, log, workerId });
  return startServices(
    'worker',
    [
      closing(db),
      replica,
      feed,
      directory,
      reconciler,
      rotation,
      receipts,
      createHousekeeping({ db, log }),
      createIdleEnd({ db, log }),
      answerer,
    ],
    log,
  );
}
