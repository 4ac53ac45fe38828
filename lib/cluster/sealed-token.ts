// How a cluster's two tokens lie in the database: sealed, each under a context that names cluster and account, so that rows cannot be swapped.
import { createPublicKey } from 'node:crypto';
import { type OpeningKey, open, type SealingKey, seal } from '#lib/config/keys.ts';

export type Account = 'door' | 'reconciler';

export function sealToken(key: SealingKey, clusterId: string, account: Account, token: string): Buffer {
  return seal(key, Buffer.from(token, 'utf8'), contextOf(clusterId, account));
}

export function openToken(key: OpeningKey, clusterId: string, account: Account, sealed: Uint8Array): string {
  return open(key, sealed, contextOf(clusterId, account)).toString('utf8');
}

/** Whoever may open may also seal: the worker needs no second file to renew what it holds. */
export function sealingKeyOf(key: OpeningKey): SealingKey {
  return { publicKey: createPublicKey(key.privateKey) };
}

function contextOf(clusterId: string, account: Account): string {
  return `cluster:${clusterId}:${account}`;
}
