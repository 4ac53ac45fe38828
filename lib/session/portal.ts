/**
 * The portal process' own singletons: its database, and its World, loaded once and then followed by the change feed. A portal whose feed
 * has not read within its lease answers 503: its idea of who is live could be old. Opened by the first request, once for all bundles.
 */
import { performance } from 'node:perf_hooks';
import type { PortalConfig } from '#lib/api/context.ts';
import { type SealingKey, sealingKeyFromPem } from '#lib/config/keys.ts';
import { createUsage, type Usage } from '#lib/credential/usage.ts';
import { type Database, openDatabase } from '#lib/db/database.ts';
import { loadWorld, type World } from '#lib/entitlement/world.ts';
import { fault } from '#lib/errors/fault.ts';
import { createLog, type Log } from '#lib/log/log.ts';
import type { Feed } from '#lib/revocation/feed.ts';
import { followWorld } from '#lib/revocation/follow-world.ts';
import { type PortalDependencies, portalDependencies } from './portal-dependencies.ts';

export type Portal = {
  readonly db: Database;
  readonly world: World;
  readonly feed: Feed;
  readonly config: PortalConfig;
  readonly sealingKey: SealingKey;
  readonly hashKey: Buffer;
  readonly authSecret: string;
  readonly log: Log;
  /** Last uses of API tokens. */
  readonly usage: Pick<Usage, 'note'>;
  close(): Promise<void>;
};

const place = Symbol.for('gatehouse.portal');
type Place = { [place]?: Promise<Portal> };

/** The portal, if it may decide right now. */
export async function portal(): Promise<Portal> {
  const opened = await openedPortal();
  if (!opened.feed.leaseIsGood()) {
    throw fault(
      'unavailable',
      'session.lease-over',
      'The portal cannot tell just now what is still true, so it says nothing. Try again in a moment.',
      {
        retryAfterSeconds: 5,
        detail: 'the change feed has not been read within its lease; is Postgres reachable?',
      },
    );
  }
  return opened;
}

async function openedPortal(): Promise<Portal> {
  const shared = globalThis as Place;
  shared[place] ??= openPortal(portalDependencies());
  try {
    return await shared[place];
  } catch (error) {
    delete shared[place];
    throw fault('unavailable', 'session.portal-not-ready', 'The portal cannot reach its database. Try again in a moment.', {
      cause: error,
      retryAfterSeconds: 5,
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}

/** At the end of the process: what is still to be written is written. */
export async function closePortal(): Promise<void> {
  const shared = globalThis as Place;
  const opened = await shared[place]?.catch(() => null);
  delete shared[place];
  await opened?.close();
}

export async function openPortal(given: PortalDependencies): Promise<Portal> {
  const log = createLog('portal');
  const db = openDatabase(given.databaseUrl);
  try {
    const world = await loadWorld(db);
    const feed = followWorld({ db, log, world });
    const usage = createUsage({ db, log });
    await feed.start();
    await usage.start();
    return {
      db,
      world,
      feed,
      config: {
        portalUrl: given.portalUrl,
        proxyUrl: given.proxyUrl,
        proxyCaPem: given.proxyCaPem,
        joinImage: given.joinImage ?? null,
        breakGlass: given.breakGlass ?? true,
      },
      sealingKey: sealingKeyFromPem(given.sealingKeyPem),
      hashKey: Buffer.from(given.hashKeyBase64, 'base64'),
      authSecret: given.authSecret,
      log,
      usage,
      async close() {
        await usage.stop();
        await feed.stop();
        await db.close();
      },
    };
  } catch (error) {
    await db.close();
    throw error;
  }
}

const catchUpMs = 2_000;

/** Waits until this portal has read everything committed so far, so that whoever wrote sees what they wrote on the next page. */
export async function catchUp({ db, feed }: Portal): Promise<void> {
  const { rows } = await db.sql.query<{ seq: string }>('SELECT seq FROM change_counter');
  const goal = BigInt(rows[0]?.seq ?? 0);
  const deadline = performance.now() + catchUpMs;
  while (feed.seq < goal && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
}
