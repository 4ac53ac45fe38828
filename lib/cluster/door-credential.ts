/**
 * The door's credential of each cluster, opened once and held in memory. `forget` is called for every change of a cluster, so that a renewed
 * token is used from the next request on; a token near its end is read again in any case, for the change may have been missed.
 */
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { fault } from '#lib/errors/fault.ts';
import { readDoorCredential } from './data.ts';
import { openToken } from './sealed-token.ts';

export interface DoorCredentials {
  token(clusterId: string): Promise<string>;
  forget(clusterId: string): void;
}

const readAgainAfterMs = 60_000;

export function createDoorCredentials({ db, openingKey }: { db: Database; openingKey: OpeningKey }): DoorCredentials {
  const held = new Map<string, { token: Promise<string>; readAt: number }>();

  async function read(clusterId: string): Promise<string> {
    const row = await readDoorCredential(db, clusterId);
    if (!row) throw invalid(`no door credential of ${clusterId}`);
    if (row.expiresAt.getTime() <= Date.now())
      throw invalid(`the door credential of ${clusterId} expired at ${row.expiresAt.toISOString()}`);
    return openToken(openingKey, clusterId, 'door', row.sealed);
  }

  return {
    token(clusterId) {
      const known = held.get(clusterId);
      if (known && performance.now() - known.readAt < readAgainAfterMs) return known.token;
      const token = read(clusterId);
      held.set(clusterId, { token, readAt: performance.now() });
      // A failure is not remembered: the next request asks anew.
      token.catch(() => {
        if (held.get(clusterId)?.token === token) held.delete(clusterId);
      });
      return token;
    },
    forget(clusterId) {
      held.delete(clusterId);
    },
  };
}

function invalid(detail: string) {
  return fault(
    'upstream',
    'cluster.credential-invalid',
    'Gatehouse’s own credential for this cluster is no longer valid. An administrator can repair the cluster in the portal.',
    { detail },
  );
}
