import type { Database } from '#lib/db/database.ts';
import type { Change } from '#lib/db/topics.ts';
import type { World } from '#lib/entitlement/world.ts';
import type { Log } from '#lib/log/log.ts';
import { createFeed, type Feed } from './feed.ts';

export interface FollowWorldOptions {
  readonly db: Database;
  readonly log: Log;
  readonly world: World;
  /** Once the world has taken the changes in, so that whoever decides by it decides on them. */
  onChanges?(changes: readonly Change[]): Promise<void> | void;
}

/** Keeps a world in step with the database, from the change on at which it was loaded. */
export function followWorld({ db, log, world, onChanges }: FollowWorldOptions): Feed {
  return createFeed({
    db,
    log,
    from: world.seq,
    async onChanges(changes) {
      await world.apply(changes, db);
      await onChanges?.(changes);
    },
  });
}
