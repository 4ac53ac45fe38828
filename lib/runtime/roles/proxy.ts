/** The data plane: the door in front of the clusters, fed by the change feed alone. */
import { setAddressPolicy } from '#lib/cluster/address-policy.ts';
import { createDoorCredentials } from '#lib/cluster/door-credential.ts';
import type { Config } from '#lib/config/config.ts';
import { openingKeyFromPem } from '#lib/config/keys.ts';
import { openDatabase } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { loadWorld } from '#lib/entitlement/world.ts';
import type { Log } from '#lib/log/log.ts';
import { createDoor } from '#lib/proxy/door.ts';
import { followWorld } from '#lib/revocation/follow-world.ts';
import { addressPolicyOf } from '../own-addresses.ts';
import { createReplica } from '../replica.ts';
import { readRoleSecrets } from '../role-secrets.ts';
import type { Service } from '../service.ts';
import { closing, startServices } from '../services.ts';

/** Far above what the largest read takes, and short enough to be back soon after a database that vanished without a word. */
const databaseAnswersWithinMs = 60_000;

export async function startProxy(config: Config, log: Log): Promise<Service> {
  const secrets = await readRoleSecrets('proxy', config.secretsFile);
  setAddressPolicy(await addressPolicyOf(config, secrets.databaseUrl));
  const db = openDatabase(secrets.databaseUrl, { answerWithinMs: databaseAnswersWithinMs });
  const replicaId = newId('x');
  const world = await loadWorld(db);
  const doorCredentials = createDoorCredentials({ db, openingKey: openingKeyFromPem(secrets.openingKeyPem) });
  const feed = followWorld({
    db,
    log,
    world,
    onChanges: (changes) => door.onChanges(changes),
  });
  const door = createDoor({
    config,
    db,
    world,
    lease: feed,
    doorCredentials,
    hashKey: Buffer.from(secrets.hashKeyBase64, 'base64'),
    log,
    replicaId,
    tls: { cert: secrets.doorCertificatePem, key: secrets.doorKeyPem },
    streamsMax: config.proxy.streamsMax,
    drainMs: config.proxy.drainMs,
    sharesPort: config.proxy.sharesPort,
    limits: { connectionsPerAddress: config.proxy.connectionsPerAddress },
  });
  const replica = createReplica({
    db,
    log,
    id: replicaId,
    role: 'proxy',
    facts: () => ({ seq: feed.seq, streams: door.snapshotStreams() }),
  });
  return startServices('proxy', [closing(db), replica, feed, door], log);
}
