import { afterAll, beforeAll, expect, it } from 'vitest';
import { changing } from '#lib/db/database.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import type { Change } from '#lib/db/topics.ts';
import { developerId } from './builtin-roles.ts';
import { createGrant, seedBuiltinRoles } from './mutations.ts';
import { placeOf } from './scope.ts';
import { seedDirectory } from './testing-directory.ts';
import type { World } from './types.ts';
import { loadWorld } from './world.ts';

const people = 30_000;

let test: TestDatabase;
let world: World;

beforeAll(async () => {
  test = await testDatabase();
  await seedBuiltinRoles(test.db);
  await seedDirectory(test.db);
  await changing(test.db, (tx, touch) =>
    createGrant(
      tx,
      touch,
      {
        roleId: developerId,
        place: placeOf({ kind: 'namespaces', namespaces: ['shop'] }),
        subject: { kind: 'group', id: 'g-devs', name: 'devs' },
        until: null,
        reason: '',
        where: 'shop',
      },
      { kind: 'system', name: 'test' },
    ),
  );
  world = await loadWorld(test.db);
  await test.db.sql.query(
    `INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, wire_name, display_name, user_account_control, state)
     SELECT 'p-n' || i, 'f-corp', 'd-corp', gen_random_uuid(), 'CN=n' || i, 'n' || i, 'gatehouse:n' || i, 'n' || i, 512, 'enabled'
     FROM generate_series(1, $1::int) AS i`,
    [people],
  );
  await test.db.sql.query("INSERT INTO membership (group_id, member_id) SELECT 'g-devs', id FROM person WHERE id LIKE 'p-n%'");
});
afterAll(() => test.drop());

async function changesAfter(seq: bigint): Promise<Change[]> {
  const { rows } = await test.db.sql.query('SELECT seq, topic, key FROM change WHERE seq > $1 ORDER BY seq', [seq.toString()]);
  return rows.map((row) => ({ ...row, seq: BigInt(row.seq) }) as Change);
}

it('somebody disabled while a large directory is taken over is out before it is done, and stays out after', async () => {
  await changing(test.db, async (_tx, touch) => touch('directory', 'd-corp'));
  const takingOver = world.apply(await changesAfter(world.seq), test.db);

  await test.db.sql.query("UPDATE person SET user_account_control = 514, state = 'disabled' WHERE id = 'p-alice'");
  await changing(test.db, async (_tx, touch) => touch('person', 'p-alice'));
  await world.apply(
    (await changesAfter(world.seq)).filter(({ topic }) => topic === 'person'),
    test.db,
  );
  expect(world.standing('p-alice', new Date())).toEqual({ reason: 'disabled' });

  await takingOver;
  while (!world.person(`p-n${people}`)) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(world.standing('p-alice', new Date())).toEqual({ reason: 'disabled' });
  expect(world.platformGroups(`p-n${people}`, 'c-east', new Date())).toHaveLength(1);
  expect(world.membersOf('g-devs').size).toBe(people + 1);
});

it('what a take-over no longer found is gone', async () => {
  await test.db.sql.query("DELETE FROM membership WHERE member_id = 'p-n1'");
  await changing(test.db, async (_tx, touch) => touch('directory', 'd-corp'));
  await world.apply(await changesAfter(world.seq), test.db);
  while (world.membersOf('g-devs').size !== people) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(world.platformGroups('p-n1', 'c-east', new Date())).toEqual([]);
});
