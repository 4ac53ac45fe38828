import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { operations as auditReads } from '#lib/audit/loaders.ts';
import { operations as directoryWrites } from '#lib/directory/actions.ts';
import { operations as directoryReads } from '#lib/directory/loaders.ts';
import { operations as directoryExports } from '#lib/directory/people/exports.ts';
import { fault } from '#lib/errors/fault.ts';
import { operations as overviewReads } from '#lib/overview/loaders.ts';
import { operations as sessionWrites } from '#lib/session/actions.ts';
import { operations as sessionReads } from '#lib/session/loaders.ts';
import { operations as setupWrites } from '#lib/setup/actions.ts';
import { operations as setupReads } from '#lib/setup/loaders.ts';
import { operation } from './operation.ts';
import { errorShape } from './schema.ts';
import { asPage, type Call, caller, type TestPortal, testPortal } from './testing.ts';

const canary = 'canary-b7f1-secret';

const leaky = operation({
  id: 'test.leaky',
  method: 'GET',
  path: '/test/leaky',
  summary: 'Answers more than its schema names',
  allow: 'anyone',
  input: z.object({}),
  output: z.object({ name: z.string() }),
  run: async () => ({ name: 'row', sealed: canary }) as { name: string },
});
const broken = operation({
  id: 'test.broken',
  method: 'GET',
  path: '/test/broken',
  summary: 'Fails with a text that is for the log alone',
  allow: 'anyone',
  input: z.object({}),
  output: z.object({}),
  run: async () => {
    throw new Error(canary);
  },
});
const detailed = operation({
  id: 'test.detailed',
  method: 'GET',
  path: '/test/detailed',
  summary: 'Refuses with both voices',
  allow: 'anyone',
  input: z.object({}),
  output: z.object({}),
  run: async () => {
    throw fault('upstream', 'test.upstream', 'The public sentence.', { detail: canary });
  },
});

let fixture: TestPortal;
let call: Call;
const body = (answer: Awaited<ReturnType<Call>>) => answer.body as Record<string, unknown>;
const code = (answer: Awaited<ReturnType<Call>>) => errorShape.parse(answer.body).error.code;

beforeAll(async () => {
  fixture = await testPortal();
  call = caller(fixture.portal, [
    leaky,
    broken,
    detailed,
    ...auditReads,
    ...directoryReads,
    ...directoryExports,
    ...directoryWrites,
    ...overviewReads,
    ...sessionReads,
    ...sessionWrites,
    ...setupReads,
    ...setupWrites,
  ]);
});
afterAll(() => fixture?.close());

