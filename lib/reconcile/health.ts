/**
 * What a look at a cluster finds, for people to read: does it answer, how fast, with which certificate until when, and if not, since how many
 * tries and when again. And once a minute what a kept connection does not show: that a new one would still be let through (the certificate
 * comes from a registered authority), and that the cluster still knows the door's account, whose token is renewed here when it does not.
 */
import { type ClusterClient, createClusterClient } from '#lib/cluster/client.ts';
import { ClusterError } from '#lib/cluster/cluster-error.ts';
import { openDoorToken, readCredentialAges } from '#lib/cluster/data.ts';
import { writeCertificate, writeFailure, writeReached } from '#lib/cluster/health-data.ts';
import { readKubeSystemUid } from '#lib/cluster/probe.ts';
import { renew } from '#lib/cluster/rotate.ts';
import { sealingKeyOf } from '#lib/cluster/sealed-token.ts';
import { readServerCertificate } from '#lib/cluster/server-certificate.ts';
import type { ClusterAddress } from '#lib/cluster/way.ts';
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import type { Log } from '#lib/log/log.ts';

export interface HealthOptions {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly log: Log;
  readonly workerId: string;
  readonly clusterId: string;
}

export interface Health {
  /** The UID of kube-system, as the cluster says it now. */
  look(client: ClusterClient): Promise<string>;
  /** Throws when no new connection would be trusted, or the door's account is unknown and cannot be given a token. */
  lookCloser(address: ClusterAddress, cluster: { id: string; name: string }): Promise<void>;
  failed(failure: { failures: number; retryInMs: number; message: string; strangerUid: string | null }): Promise<void>;
}

/** A token that was renewed this lately and is refused all the same is not mended by another. */
const renewAgainAfterMs = 120_000;

export function createHealth({ db, openingKey, log, workerId, clusterId }: HealthOptions): Health {
  const written = (write: Promise<void>) =>
    write.catch((error: unknown) => log.warn({ err: error, cluster: clusterId }, 'the health of a cluster could not be written'));

  async function requireTrusted(address: ClusterAddress): Promise<void> {
    try {
      await written(writeCertificate(db, clusterId, await readServerCertificate(address)));
    } catch (error) {
      // One connection that did not come about is a moment's loss; one that must not come about is news.
      if (error instanceof ClusterError && error.kind !== 'unreachable') throw error;
      log.info({ err: error, cluster: clusterId }, 'the certificate of a cluster could not be looked at');
    }
  }

  async function requireDoorKnown(address: ClusterAddress, cluster: { id: string; name: string }): Promise<void> {
    if (await isDoorKnown(address)) return;
    const { door } = await readCredentialAges(db, clusterId);
    if (door && Date.now() - door.renewedAt.getTime() < renewAgainAfterMs) throw lost();
    log.warn({ cluster: cluster.name }, 'the cluster no longer knows the door’s token; it is renewed');
    try {
      await renew({ db, openingKey, sealingKey: sealingKeyOf(openingKey), log, workerId }, cluster, ['door']);
    } catch (error) {
      if (error instanceof ClusterError && ['missing', 'forbidden', 'unauthorized'].includes(error.kind)) throw lost(error);
      throw error;
    }
  }

  async function isDoorKnown(address: ClusterAddress): Promise<boolean> {
    let door: ClusterClient | null = null;
    try {
      door = createClusterClient(address, { kind: 'token', token: await openDoorToken(db, openingKey, clusterId) });
      await door.whoAmI();
      return true;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      // Whatever else it is, it is no word about the token.
      return error.kind !== 'unauthorized';
    } finally {
      await door?.close();
    }
  }

  return {
    async look(client) {
      const began = performance.now();
      const uid = await readKubeSystemUid(client);
      await written(writeReached(db, clusterId, performance.now() - began));
      return uid;
    },
    async lookCloser(address, cluster) {
      await requireTrusted(address);
      await requireDoorKnown(address, cluster);
    },
    failed: (failure) => written(writeFailure(db, clusterId, failure)),
  };
}

function lost(cause?: unknown): ClusterError {
  return new ClusterError('unauthorized', 'the cluster does not know the door’s account, and gives no token for it', { cause });
}
