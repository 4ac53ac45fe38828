import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changing } from '#lib/db/database.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import type { Change } from '#lib/db/topics.ts';
import { developerId, viewerId } from './builtin-roles.ts';
import { createGrant, endGrant, seedBuiltinRoles } from './mutations.ts';
import { placeOf } from './scope.ts';
import { seedDirectory } from './testing-directory.ts';
import type { World } from './types.ts';
import { loadWorld } from './world.ts';

const actor = { kind: 'system', name: 'test' } as const;
const shop = { kind: 'namespaces', namespaces: ['shop'] } as const;
const devs = { kind: 'group', id: 'g-devs', name: 'devs' } as const;

let test: TestDatabase;
let world: World;

beforeAll(async () => {
  test = await testDatabase();
  await seedBuiltinRoles(test.db);
  await seedDirectory(test.db);
  world = await loadWorld(test.db);
});
afterAll(() => test.drop());

/** What the feed does, once: all changes after the world's, in order. */
async function follow(): Promise<void> {
  const { rows } = await test.db.sql.query('SELECT seq, topic, key FROM change WHERE seq > $1 ORDER BY seq', [world.seq.toString()]);
  await world.apply(
    rows.map((row) => ({ ...row, seq: BigInt(row.seq) }) as Change),
    test.db,
  );
}

async function grantDevelopers(): Promise<string> {
  return changing(test.db, (tx, touch) =>
    createGrant(
      tx,
      touch,
      { roleId: developerId, place: placeOf({ ...shop, namespaces: ['shop'] }), subject: devs, until: null, reason: '', where: 'shop' },
      actor,
    ),
  );
}

async function endIt(id: string): Promise<void> {
  await changing(test.db, (tx, touch) =>
    endGrant(tx, touch, { id, reason: '', subjectName: 'devs', where: 'shop', somebodyAdministers: () => true }, actor),
  );
}

describe('a world that follows changes', () => {
  it('answers after each change as one that was loaded anew', async () => {
    const now = new Date();
    const grantId = await grantDevelopers();
    await follow();
    const [group] = world.platformGroups('p-alice', 'c-east', now);
    expect(group).toMatch(/^gatehouse:i-.*:s-.*:r-developer$/);
    expect((await loadWorld(test.db)).platformGroups('p-alice', 'c-east', now)).toEqual([group]);

    await test.db.sql.query("UPDATE person SET user_account_control = 514, state = 'disabled' WHERE id = 'p-alice'");
    await changing(test.db, async (_tx, touch) => touch('person', 'p-alice'));
    await follow();
    expect(world.standing('p-alice', now)).toEqual({ reason: 'disabled' });
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([]);

    await test.db.sql.query("UPDATE person SET user_account_control = 512, state = 'enabled' WHERE id = 'p-alice'");
    await changing(test.db, async (_tx, touch) => touch('person', 'p-alice'));
    await follow();
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([group]);

    await test.db.sql.query("DELETE FROM membership WHERE group_id = 'g-inner' AND member_id = 'p-alice'");
    await changing(test.db, async (_tx, touch) => touch('membership', 'g-inner'));
    await follow();
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([]);

    await test.db.sql.query("INSERT INTO membership (group_id, member_id) VALUES ('g-inner', 'p-alice')");
    await changing(test.db, async (_tx, touch) => touch('directory', 'd-corp'));
    await follow();
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([group]);

    await test.db.sql.query("DELETE FROM cluster_namespace WHERE cluster_id = 'c-east' AND name = 'shop'");
    await changing(test.db, async (_tx, touch) => touch('cluster-namespace', 'c-east'));
    await follow();
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([]);
    await test.db.sql.query("INSERT INTO cluster_namespace (cluster_id, name, uid) VALUES ('c-east', 'shop', 'u')");
    await changing(test.db, async (_tx, touch) => touch('cluster-namespace', 'c-east'));

    await endIt(grantId);
    await follow();
    expect(world.platformGroups('p-alice', 'c-east', now)).toEqual([]);
    expect(world.seq).toBe((await loadWorld(test.db)).seq);
  });

  it('forgets a cluster that was removed', async () => {
    await test.db.sql.query("UPDATE cluster SET state = 'removed', removed_at = now() WHERE id = 'c-west'");
    await changing(test.db, async (_tx, touch) => touch('cluster', 'c-west'));
    await follow();
    expect(world.cluster('c-west')).toBeUndefined();
    expect(world.clusterByName('west')).toBeUndefined();
  });

  it('knows a credential by its hash, and that it was revoked', async () => {
    const hash = Buffer.from('ab'.repeat(32), 'hex');
    await test.db.sql.query(
      "INSERT INTO credential (id, kind, person_id, name, secret_hash, expires_at) VALUES ('k-1', 'api', 'p-alice', 'laptop', $1, now() + interval '1 day')",
      [hash],
    );
    await changing(test.db, async (_tx, touch) => touch('credential', 'k-1'));
    await follow();
    expect(world.credentialByHash(hash.toString('hex'))).toMatchObject({
      id: 'k-1',
      personId: 'p-alice',
      revokedAt: null,
      clusterIds: null,
    });
    await test.db.sql.query("UPDATE credential SET revoked_at = now() WHERE id = 'k-1'");
    await changing(test.db, async (_tx, touch) => touch('credential', 'k-1'));
    await follow();
    expect(world.credential('k-1')?.revokedAt).toBeTypeOf('number');
  });
});

