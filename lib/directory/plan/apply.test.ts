import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changing } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { createLease, type Lease, LeaseLost } from '#lib/db/lease.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { loadControllers, loadDirectory } from '../data.ts';
import { insertDirectory } from '../mutations.ts';
import type { Directory, KnownPerson } from '../types.ts';
import { applyPlan } from './apply.ts';
import type { Operation } from './operation.ts';
import { ordinaryPerson } from './testing.ts';

let test: TestDatabase;
let directory: Directory;
let controllerId: string;
let lease: Lease;

beforeEach(async () => {
  test = await testDatabase();
  const id = await changing(test.db, (tx, touch) =>
    insertDirectory(tx, touch, {
      forestName: 'corp.example',
      domain: 'corp.example',
      netbios: 'CORP',
      baseDn: 'DC=corp,DC=example',
      domainSid: null,
      lockoutThreshold: 5,
      lockoutSeconds: 1_800,
      settings: { urls: ['ldaps://dc1'], bindDn: 'CN=sync', scopeDns: [] },
      sealSecret: () => Buffer.from('sealed'),
    }),
  );
  directory = (await loadDirectory(test.db, id)) as Directory;
  controllerId = (await loadControllers(test.db, id))[0]?.id ?? '';
  // Long enough for the slowest machine: nobody renews it here.
  lease = createLease(test.db, { name: `directory:${id}`, holder: 'w-one', seconds: 600 });
  await lease.acquire();
});

afterEach(async () => {
  await lease.release();
  await test.drop();
});

function someone(login: string): KnownPerson {
  return {
    id: newId('p'),
    directoryId: directory.id,
    objectGuid: randomUUID(),
    ...ordinaryPerson,
    dn: `CN=${login},OU=People,DC=corp,DC=example`,
    samAccountName: login,
    upn: `${login}@corp.example`,
    wireName: `gatehouse:${login}@corp.example`,
    displayName: `Person ${login}`,
    mail: `${login}@corp.example`,
    primaryGroupRid: 513,
  };
}

const creation = (person: KnownPerson): Operation => ({ kind: 'create-person', person, namesake: null });
const disabling = (person: KnownPerson): Operation => ({
  kind: 'update-person',
  person: { ...person, userAccountControl: 0x202, state: 'disabled' },
  from: 'enabled',
  changes: [{ field: 'state', from: 'enabled', to: 'disabled' }],
  cut: 'disabled',
  newPasswordAt: null,
});

function apply(operations: Operation[], more: Partial<Parameters<typeof applyPlan>[0]> = {}) {
  const position = {
    invocationId: 'i',
    dnsHostName: null,
    highestUsn: 7n,
    cookie: Buffer.from('cookie'),
    seesDeleted: true,
    mode: 'usn' as const,
    freshAt: new Date(),
  };
  const plan = { operations, held: [] };
  return applyPlan({
    db: test.db,
    directory,
    plan,
    names: new Map(),
    evidenceAt: new Date(),
    lease,
    controllerId,
    position,
    ...more,
  });
}

