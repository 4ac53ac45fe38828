/** Who somebody is, is the directory's to say: the API has no way to change it, for nobody (SECURITY 34). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations } from '#lib/api/table.ts';
import { type Call, caller, type TestPortal, testPortal } from '#lib/api/testing.ts';

const identity = {
  upn: 'carol@corp.example',
  samAccountName: 'carol',
  displayName: 'Carol',
  mail: 'carol@corp.example',
  wireName: 'gatehouse:carol@corp.example',
  objectGuid: '00000000-0000-0000-0000-000000000001',
  state: 'enabled',
  directoryId: 'd-2',
};

let fixture: TestPortal;
let call: Call;
beforeAll(async () => {
  fixture = await testPortal();
  call = caller(fixture.portal, operations);
});
afterAll(() => fixture?.close());

const rows = async () => JSON.stringify((await fixture.portal.db.sql.query('SELECT * FROM person ORDER BY id')).rows);

test('a person and a group cannot be written, by whatever method and by whomever (SECURITY 34)', async () => {
  const before = await rows();
  for (const who of ['carol', 'alice'] as const) {
    const headers = { authorization: `Bearer ${await fixture.token(who)}` };
    for (const path of [`/people/${fixture.ids.alice}`, `/groups/${fixture.ids.admins}`, '/people', '/groups', '/me']) {
      for (const method of ['PATCH', 'PUT', 'POST', 'DELETE']) {
        const { status } = await call(method, path, { headers, body: identity });
        expect([404, 405], `${method} ${path}`).toContain(status);
      }
    }
  }
  expect(await rows()).toBe(before);
});

test('no operation that concerns a person takes a field of who they are, and one that is sent along is refused (SECURITY 34)', async () => {
  const writes = operations.filter(({ method, path }) => method !== 'GET' && /^\/(people|groups|me)\b/.test(path));
  expect(writes.length).toBeGreaterThan(0);
  for (const { id, input } of writes) {
    const fields = Object.keys(input.shape);
    expect(fields.filter((field) => field in identity, id)).toEqual([]);
  }
  const before = await rows();
  const headers = { authorization: `Bearer ${await fixture.token('carol')}` };
  for (const field of Object.keys(identity) as (keyof typeof identity)[]) {
    const body = { reason: 'test', [field]: identity[field] };
    const answer = await call('POST', `/people/${fixture.ids.alice}/cut-off`, { headers, body });
    expect(answer.status, field).toBe(400);
  }
  expect(await rows()).toBe(before);
});

test('who administers nothing cuts nobody off, and nobody lifts an admin’s cut without being one (SECURITY 34)', async () => {
  for (const who of ['alice', 'erin'] as const) {
    const headers = { authorization: `Bearer ${await fixture.token(who)}` };
    for (const [action, body] of [
      ['cut-off', { reason: 'mine' }],
      ['lift-cut', {}],
    ] as const) {
      const { status } = await call('POST', `/people/${fixture.ids.carol}/${action}`, { headers, body });
      expect(status, `${who} ${action}`).toBe(403);
    }
  }
});