describe('seeding the built-in roles', () => {
  it('changes nothing, and touches no cluster, when they are as they should be', async () => {
    const before = (await loadWorld(test.db)).seq;
    await seedBuiltinRoles(test.db);
    expect((await loadWorld(test.db)).seq).toBe(before);
  });

  it('brings back what an older release left otherwise', async () => {
    await test.db.sql.query("UPDATE role SET rules = '[]' WHERE id = $1", [viewerId]);
    await seedBuiltinRoles(test.db);
    const { rows } = await test.db.sql.query('SELECT version, jsonb_array_length(rules) AS rules FROM role WHERE id = $1', [viewerId]);
    expect(rows[0].version).toBe(2);
    expect(rows[0].rules).toBeGreaterThan(5);
  });
});

describe('granting', () => {
  it('the same place is one scope, however it was said, and the same grant twice is a conflict', async () => {
    const id = await grantDevelopers();
    const again = changing(test.db, (tx, touch) =>
      createGrant(
        tx,
        touch,
        {
          roleId: developerId,
          place: placeOf({ kind: 'namespaces', namespaces: ['shop', 'shop'] }),
          subject: devs,
          until: null,
          reason: '',
          where: 'shop',
        },
        actor,
      ),
    );
    await expect(again).rejects.toMatchObject({ code: 'grant.exists', kind: 'conflict' });
    const { rows } = await test.db.sql.query("SELECT count(*)::int AS n FROM scope WHERE kind = 'namespaces'");
    expect(rows[0].n).toBe(1);
    await endIt(id);
    await expect(endIt(id)).rejects.toMatchObject({ code: 'grant.ended' });
  });

  it('a grant that its own end has ended stands in nobody’s way', async () => {
    const id = await grantDevelopers();
    await test.db.sql.query("UPDATE binding SET until = now() - interval '1 minute' WHERE id = $1", [id]);
    const next = await grantDevelopers();
    expect(next).not.toBe(id);
    await endIt(next);
  });

  it('ending writes the revocation and the audit event with the change, or none of them', async () => {
    const id = await grantDevelopers();
    await endIt(id);
    const { rows } = await test.db.sql.query("SELECT kind, detail FROM revocation WHERE detail->>'bindingId' = $1", [id]);
    expect(rows).toMatchObject([{ kind: 'binding', detail: { subjectId: 'g-devs', roleId: developerId } }]);
    const audit = await test.db.sql.query("SELECT event FROM audit_event WHERE detail->>'grantId' = $1 ORDER BY id", [id]);
    expect(audit.rows.map(({ event }) => event)).toEqual(['grant.created', 'grant.ended']);
  });
});
