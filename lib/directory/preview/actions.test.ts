import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations } from '#lib/api/table.ts';
import { asPage, type Call, caller, type TestPortal, testPortal } from '#lib/api/testing.ts';
import type { PreviewAnswer } from './schema.ts';

let fixture: TestPortal;
let call: Call;
let admin: Record<string, string>;

beforeAll(async () => {
  fixture = await testPortal();
  call = caller(fixture.portal, operations);
  admin = asPage(await fixture.signIn('carol'));
});
afterAll(() => fixture?.close());

const nothing = {
  peopleAppeared: 0,
  peopleChanged: 0,
  peopleLeft: 1,
  peopleCut: 1,
  groupsAppeared: 0,
  groupsChanged: 0,
  groupsLeft: 0,
  membershipsAdded: 0,
  membershipsRemoved: 0,
};

interface Row {
  input: Record<string, unknown>;
  sealed: Buffer | null;
  state: string;
}

async function posed(previewId: string): Promise<Row> {
  const { rows } = await fixture.portal.db.sql.query<Row>('SELECT input, sealed, state FROM request WHERE id = $1', [previewId]);
  if (!rows[0]) throw new Error('no such request');
  return rows[0];
}

test('a preview asks the worker with the saved settings and the change laid over them; the password travels sealed', async () => {
  const body = { peopleFilter: ' (&\n (a=b) (c=d) )', bindPassword: 'not-to-be-seen' };
  const answer = await call('POST', '/directories/d-1/previews', { headers: admin, body });
  expect(answer.status).toBe(202);
  const { previewId } = answer.body as { previewId: string };
  const { input, sealed } = await posed(previewId);
  expect(input).toMatchObject({
    directoryId: 'd-1',
    unchanged: false,
    urls: ['ldaps://dc1.corp.example'],
    bindDn: 'CN=reader',
    peopleFilter: '(&(a=b)(c=d))',
  });
  expect([JSON.stringify(input).includes('not-to-be-seen'), sealed?.includes('not-to-be-seen')]).toEqual([false, false]);
  const waiting = await call('GET', `/directories/d-1/previews/${previewId}`, { headers: admin });
  expect(waiting.body).toEqual({ state: 'queued', progress: null, error: null, preview: null });
});

test('a preview that is done says who would lose what, with the streams that are open', async () => {
  const begun = await call('POST', '/directories/d-1/previews', { headers: admin, body: {} });
  const { previewId } = begun.body as { previewId: string };
  expect((await posed(previewId)).input.unchanged).toBe(true);
  const alice = { id: fixture.ids.alice, name: 'Alice', login: 'alice', state: 'out-of-scope', grants: 1, credentials: 2 };
  const result: PreviewAnswer = {
    readAt: new Date(),
    seconds: 1,
    accounts: 3,
    groups: 2,
    tally: nothing,
    losing: { people: 1, withGrants: 1, credentials: 2, list: [alice] },
    groupsLosing: { groups: 0, list: [] },
    appearing: { people: [], groups: [] },
    held: [],
    newPassword: false,
    unchanged: true,
    settings: { caPem: 'not for the screen' },
  };
  await fixture.portal.db.sql.query(`UPDATE request SET state = 'done', result = $2, finished_at = now() WHERE id = $1`, [
    previewId,
    JSON.stringify(result),
  ]);
  const { body } = await call('GET', `/directories/d-1/previews/${previewId}`, { headers: admin });
  expect(body).toMatchObject({ state: 'done', preview: { losing: { streams: 0, list: [{ ...alice, streams: 0 }] }, tally: nothing } });
  expect(JSON.stringify(body)).not.toContain('not for the screen');
  expect((await call('GET', `/directories/d-2/previews/${previewId}`, { headers: admin })).status).toBe(404);
});

test.each([
  ['peopleFilter', '((a=b)', /brackets do not match/],
  ['groupFilter', '(a=\0)', /control character/],
  ['scopeDns', ['nonsense'], /distinguished name/],
] as const)('a %s that cannot be one is refused before anybody is asked (SECURITY 31)', async (field, value, sentence) => {
  const { status, body } = await call('POST', '/directories/d-1/previews', { headers: admin, body: { [field]: value } });
  expect(status).toBe(400);
  expect(JSON.stringify((body as { error: { fields: unknown } }).error.fields)).toMatch(sentence);
});

test('only admins preview and save; auditors read the history', async () => {
  const [auditor, person] = [asPage(await fixture.signIn('erin')), asPage(await fixture.signIn('alice'))];
  for (const headers of [auditor, person]) {
    expect((await call('POST', '/directories/d-1/previews', { headers, body: {} })).status).toBe(403);
    expect((await call('POST', '/directories/d-1/previews/rq-1/save', { headers, body: {} })).status).toBe(403);
  }
  await fixture.portal.db.sql.query(
    `INSERT INTO directory_sync (directory_id, controller_id, controller, kind, outcome, mode, started_at, ended_at, accounts, groups, people_left)
     VALUES ('d-1', 'dc-1', 'dc1.corp.example', 'complete', 'done', 'dirsync', now() - interval '3 s', now(), 304, 61, 2)`,
  );
  const page = await call('GET', '/directories/d-1/syncs', { headers: auditor });
  expect(page.body).toMatchObject({ total: 1, domain: 'corp.example', items: [{ kind: 'complete', accounts: 304, peopleLeft: 2 }] });
  const [{ id } = { id: '' }] = (page.body as { items: { id: string }[] }).items;
  expect((await call('GET', `/directories/d-1/syncs/${id}`, { headers: auditor })).body).toMatchObject({
    id,
    controller: 'dc1.corp.example',
  });
  expect((await call('GET', '/directories/d-1/syncs', { headers: person })).status).toBe(403);
  expect((await call('GET', `/directories/d-2/syncs/${id}`, { headers: auditor })).status).toBe(404);
});
