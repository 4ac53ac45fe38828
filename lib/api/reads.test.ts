import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changing } from '#lib/db/database.ts';
import { catchUp } from '#lib/session/portal.ts';
import { setupCodeHash } from '#lib/session/setup-pass.ts';
import { operations } from './table.ts';
import { asPage, type Call, caller, portalUrl, type TestPortal, testPortal } from './testing.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers are read here as a program without our types would.
type Json = Record<string, any>;
let fixture: TestPortal;
let call: Call;
let admin: Record<string, string>;
const get = async (path: string): Promise<Json> => {
  const answer = await call('GET', path, { headers: admin });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as Json;
};

beforeAll(async () => {
  fixture = await testPortal();
  call = caller(fixture.portal, operations);
  admin = asPage(await fixture.signIn('carol'));
});
afterAll(() => fixture?.close());

describe('people and groups', () => {
  test('are listed by page, with the state that a request would meet', async () => {
    const first = await get('/people?limit=2');
    const second = await get('/people?limit=2&offset=2');
    expect([first.total, first.items.length, second.items.length]).toEqual([4, 2, 2]);
    const states = [...first.items, ...second.items].map(({ displayName, state }: Json) => [displayName, state]);
    expect(states).toEqual([
      ['Alice', 'enabled'],
      ['Carol', 'enabled'],
      ['Erin', 'enabled'],
      ['Frank', 'disabled'],
    ]);
    expect((await get('/people?state=disabled')).items).toHaveLength(1);
  });

  test('show how somebody comes into a group, and what the group carries', async () => {
    const { groups, live, explanation } = await get(`/people/${fixture.ids.carol}`);
    const everybody = groups.find(({ id }: Json) => id === fixture.ids.everybody);
    expect(everybody.path.map(({ name }: Json) => name)).toEqual(['Platform Admins', 'Everybody']);
    expect(groups[0]).toMatchObject({ name: 'Platform Admins', grants: 1 });
    expect([live, explanation.person.id]).toEqual([true, fixture.ids.carol]);
  });

  test('say what joining a group would bring, through the groups above it too', async () => {
    const { grantList, people, memberOf } = await get(`/groups/${fixture.ids.admins}`);
    expect([people, memberOf]).toEqual([1, [{ id: fixture.ids.everybody, name: 'Everybody' }]]);
    expect(grantList).toMatchObject([{ role: { name: 'platform-admin' }, scope: 'all clusters', through: [] }]);
  });

  test('list members directly or nested', async () => {
    const direct = await get(`/groups/${fixture.ids.everybody}/members`);
    expect(direct.items.map(({ kind, name }: Json) => [kind, name])).toEqual([
      ['group', 'Platform Admins'],
      ['person', 'Alice'],
    ]);
    const nested = await get(`/groups/${fixture.ids.everybody}/members?nested=true`);
    expect(nested.items.map(({ name, direct: isDirect, path }: Json) => [name, isDirect, path.length])).toEqual([
      ['Alice', true, 0],
      ['Carol', false, 2],
    ]);
    expect((await get(`/groups/${fixture.ids.everybody}/members?nested=true&search=car`)).total).toBe(1);
  });

  test('that do not exist are 404, as is an id of another kind', async () => {
    for (const path of [
      '/people/p-aaaaaaaaaaaa',
      `/people/${fixture.ids.admins}`,
      '/groups/g-aaaaaaaaaaaa',
      '/groups/g-aaaaaaaaaaaa/members',
    ]) {
      expect([path, (await call('GET', path, { headers: admin })).status]).toEqual([path, 404]);
    }
  });
});

describe('cutting off', () => {
  test('ends sessions and tokens at once, is on record with its reason, and can be lifted without reviving either', async () => {
    const [cookie, token] = [await fixture.signIn('alice'), await fixture.token('alice')];
    const asAlice = async () => [
      (await call('GET', '/me', { headers: { cookie } })).status,
      (await call('GET', '/me', { headers: { authorization: `Bearer ${token}` } })).status,
    ];
    expect(await asAlice()).toEqual([200, 200]);
    const cut = await call('POST', `/people/${fixture.ids.alice}/cut-off`, { headers: admin, body: { reason: 'lost laptop' } });
    expect(cut).toMatchObject({ status: 200, body: { sessionsEnded: 1, credentials: 1 } });
    expect(await asAlice()).toEqual([401, 401]);
    expect(await get(`/people/${fixture.ids.alice}`)).toMatchObject({
      state: 'cut',
      live: false,
      cutReason: 'lost laptop',
      receipts: [{ streamsCut: 0, sessionsEnded: 1 }],
    });
    const lifted = await call('POST', `/people/${fixture.ids.alice}/lift-cut`, { headers: admin, body: {} });
    expect(lifted).toMatchObject({ status: 200, body: { state: 'enabled' } });
    expect(await asAlice()).toEqual([401, 401]);
    const { items } = await get(`/audit?personId=${fixture.ids.alice}&noun=person`);
    expect(items.map(({ event, actor }: Json) => [event, actor.name])).toEqual([
      ['person.cut-lifted', 'carol@corp.example'],
      ['person.cut-off', 'carol@corp.example'],
    ]);
  });

  test('is for admins, never for oneself, and not twice', async () => {
    const path = (id: string) => `/people/${id}/cut-off`;
    const body = { reason: 'because' };
    expect((await call('POST', path(fixture.ids.alice), { headers: asPage(await fixture.signIn('erin')), body })).status).toBe(403);
    expect((await call('POST', path(fixture.ids.carol), { headers: admin, body })).status).toBe(409);
    expect((await call('POST', `/people/${fixture.ids.alice}/lift-cut`, { headers: admin, body: {} })).status).toBe(409);
  });

  test('lifted from somebody whom the directory disabled leaves them disabled', async () => {
    await call('POST', `/people/${fixture.ids.frank}/cut-off`, { headers: admin, body: { reason: 'to be sure' } });
    expect(await call('POST', `/people/${fixture.ids.frank}/lift-cut`, { headers: admin, body: {} })).toMatchObject({
      body: { state: 'disabled' },
    });
  });
});

