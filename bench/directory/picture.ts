/** The picture in memory that every process decides by: how long it takes to load, what it holds, and how long all closures of it take. */
import type { Database } from '#lib/db/database.ts';
import { loadWorld, type World } from '#lib/entitlement/world.ts';

export interface Picture {
  readonly world: World;
  readonly loadSeconds: number;
  readonly bytes: number;
  readonly closureSeconds: number;
  /** Memberships, direct and nested, of all people together. */
  readonly closed: number;
}

export async function measurePicture(db: Database): Promise<Picture> {
  global.gc?.();
  const before = process.memoryUsage().heapUsed + process.memoryUsage().external;
  const began = performance.now();
  const world = await loadWorld(db);
  const loadSeconds = (performance.now() - began) / 1_000;
  global.gc?.();
  const bytes = process.memoryUsage().heapUsed + process.memoryUsage().external - before;
  const begun = performance.now();
  let closed = 0;
  for (const { id } of world.people()) closed += world.groupsOf(id).size;
  return { world, loadSeconds, bytes, closureSeconds: (performance.now() - begun) / 1_000, closed };
}
