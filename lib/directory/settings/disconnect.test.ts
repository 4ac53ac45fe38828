/** Disconnecting a directory, as far as the portal decides it; what comes of it is in two-directories.test.ts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations } from '#lib/api/table.ts';
import { asPage, type Call, caller, type TestPortal, testPortal } from '#lib/api/testing.ts';

let fixture: TestPortal;
let call: Call;

beforeAll(async () => {
  fixture = await testPortal();
  call = caller(fixture.portal, operations);
  await fixture.portal.db.sql.query(
    `INSERT INTO directory (id, forest_id, domain, base_dn, settings, state) VALUES ('d-2', 'f-1', 'lab.example', 'DC=lab,DC=example', '{"urls":[]}', 'following')`,
  );
});
afterAll(() => fixture?.close());

async function disconnect(who: 'carol' | 'erin' | 'alice', id: string, domain: string) {
  const headers = asPage(await fixture.signIn(who));
  const { status, body } = await call('POST', `/directories/${id}/disconnect`, { headers, body: { domain } });
  return [status, (body as { error?: { code?: string }; code?: string }).error?.code ?? (body as { code?: string }).code];
}

test('only admins disconnect a directory (SECURITY 41)', async () => {
  expect((await disconnect('erin', 'd-2', 'lab.example'))[0]).toBe(403);
  expect((await disconnect('alice', 'd-2', 'lab.example'))[0]).toBe(403);
});

test('its name has to be typed, and the one that one is signed in by cannot be meant (SECURITY 41)', async () => {
  expect(await disconnect('carol', 'd-2', 'corp.example')).toEqual([400, 'directory.not-confirmed']);
  expect(await disconnect('carol', 'd-1', 'corp.example')).toEqual([409, 'directory.own']);
  expect(await disconnect('carol', 'd-9', 'corp.example')).toEqual([404, 'directory.unknown']);
});

test('a group’s page names the members whom nobody knows, apart from those that count', async () => {
  const { db } = fixture.portal;
  await db.sql.query(`INSERT INTO foreign_member (group_id, sid) VALUES ($1, 'S-1-5-21-7-7-7-1104')`, [fixture.ids.everybody]);
  const headers = asPage(await fixture.signIn('carol'));
  const { body } = await call('GET', `/groups/${fixture.ids.everybody}`, { headers });
  expect(body).toMatchObject({ unknownMembers: ['S-1-5-21-7-7-7-1104'], carries: true, people: 2 });
});