describe('the audit log', () => {
  test('is paged without a gap or an overlap', async () => {
    const all = (await get('/audit?limit=500')).items.map(({ id }: Json) => id);
    const paged: string[] = [];
    for (let next: string | null = '', rounds = 0; next !== null && rounds < 100; rounds += 1) {
      const page: Json = await get(`/audit?limit=3${next ? `&before=${next}` : ''}`);
      paged.push(...page.items.map(({ id }: Json) => id));
      next = page.next;
    }
    expect(paged).toEqual(all);
  });

  test('is filtered by time, event and name', async () => {
    expect((await get('/audit?event=person.cut-off')).items.every(({ event }: Json) => event === 'person.cut-off')).toBe(true);
    expect((await get(`/audit?to=${new Date(0).toISOString()}`)).items).toEqual([]);
    expect((await get('/audit?search=alice')).items.length).toBeGreaterThan(0);
  });

  test('is exported as CSV that no spreadsheet runs', async () => {
    await fixture.portal.db.sql.query(
      `INSERT INTO audit_event (event, actor_kind, actor_name) VALUES ('session.refused', 'anonymous', '=HYPERLINK("http://evil")')`,
    );
    const answer = await call('GET', '/audit.csv?event=session.refused', { headers: admin });
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.body).toContain(`"'=HYPERLINK(""http://evil"")"`);
  });
});

describe('lists as files', () => {
  test('hold what the search finds, every row of it, and nothing that a spreadsheet runs', async () => {
    const { sql } = fixture.portal.db;
    await sql.query(`UPDATE person SET title = '=cmd|calc' WHERE id = $1`, [fixture.ids.alice]);
    const lines = async (path: string) => {
      const answer = await call('GET', path, { headers: admin });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
      return String(answer.body).trim().split('\r\n');
    };
    const everybody = await lines('/people.csv');
    expect(everybody[0]).toBe('id,name,upn,account,mail,title,department,state,since');
    expect(everybody).toHaveLength(1 + (await get('/people')).total);
    const [, alice, ...others] = await lines('/people.csv?search=alice');
    expect(alice).toContain(`${fixture.ids.alice},Alice`);
    expect(alice).toContain("'=cmd|calc");
    expect(others).toEqual([]);
    const groups = await lines('/groups.csv');
    expect(groups).toHaveLength(1 + (await get('/groups')).total);
    const ways: string[] = [];
    for (const { id } of (await get('/groups')).items) {
      const [head, ...members] = await lines(`/groups/${id}/members.csv?nested=true`);
      expect(head).toBe('kind,id,name,detail,state,direct,primary,through');
      const shown = (await get(`/groups/${id}/members?nested=true`)).items;
      const through = (path: Json[]) =>
        path
          .slice(0, -1)
          .map(({ name }) => name)
          .join(' in ');
      expect(members.map((line) => line.split(',').at(-1))).toEqual(shown.map(({ path }: Json) => through(path)));
      ways.push(...shown.map(({ path }: Json) => through(path)).filter(Boolean));
    }
    expect(ways.length).toBeGreaterThan(0);
    expect((await call('GET', '/groups/g-none/members.csv', { headers: admin })).status).toBe(404);
    await sql.query('UPDATE person SET title = NULL WHERE id = $1', [fixture.ids.alice]);
  });
});

