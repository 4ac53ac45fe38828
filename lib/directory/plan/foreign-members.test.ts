/** Members that another domain knows, and whom they mean. With two real domains: two-directories.test.ts. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { changing } from '#lib/db/database.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import type { GroupFacts, LinkChange } from '../types.ts';
import { settleForeignMembers } from './foreign-members.ts';

let scratch: TestDatabase;
const guid = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
const corp = { id: 'd-corp', domain: 'corp.example' };
const [corpSid, euSid, labSid] = ['S-1-5-21-1-1-1', 'S-1-5-21-2-2-2', 'S-1-5-21-3-3-3'];

beforeAll(async () => {
  scratch = await testDatabase();
  const { sql } = scratch.db;
  await sql.query(`INSERT INTO forest (id, name) VALUES ('f-corp', 'corp.example'), ('f-lab', 'lab.example')`);
  for (const [id, forest, domain, sid] of [
    ['d-corp', 'f-corp', 'corp.example', corpSid],
    ['d-eu', 'f-corp', 'eu.corp.example', euSid],
    ['d-lab', 'f-lab', 'lab.example', labSid],
  ]) {
    await sql.query(`INSERT INTO directory (id, forest_id, domain, base_dn, domain_sid, settings) VALUES ($1, $2, $3, 'DC=x', $4, '{}')`, [
      id,
      forest,
      domain,
      sid,
    ]);
  }
  await addGroup(1, 'auditors', `${corpSid}-2001`);
});
afterAll(() => scratch?.drop());
beforeEach(async () => {
  for (const table of ['membership', 'foreign_member', 'person', 'revocation', 'audit_event'])
    await scratch.db.sql.query(`DELETE FROM ${table}`);
});

async function addGroup(n: number, name: string, sid: string, directoryId = 'd-corp'): Promise<void> {
  await scratch.db.sql.query(
    `INSERT INTO directory_group (id, forest_id, directory_id, object_guid, sid, dn, sam_account_name, name, group_type, security)
     SELECT $1, forest_id, id, $2, $3, 'CN=x', $4, $4, -2147483646, true FROM directory WHERE id = $5`,
    [`g-${name}`, guid(n), sid, name, directoryId],
  );
}

async function addPerson(n: number, name: string, sid: string, directoryId: string): Promise<void> {
  await scratch.db.sql.query(
    `INSERT INTO person (id, forest_id, directory_id, object_guid, sid, dn, sam_account_name, wire_name, display_name, user_account_control, state)
     SELECT $1, forest_id, id, $2, $3, 'CN=x', $4, $4, $4, 512, 'enabled' FROM directory WHERE id = $5`,
    [`p-${name}`, guid(n), sid, name, directoryId],
  );
}

const auditors = (foreignSids: string[], memberGuids: string[] | null = []): GroupFacts => ({
  objectGuid: guid(1),
  sid: null,
  dn: 'CN=x',
  samAccountName: 'auditors',
  name: 'auditors',
  description: null,
  groupType: -2147483646,
  security: true,
  memberGuids,
  foreignSids,
  groupGuids: null,
});
const link = (foreignSid: string, present: boolean): LinkChange => ({ groupGuid: guid(1), memberGuid: guid(99), present, foreignSid });

async function settle(observation: { groups?: GroupFacts[]; links?: LinkChange[] }, somebodyChanged = false): Promise<void> {
  const someone = { kind: 'delete-group', why: 'absent', group: {} } as never;
  await changing(scratch.db, (tx, touch) =>
    settleForeignMembers(tx, touch, {
      directory: corp,
      observation: { groups: [], links: [], ...observation },
      plan: { operations: somebodyChanged ? [someone] : [], held: [] },
      evidenceAt: new Date(),
    }),
  );
}

const members = async () =>
  (await scratch.db.sql.query<{ id: string }>('SELECT member_id AS id FROM membership ORDER BY 1')).rows.map(({ id }) => id);

test('an account of another domain of the forest counts, and one of another forest, and a group of either (SECURITY 35)', async () => {
  await addPerson(11, 'eve', `${euSid}-1101`, 'd-eu');
  await addPerson(12, 'lena', `${labSid}-1101`, 'd-lab');
  await addGroup(13, 'team', `${labSid}-2001`, 'd-lab');
  await settle({ groups: [auditors([`${euSid}-1101`, `${labSid}-1101`, `${labSid}-2001`, 'S-1-5-21-9-9-9-1', 'S-1-5-11'])] });
  expect(await members()).toEqual(['g-team', 'p-eve', 'p-lena']);
  await scratch.db.sql.query(`DELETE FROM directory_group WHERE id = 'g-team'`);
});

test('links that are told one by one come and go, and their last word counts', async () => {
  await addPerson(11, 'eve', `${euSid}-1101`, 'd-eu');
  await settle({ links: [link(`${euSid}-1101`, true)] });
  expect(await members()).toEqual(['p-eve']);
  await settle({ links: [link(`${euSid}-1101`, true), link(`${euSid}-1101`, false)] });
  expect(await members()).toEqual([]);
});

test('whoever comes later is found, and whoever is deleted is gone', async () => {
  await settle({ groups: [auditors([`${euSid}-1101`])] });
  expect(await members()).toEqual([]);
  await addPerson(11, 'eve', `${euSid}-1101`, 'd-eu');
  await settle({}, true);
  expect(await members()).toEqual(['p-eve']);
  await scratch.db.sql.query(`UPDATE person SET deleted_at = now()`);
  await settle({}, true);
  expect(await members()).toEqual([]);
});

test('a group whose members could not be read keeps those it had (SECURITY 36)', async () => {
  await addPerson(11, 'eve', `${euSid}-1101`, 'd-eu');
  await settle({ groups: [auditors([`${euSid}-1101`])] });
  await settle({ groups: [auditors([], null)] }, true);
  expect(await members()).toEqual(['p-eve']);
});

test('a directory is believed about its own domain alone, and where two could be meant nobody is (SECURITY 35)', async () => {
  await addPerson(11, 'eve', `${euSid}-1101`, 'd-eu');
  await addPerson(12, 'mallory', `${euSid}-1101`, 'd-lab');
  await settle({ groups: [auditors([`${euSid}-1101`])] });
  expect(await members()).toEqual(['p-eve']);
  await addPerson(13, 'twin', `${euSid}-1101`, 'd-eu');
  await settle({}, true);
  expect(await members()).toEqual([]);
});

test('what nothing concerns is left alone: a link by GUID stays, whatever the foreign ones do', async () => {
  await addPerson(11, 'eve', `${euSid}-1101`, 'd-eu');
  await addPerson(14, 'carol', `${corpSid}-1101`, 'd-corp');
  await scratch.db.sql.query(`INSERT INTO membership (group_id, member_id) VALUES ('g-auditors', 'p-carol')`);
  await settle({ groups: [auditors([`${euSid}-1101`])] });
  await settle({ groups: [auditors([])] });
  expect(await members()).toEqual(['p-carol']);
});
