/**
 * Keeps the tokens of both accounts young: at half of its life each is replaced by a new one, got through the reconciler's account, which
 * may ask tokens for exactly these two. A replaced token is not revoked, only outlived: Kubernetes knows no way but deleting the account.
 * Off for longer than a token lives, a cluster shows `credential-invalid` and is repaired with a kubeconfig.
 */
import type { OpeningKey, SealingKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { createLease } from '#lib/db/lease.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from '#lib/runtime/service.ts';
import { clearWhatWasLeft } from './clear-away.ts';
import { createClusterClient } from './client.ts';
import { openReconcilerAccess, readClusterRows, readCredentialAges } from './data.ts';
import { renewTokens, type SealedToken } from './mutations.ts';
import { doorAccount, reconcilerAccount, systemNamespace, tokenLifetimeSeconds } from './names.ts';
import { type Account, sealToken } from './sealed-token.ts';

export interface RotationOptions {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly sealingKey: SealingKey;
  readonly log: Log;
  readonly workerId: string;
}

const lookEveryMs = 60_000;
const leaseSeconds = 120;

export function createRotation(options: RotationOptions): Service {
  const { db, log, workerId } = options;
  const lease = createLease(db, { name: 'cluster rotation', holder: workerId, seconds: leaseSeconds });
  let timer: NodeJS.Timeout | null = null;
  let working: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    if (!(await lease.acquire())) return;
    await clearWhatWasLeft({ db, openingKey: options.openingKey, log });
    for (const cluster of await readClusterRows(db, { removed: false })) {
      // One cluster that cannot be reached keeps no other from being renewed; it is tried again at the next look.
      await renewIfDue(options, cluster).catch((error: unknown) =>
        log.warn({ err: error, cluster: cluster.name }, 'the tokens of a cluster could not be renewed'),
      );
    }
  }

  return {
    name: 'token rotation',
    async start() {
      if (timer) return;
      const tick = () => {
        working = working.then(look).catch((error: unknown) => log.error({ err: error }, 'looking for tokens to renew failed'));
      };
      timer = setInterval(tick, lookEveryMs);
      tick();
    },
    async stop() {
      if (timer) clearInterval(timer);
      timer = null;
      await working;
      await lease.release().catch(() => {});
    },
  };
}

export async function renewIfDue(options: RotationOptions, cluster: { id: string; name: string }, now = new Date()): Promise<void> {
  const ages = await readCredentialAges(options.db, cluster.id);
  const due = (['door', 'reconciler'] as const).filter((account) => isDue(ages[account], now));
  if (due.length > 0) await renew(options, cluster, due);
}

export async function renew(
  { db, openingKey, sealingKey }: RotationOptions,
  cluster: { id: string; name: string },
  accounts: readonly Account[],
): Promise<void> {
  const { address, token } = await openReconcilerAccess(db, openingKey, cluster.id);
  const client = createClusterClient(address, { kind: 'token', token });
  try {
    const renewed: Partial<Record<Account, SealedToken>> = {};
    for (const account of accounts) {
      const name = account === 'door' ? doorAccount : reconcilerAccount;
      const issued = await client.requestToken(name, systemNamespace, tokenLifetimeSeconds);
      renewed[account] = { sealed: sealToken(sealingKey, cluster.id, account, issued.token), expiresAt: issued.expiresAt };
    }
    await renewTokens(db, cluster, renewed);
  } finally {
    await client.close();
  }
}

function isDue(credential: { renewedAt: Date; expiresAt: Date } | null, now: Date): boolean {
  if (!credential) return false;
  const halfLife = (credential.renewedAt.getTime() + credential.expiresAt.getTime()) / 2;
  return now.getTime() >= halfLife;
}