describe('the overview', () => {
  test('counts what is there and says first what needs somebody', async () => {
    const { counts, attention, directories } = await get('/overview');
    expect(counts).toMatchObject({ people: 4, livePeople: 3, groups: 2, roles: 6, grants: 2 });
    expect(attention.map(({ level }: Json) => level)).toEqual(
      [...attention.map(({ level }: Json) => level)].sort((a, b) => rank(a) - rank(b)),
    );
    expect(attention.map(({ text }: Json) => text)).toContain('No door is running.');
    expect(JSON.stringify(directories)).not.toMatch(/sealed|secret|password/i);
  });

  test('shows open streams as the doors last told them, and none of a door that is gone', async () => {
    const stream = {
      id: 's1',
      kind: 'exec',
      personId: fixture.ids.alice,
      clusterId: 'k-1',
      credentialId: 'k-c',
      verb: 'create',
      resource: 'pods/exec',
      namespace: 'shop',
      name: 'web-0',
      address: '192.0.2.7',
      openedAt: new Date().toISOString(),
    };
    const insert = `INSERT INTO replica (id, role, host, pid, streams, beat_at) VALUES ($1, 'proxy', 'h', 1, $2, now() - make_interval(secs => $3))`;
    await fixture.portal.db.sql.query(insert, ['x-live', JSON.stringify([stream, { odd: true }]), 0]);
    await fixture.portal.db.sql.query(insert, ['x-gone', JSON.stringify([{ ...stream, id: 's2' }]), 60]);
    expect((await get('/streams')).streams).toMatchObject([
      { id: 's1', target: 'pods/exec shop/web-0', address: '192.0.2.7', person: { name: 'Alice' } },
    ]);
    await fixture.portal.db.sql.query('DELETE FROM replica');
  });
});

const rank = (level: string) => ['problem', 'warning', 'note'].indexOf(level);

describe('the command palette', () => {
  test('finds for an admin what it does not show to somebody without powers', async () => {
    const kinds = async (headers: Record<string, string>, q: string) =>
      ((await call('GET', `/search?q=${q}`, { headers })).body as Json).hits.map(({ kind, title }: Json) => `${kind} ${title}`);
    expect(await kinds(admin, 'carol')).toEqual(['person Carol']);
    expect(await kinds(admin, 'admins')).toContain('group Platform Admins');
    const alice = { cookie: await fixture.signIn('alice') };
    expect(await kinds(alice, 'carol')).toEqual([]);
    expect(await kinds(alice, '')).toEqual(['page My access', 'page Connect', 'page Credentials']);
  });
});

describe('the first start', () => {
  const json = { 'x-gatehouse-request': '1', origin: portalUrl };
  const openSetup = (code: string) =>
    fixture.portal.db.sql.query('UPDATE installation SET setup_done_at = NULL, setup_code_hash = $1', [
      setupCodeHash(fixture.portal.hashKey, code),
    ]);

  test('opens to the code that was printed and to nothing else, and closes for good when admins are chosen', async () => {
    await openSetup('abc123-def456');
    const search = (cookie: string) => call('GET', '/setup/groups?search=admins', { headers: { cookie } });
    expect((await search('')).status).toBe(401);
    expect((await call('POST', '/setup/claim', { body: { code: 'abc123-def457' } })).status).toBe(403);
    const claimed = await call('POST', '/setup/claim', { body: { code: ' ABC123-def456 ' } });
    expect(claimed.headers.get('set-cookie')).toMatch(/^gatehouse\.setup=.+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
    const cookie = claimed.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await search(cookie)).body).toMatchObject({ items: [{ name: 'Platform Admins', people: 1 }] });
    expect((await call('GET', '/people', { headers: { cookie } })).status).toBe(401);
    expect((await search(`${cookie}x`)).status).toBe(401);

    const choose = (id: string, headers: Record<string, string>) =>
      call('POST', '/setup/admins', { headers, body: { subject: { kind: 'group', id } } });
    const { everybody } = fixture.ids;
    expect((await choose(everybody, { cookie })).status).toBe(403);
    const empty = await emptyGroup();
    expect((await choose(empty, { cookie, ...json })).body).toMatchObject({ error: { code: 'setup.nobody-could-sign-in' } });
    expect(await choose(everybody, { cookie, ...json })).toMatchObject({ status: 200, body: { people: 2 } });
    expect((await search(cookie)).status).toBe(401);
    expect((await call('POST', '/setup/claim', { body: { code: 'abc123-def456' } })).status).toBe(409);
    expect((await call('GET', '/setup')).body).toMatchObject({ open: false, admitted: false });
    expect(((await call('GET', '/me', { headers: { cookie: await fixture.signIn('alice') } })).body as Json).powers.admin).toBe(true);
  });

  test('counts wrong codes', async () => {
    await openSetup('right');
    const statuses: number[] = [];
    for (let tries = 0; tries < 12; tries += 1)
      statuses.push((await call('POST', '/setup/claim', { body: { code: `wrong-${tries}` } })).status);
    expect(statuses.at(0)).toBe(403);
    expect(statuses.at(-1)).toBe(429);
  });

  async function emptyGroup(): Promise<string> {
    await changing(fixture.portal.db, async (tx, touch) => {
      await tx.$executeRaw`INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
        VALUES ('g-empty', 'f-1', 'd-1', gen_random_uuid(), 'CN=Empty', 'Empty', 'Empty', -2147483646, true)`;
      touch('group', 'g-empty');
    });
    await catchUp(fixture.portal);
    return 'g-empty';
  }
});

describe('every operation that is not open', () => {
  test('refuses whoever is not signed in, before it looks at anything', async () => {
    for (const { method, path, allow } of operations) {
      if (allow === 'anyone') continue;
      const answer = await call(method, path.replaceAll(/\{[^}]*\}/g, 'x-aaaaaaaaaaaa'), method === 'GET' ? {} : { body: {} });
      expect([method, path, answer.status]).toEqual([method, path, 401]);
    }
  });
});
