/** One change taken in, as a follower does it once it has heard: what is known of it, the plan, the rows, and the picture in memory. */
import type { Database } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { createLease, type Lease } from '#lib/db/lease.ts';
import type { Change } from '#lib/db/topics.ts';
import { loadDirectories, loadKnownAbout, loadLivingPerson } from '#lib/directory/data.ts';
import { applyPlan } from '#lib/directory/plan/apply.ts';
import { planChanges } from '#lib/directory/plan/plan.ts';
import { namesOf } from '#lib/directory/plan/story.ts';
import type { Directory, Observation } from '#lib/directory/types.ts';
import type { World } from '#lib/entitlement/world.ts';
import { median } from '../proxy/measure.ts';

export interface Deltas {
  /** Milliseconds: the rows, and the picture after them. */
  readonly one: { readonly rows: number; readonly picture: number };
  readonly many: { readonly rows: number; readonly picture: number; readonly members: number };
}

const rounds = 15;
const newcomers = 500;

export async function measureDeltas(db: Database, world: World): Promise<Deltas> {
  const [directory] = await loadDirectories(db);
  if (!directory) throw new Error('no directory is connected');
  const lease = createLease(db, { name: 'bench', holder: 'bench', seconds: 600 });
  await lease.acquire();
  const ground = { db, world, directory, lease };
  const { rows: people } = await db.sql.query<{ id: string }>(`SELECT id FROM person WHERE state = 'enabled' ORDER BY id LIMIT $1`, [
    rounds,
  ]);
  const ones: Taken[] = [];
  for (const { id } of people) {
    const person = await loadLivingPerson(db, id);
    if (!person) continue;
    const facts = { ...person, title: `${person.title} (promoted)`, groupGuids: null };
    ones.push(await takeIn(ground, { kind: 'delta', people: [facts], groups: [], links: [], gone: [] }));
  }
  const { rows } = await db.sql.query<{ groupId: string; groupGuid: string; members: number }>(
    `SELECT g.id AS "groupId", g.object_guid AS "groupGuid", count(*)::int AS members FROM membership m JOIN directory_group g ON g.id = m.group_id
     WHERE NOT m.is_primary GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 1`,
  );
  const [largest] = rows;
  if (!largest) throw new Error('no group has members');
  const { rows: strangers } = await db.sql.query<{ guid: string }>(
    `SELECT object_guid AS guid FROM person p WHERE state = 'enabled' AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.member_id = p.id AND m.group_id = $1)
     ORDER BY id LIMIT $2`,
    [largest.groupId, newcomers * 5],
  );
  const manys: Taken[] = [];
  for (let n = 0; n < 5; n += 1) {
    const links = strangers
      .slice(n * newcomers, (n + 1) * newcomers)
      .map(({ guid }) => ({ groupGuid: largest.groupGuid, memberGuid: guid, present: true }));
    manys.push(await takeIn(ground, { kind: 'delta', people: [], groups: [], links, gone: [] }));
  }
  await lease.release();
  return { one: middle(ones), many: { ...middle(manys), members: largest.members } };
}

interface Taken {
  readonly rows: number;
  readonly picture: number;
}

function middle(taken: readonly Taken[]): Taken {
  return { rows: median(taken.map(({ rows }) => rows)), picture: median(taken.map(({ picture }) => picture)) };
}

async function takeIn(
  { db, world, directory, lease }: { db: Database; world: World; directory: Directory; lease: Lease },
  observation: Observation,
): Promise<Taken> {
  const began = performance.now();
  const known = await loadKnownAbout(db, directory, observation);
  const plan = planChanges({ directory, known, observation, now: new Date(), alone: true, removalsApproved: false, newId });
  const names = namesOf(known, plan);
  await applyPlan({ db, directory, plan, names, evidenceAt: new Date(), lease, controllerId: '', position: null });
  const rows = performance.now() - began;
  const { rows: changes } = await db.sql.query<Omit<Change, 'seq'> & { seq: string }>(
    'SELECT seq, topic, key FROM change WHERE seq > $1 ORDER BY seq',
    [String(world.seq)],
  );
  const told = performance.now();
  await world.apply(
    changes.map((change) => ({ ...change, seq: BigInt(change.seq) })),
    db,
  );
  return { rows, picture: performance.now() - told };
}