describe('every answer', () => {
  test('that refuses has the one error shape, a request id and no-store', async () => {
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['GET', '/me'],
      ['PUT', '/me'],
      ['GET', '/test/broken'],
      ['GET', '/people/%E0%A4%A'],
    ] as const) {
      const answer = await call(method, path);
      const { error } = errorShape.parse(answer.body);
      expect(error.requestId).toBe(answer.headers.get('x-request-id'));
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  test('drops what the output schema does not name', async () => {
    expect((await call('GET', '/test/leaky')).body).toEqual({ name: 'row' });
  });

  test('never carries the text of an error that nobody put in words, nor the operator’s half of one that somebody did', async () => {
    for (const path of ['/test/broken', '/test/detailed']) expect(JSON.stringify((await call('GET', path)).body)).not.toContain(canary);
  });

  test('names the methods of a path that does not know this one', async () => {
    const answer = await call('DELETE', '/me');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
  });
});

describe('a bearer token', () => {
  test('reads and writes as its owner', async () => {
    const headers = { authorization: `Bearer ${await fixture.token('carol')}` };
    expect(body(await call('GET', '/me', { headers })).powers).toEqual({ admin: true, auditor: false });
    expect((await call('PATCH', '/settings', { headers, body: { accessContact: 'ask carol' } })).status).toBe(200);
  });

  test('that may only read changes nothing', async () => {
    const headers = { authorization: `Bearer ${await fixture.token('carol', { readOnly: true })}` };
    expect((await call('GET', '/me', { headers })).status).toBe(200);
    const refused = await call('PATCH', '/settings', { headers, body: { accessContact: null } });
    expect([refused.status, code(refused)]).toEqual([403, 'api.token-read-only']);
  });

  test('that is malformed is 401, whatever cookie comes along', async () => {
    const cookie = await fixture.signIn('carol');
    for (const authorization of [
      'Bearer',
      'Bearer ',
      'bearer\tx',
      'Basic Y2Fyb2w6eA==',
      'Bearer %E0%A4%A',
      'Bearer gh_abc',
      `Bearer ${'x'.repeat(64_000)}`,
      'Bearer eyJhbGciOiJub25lIn0.e30.',
    ]) {
      const refused = await call('GET', '/me', { headers: { authorization, cookie } });
      expect([authorization.slice(0, 20), refused.status]).toEqual([authorization.slice(0, 20), 401]);
    }
  });

  test('of somebody who is not live, and one that has expired, are 401 with the same words', async () => {
    const gone = await call('GET', '/me', { headers: { authorization: `Bearer ${await fixture.token('frank')}` } });
    const expired = await call('GET', '/me', {
      headers: { authorization: `Bearer ${await fixture.token('carol', { expiresInMs: 500 })}` },
    });
    expect([gone.status, expired.status]).toEqual([401, 401]);
    expect(errorShape.parse(gone.body).error.message).toBe(errorShape.parse(expired.body).error.message);
  });
});

describe('a session', () => {
  test('is enough to read', async () => {
    const cookie = await fixture.signIn('alice');
    expect(body(await call('GET', '/me', { headers: { cookie } })).person).toMatchObject({ upn: 'alice@corp.example' });
  });

  test('changes something only from a page of ours', async () => {
    const cookie = await fixture.signIn('carol');
    const change = { body: { accessContact: 'x' } };
    const without = (name: string) => Object.fromEntries(Object.entries(asPage(cookie)).filter(([key]) => key !== name));
    const foreign: Record<string, string>[] = [
      { cookie },
      without('x-gatehouse-request'),
      { ...asPage(cookie), origin: 'https://evil.example' },
      { ...asPage(cookie), origin: 'null' },
      { ...asPage(cookie), 'sec-fetch-site': 'cross-site' },
      { ...asPage(cookie), 'sec-fetch-site': 'same-site' },
      { cookie, 'x-gatehouse-request': '1' },
    ];
    for (const headers of foreign) {
      const refused = await call('PATCH', '/settings', { ...change, headers });
      expect([refused.status, code(refused)]).toEqual([403, 'session.foreign-page']);
    }
    expect((await call('PATCH', '/settings', { ...change, headers: asPage(cookie) })).status).toBe(200);
  });

  test('does not take a body that is not JSON', async () => {
    const headers = { ...asPage(await fixture.signIn('carol')), 'content-type': 'text/plain' };
    expect((await call('PATCH', '/settings', { body: '{"accessContact":"x"}', headers })).status).toBe(400);
  });

  test('ends where its owner ends it, and a copied cookie is worth nothing afterwards', async () => {
    const [here, elsewhere] = [await fixture.signIn('alice'), await fixture.signIn('alice')];
    expect((await call('POST', '/me/sessions/end-others', { headers: asPage(here), body: {} })).status).toBe(200);
    expect((await call('GET', '/me', { headers: { cookie: elsewhere } })).status).toBe(401);
    expect((await call('GET', '/me', { headers: { cookie: here } })).status).toBe(200);
  });

  test('of another person cannot be ended, and is not said to exist', async () => {
    const [alice, carol] = [await fixture.signIn('alice'), await fixture.signIn('carol')];
    const list = body(await call('GET', '/me/sessions', { headers: { cookie: alice } })).sessions as { id: string }[];
    expect((await call('DELETE', `/me/sessions/${list[0]?.id}`, { headers: asPage(carol) })).status).toBe(404);
  });

  test('is a secret of its own: no other value of ours opens it', async () => {
    const token = await fixture.token('carol');
    for (const value of ['', 'x', token, 'a'.repeat(43), '%00', '..']) {
      expect((await call('GET', '/me', { headers: { cookie: `gatehouse.session=${value}` } })).status).toBe(401);
    }
  });
});

describe('the gate', () => {
  test('lets nobody in who is not signed in, and anybody read whether the setup is open', async () => {
    for (const path of ['/me', '/people', '/overview', '/audit', '/settings', '/search?q=a'])
      expect((await call('GET', path)).status).toBe(401);
    expect((await call('GET', '/setup')).body).toEqual({ open: true, admitted: false, steps: null });
  });

  test('shows an auditor everything and lets an auditor change nothing', async () => {
    const headers = asPage(await fixture.signIn('erin'));
    for (const path of ['/people', '/overview', '/audit', '/settings', '/groups'])
      expect((await call('GET', path, { headers })).status).toBe(200);
    const refused = await call('PATCH', '/settings', { headers, body: { accessContact: 'erin' } });
    expect([refused.status, code(refused)]).toEqual([403, 'api.needs-admin']);
  });

  test('shows somebody without powers nothing of the directory', async () => {
    const headers = { cookie: await fixture.signIn('alice') };
    for (const path of [
      '/people',
      '/people.csv',
      '/people/search?search=a',
      `/people/${fixture.ids.carol}`,
      '/groups',
      '/groups.csv',
      '/groups/g-any/members.csv',
      '/audit',
      '/audit.csv',
      '/streams',
    ]) {
      expect([path, (await call('GET', path, { headers })).status]).toEqual([path, 403]);
    }
  });

  test('does not even read the body of somebody it refuses', async () => {
    expect((await call('PATCH', '/settings', { body: '{not json' })).status).toBe(401);
  });
});

describe('input', () => {
  let admin: Record<string, string>;
  beforeAll(async () => {
    admin = asPage(await fixture.signIn('carol'));
  });

  test('with an object where a scalar belongs is refused, on every way in', async () => {
    for (const path of [
      '/people?limit[gt]=1',
      '/people?search[contains]=a',
      '/people?limit=1&limit=2',
      '/people/%7B%22not%22%3A%22%22%7D',
      '/audit?actorId[not]=x',
    ]) {
      expect([path, (await call('GET', path, { headers: admin })).status]).toEqual([path, 400]);
    }
    for (const reason of [{ not: '' }, { startsWith: 'a' }, ['a'], null, 7]) {
      expect((await call('POST', `/people/${fixture.ids.alice}/cut-off`, { headers: admin, body: { reason } })).status).toBe(400);
    }
    expect((await call('PATCH', '/settings', { headers: admin, body: { accessContact: { not: '' } } })).status).toBe(400);
  });

  test('says which field is wrong', async () => {
    const refused = await call('GET', '/people?limit=many&sort=height', { headers: admin });
    expect(Object.keys(errorShape.parse(refused.body).error.fields ?? {}).sort()).toEqual(['limit', 'sort']);
  });

  test('cannot name a field twice, nor reach a prototype', async () => {
    expect(
      code(await call('POST', `/people/${fixture.ids.alice}/cut-off?reason=other`, { headers: admin, body: { reason: 'because' } })),
    ).toBe('api.said-twice');
    expect((await call('PATCH', '/settings', { headers: admin, body: '{"accessContact":"x","__proto__":{"admin":true}}' })).status).toBe(
      400,
    );
  });

  test('has a bound in size and in depth', async () => {
    const large = await call('PATCH', '/settings', { headers: admin, body: `{"accessContact":"${'x'.repeat(1_100_000)}"}` });
    expect(large.status).toBe(413);
    const deep = await call('PATCH', '/settings', {
      headers: admin,
      body: `{"accessContact":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    });
    expect([deep.status, code(deep)]).toEqual([400, 'api.too-deep']);
  });

  test('that looks like a pattern is searched as the text it is', async () => {
    for (const search of ['%', '_', '\\', "' OR 1=1 --"]) {
      const answer = await call('GET', `/people?search=${encodeURIComponent(search)}`, { headers: admin });
      expect([search, body(answer).total]).toEqual([search, 0]);
    }
    expect(body(await call('GET', '/people?search=ali%20corp', { headers: admin })).total).toBe(1);
  });
});

describe('without its database', () => {
  test('the portal says so in words with 503, serves nobody from what it remembers, and recovers by itself', async () => {
    const line = await createLine();
    const alone = await testPortal(line.through);
    const headers = { cookie: await alone.signIn('carol') };
    const callAlone = caller(alone.portal, sessionReads);
    expect((await callAlone('GET', '/me', { headers })).status).toBe(200);
    await line.cut();
    const refused = await callAlone('GET', '/me', { headers });
    expect([refused.status, code(refused), refused.headers.get('retry-after')]).toEqual([503, 'database.unreachable', '5']);
    await line.mend();
    await expect.poll(async () => (await callAlone('GET', '/me', { headers })).status, { timeout: 10_000 }).toBe(200);
    await alone.close();
    await line.cut();
  });
});

/** A line to PostgreSQL that can be cut: while it is, connecting is refused. */
async function createLine() {
  const sockets = new Set<Socket>();
  let target = { host: '', port: 0 };
  let port = 0;
  let server: Server | null = null;
  const listen = async () => {
    server = createServer((near) => {
      const far = connect(target);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one);
        one.pipe(other);
        one.on('error', () => {});
        one.on('close', () => other.destroy());
      }
    });
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  };
  return {
    async through(url: string): Promise<string> {
      const relayed = new URL(url);
      target = { host: relayed.hostname, port: Number(relayed.port) };
      await listen();
      relayed.hostname = '127.0.0.1';
      relayed.port = String(port);
      return relayed.toString();
    },
    mend: listen,
    async cut(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
      server = null;
    },
  };
}