describe('a plan carried out', () => {
  it('lets a disable through in under a second while 100,000 people are taken over', async () => {
    const leavers = ['one', 'two', 'three', 'four', 'five'].map((login) => someone(login));
    await apply(leavers.map(creation));
    const crowd = Array.from({ length: 100_000 }, (_, n) => creation(someone(`user${n}`)));
    let isDone = false;
    const takeOver = apply(crowd).then(() => {
      isDone = true;
    });
    const times: number[] = [];
    for (const leaver of leavers) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      if (isDone) break;
      const began = performance.now();
      await apply([disabling(leaver)], { position: null });
      times.push(performance.now() - began);
    }
    await takeOver;
    expect(times.length).toBeGreaterThan(2);
    expect(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]).toBeLessThan(1_000);
    const { rows } = await test.db.sql.query<{ people: number; changes: number; cuts: number }>(
      `SELECT (SELECT count(*)::integer FROM person) AS people, (SELECT count(*)::integer FROM change WHERE topic = 'person') AS changes,
              (SELECT count(*)::integer FROM revocation) AS cuts`,
    );
    expect(rows[0]).toEqual({ people: 100_005, changes: 5 + times.length, cuts: times.length });
  }, 300_000);

  it('brings position and data in together: what was not written is read again', async () => {
    const stranger = { ...someone('x'), directoryId: 'd-unknown' };
    await expect(apply([creation(stranger)])).rejects.toThrow();
    expect((await loadControllers(test.db, directory.id))[0]).toMatchObject({ cookie: null, highestUsn: null });
    await apply([creation(someone('y'))]);
    expect((await loadControllers(test.db, directory.id))[0]).toMatchObject({ cookie: Buffer.from('cookie'), highestUsn: 7n });
  });

  it('is refused to a worker whose lease has passed to another', async () => {
    await test.db.sql.query(`UPDATE lease SET expires_at = now() - interval '1 second'`);
    expect(await createLease(test.db, { name: lease.name, holder: 'w-two', seconds: 5 }).acquire()).toBe(true);
    await expect(apply([creation(someone('late'))])).rejects.toBeInstanceOf(LeaseLost);
    expect((await test.db.sql.query('SELECT 1 FROM person')).rows).toEqual([]);
  });

  it('writes no membership of a first take-over before both its ends, so that one that breaks off leaves none of nothing (F7)', async () => {
    const crowd = Array.from({ length: 1_200 }, (_, n) => someone(`user${n}`));
    const group = {
      id: newId('g'),
      directoryId: directory.id,
      objectGuid: randomUUID(),
      sid: null,
      dn: 'CN=web,DC=corp,DC=example',
      samAccountName: 'web',
      name: 'web',
      description: null,
      groupType: -2_147_483_646,
      security: true,
      deletedAt: null,
    };
    const operations: Operation[] = [
      ...crowd.map(creation),
      { kind: 'create-group', group },
      { kind: 'add-members', groupId: group.id, memberIds: crowd.map(({ id }) => id), isPrimary: false },
    ];
    await test.db.sql.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no groups today'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON directory_group FOR EACH ROW EXECUTE FUNCTION refuse()`);
    const position = { invocationId: 'i', dnsHostName: null, highestUsn: 7n, cookie: null, seesDeleted: true, mode: 'usn' as const };
    const whole = { position: { ...position, freshAt: new Date(), readsAll: true } };
    await expect(apply(operations, whole)).rejects.toThrow('no groups today');
    expect((await test.db.sql.query('SELECT 1 FROM membership')).rows).toEqual([]);

    await test.db.sql.query('DROP TRIGGER refuse ON directory_group');
    await test.db.sql.query('DELETE FROM person');
    await apply(operations, whole);
    expect((await test.db.sql.query('SELECT 1 FROM membership')).rows).toHaveLength(crowd.length);
  });

  it('lets two people swap their names', async () => {
    const [ann, ben] = [someone('ann'), someone('ben')];
    await apply([creation(ann), creation(ben)]);
    const swap = (person: KnownPerson, wireName: string): Operation => ({
      kind: 'update-person',
      person: { ...person, wireName },
      from: 'enabled',
      changes: [],
      cut: null,
      newPasswordAt: null,
    });
    await apply([swap(ann, ben.wireName), swap(ben, ann.wireName)]);
    const { rows } = await test.db.sql.query<{ wire_name: string }>('SELECT wire_name FROM person WHERE id = $1', [ann.id]);
    expect(rows[0]?.wire_name).toBe(ben.wireName);
  });

  it('gives the name of somebody who was disabled, and is now deleted, to the newcomer of the same plan (SECURITY 33)', async () => {
    const former = { ...someone('ann'), userAccountControl: 0x202, state: 'disabled' as const };
    await apply([creation(former)]);
    const newcomer = someone('ann');
    const buried = { ...former, deletedAt: new Date(), state: 'deleted' as const };
    // The plan names whoever was seen before whoever is gone.
    await apply([
      creation(newcomer),
      { kind: 'update-person', person: buried, from: 'disabled', changes: [], cut: null, newPasswordAt: null },
    ]);
    const { rows } = await test.db.sql.query('SELECT id, state FROM person WHERE wire_name = $1 ORDER BY state', [newcomer.wireName]);
    expect(rows).toEqual([
      { id: former.id, state: 'deleted' },
      { id: newcomer.id, state: 'enabled' },
    ]);
  });

  it('cuts somebody off who comes under a name that another lays down in the same plan (SECURITY 33, 40)', async () => {
    const [ann, ben] = [someone('ann'), someone('ben')];
    await apply([creation(ann), creation(ben)]);
    const renamed = { ...ben, wireName: 'gatehouse:cat@corp.example' };
    await apply([
      { kind: 'update-person', person: renamed, from: 'enabled', changes: [], cut: null, newPasswordAt: null },
      disabling({ ...ann, wireName: ben.wireName }),
    ]);
    const { rows } = await test.db.sql.query('SELECT id, wire_name, state FROM person ORDER BY wire_name');
    expect(rows).toEqual([
      { id: ann.id, wire_name: ben.wireName, state: 'disabled' },
      { id: ben.id, wire_name: renamed.wireName, state: 'enabled' },
    ]);
  });

  it('cuts nobody by an older word than the row has had since (F8)', async () => {
    const stamped = (version: number) => ({ userAccountControl: { version, time: version, server: randomUUID() } });
    const ann = { ...someone('ann'), stamps: stamped(6) };
    await apply([creation(ann)]);
    await apply([disabling({ ...ann, stamps: stamped(5) })]);
    expect((await test.db.sql.query('SELECT state FROM person')).rows).toEqual([{ state: 'enabled' }]);
    await apply([disabling({ ...ann, stamps: stamped(7) })]);
    expect((await test.db.sql.query('SELECT state FROM person')).rows).toEqual([{ state: 'disabled' }]);
  });

  it('leaves an admin’s cut standing that came while the plan was made', async () => {
    const ann = someone('ann');
    await apply([creation(ann)]);
    await test.db.sql.query(`UPDATE person SET cut_at = now(), state = 'cut' WHERE id = $1`, [ann.id]);
    await apply([
      { kind: 'update-person', person: { ...ann, displayName: 'Ann' }, from: 'enabled', changes: [], cut: null, newPasswordAt: null },
    ]);
    const { rows } = await test.db.sql.query<{ state: string; display_name: string }>('SELECT state, display_name FROM person');
    expect(rows).toEqual([{ state: 'cut', display_name: 'Ann' }]);
  });
});
