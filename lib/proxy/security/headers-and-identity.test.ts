/** Who a cluster believes is asking: the person whom the credential names, whatever else a client says (SECURITY 1a). */
import { describe, expect, test } from 'vitest';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import {
  alice,
  asked,
  auditIdIn,
  execPath,
  frank,
  get,
  heard,
  raw,
  type Shape,
  shapes,
  stand,
  standBeforeTheDoor,
  statusIn,
  upgradeHeaders,
  upstream,
} from '../testing/front.ts';
import { proxiesInFront, startInFront } from '../testing/proxies-in-front.ts';
import { ask } from '../testing/raw-client.ts';
import { startScriptedUpstream } from '../testing/scripted-upstream.ts';
import { clusterId, startStand } from '../testing/stand.ts';

standBeforeTheDoor();

interface Denied {
  readonly status: number;
  readonly body: string;
}

/** A clean deny: this code, said as a Status that names itself alike inside and out, and not a byte at the cluster. */
function expectDenied(answer: Denied, code: number, reason: string): void {
  expect(answer.status).toBe(code);
  expect(statusIn(answer.body)).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason });
  expect(upstream.seen).toEqual([]);
}

describe.each(shapes)('%s', (shape) => {
  const sent = async (headers: readonly string[] = [], passed: readonly string[] = []) => {
    const answer = await raw(...asked(shape, alice, { headers }));
    expect(upstream.garbage).toEqual([]);
    expect(upstream.seen).toHaveLength(1);
    const [request] = upstream.seen;
    expect(request?.headers).toEqual(heard(shape, auditIdIn(request?.headers ?? []), passed));
    return { answer, request };
  };

  test('a cluster hears our account, this person, their groups one line each, and nothing that the client made up (SECURITY 1, 3, 4, 6)', async () => {
    const { answer, request } = await sent([
      'X-Remote-User: system:admin',
      'X-Remote-Group: system:masters',
      'X-Remote-Extra-Scopes: all',
      'X-Remote-Uid: 1',
      'X-WEBAUTH-USER: admin',
      'X-Forwarded-User: system:admin',
      'X-Forwarded-For: 10.0.0.1',
      'Forwarded: for=10.0.0.1;host=evil',
      'X-Real-IP: 10.0.0.1',
      'X-Original-URL: /api/v1/secrets',
      'X-HTTP-Method-Override: DELETE',
      'X.Remote.User: system:admin',
      'Proxy-Authorization: Bearer x',
      'Audit-ID: 00000000-0000-0000-0000-000000000000',
      'Cookie: __Host-gatehouse.session=abc',
      'Keep-Alive: timeout=5',
      'TE: trailers',
      'Trailer: Impersonate-User',
      'Via: 1.1 evil',
    ]);
    expect(answer.status).toBe(200);
    expect(request?.line).toBe(`${shape === 'a SPDY upgrade' ? 'POST' : 'GET'} ${execPath.slice('/clusters/east'.length)} HTTP/1.1`);
    expect(request?.head).toBe(`${[request?.line, ...(request?.headers ?? [])].join('\r\n')}\r\n\r\n`);
  });

  test.each([
    'close, Impersonate-User, Impersonate-Group, Authorization',
    'Impersonate-User',
    'keep-alive, impersonate-uid, host',
    ', ,authorization,',
  ])(
    'nothing that the client’s Connection names is taken away from the head, and no word of it goes on: %s (SECURITY 1)',
    async (tokens) => {
      if (shape === 'a plain request') await sent([`Connection: ${tokens}`]);
      else {
        // A second Connection line, for the first one asks for the upgrade.
        const answer = await raw(...asked(shape, alice, { headers: [`Connection: ${tokens}`] }));
        const [request] = upstream.seen;
        if (request) expect(request.headers).toEqual(heard(shape, auditIdIn(request.headers)));
        else expect(answer.status).toBe(400);
      }
    },
  );

  test.each([
    'Impersonate-User',
    'Impersonate-Group',
    'Impersonate-Uid',
    'Impersonate-Extra-foo',
    'Impersonate-Extra-authentication.kubernetes.io%2Fcredential-id',
    'Impersonate-Whatever',
    'imPerSonaTE-USer',
    'IMPERSONATE-UID',
    'Impersonate_User',
    'Impersonate.Group',
    'impersonate',
  ])('the client’s own %s is 403 that says so: with a value, empty, and twice (SECURITY 2, 4)', async (name) => {
    for (const headers of [[`${name}: system:admin`], [`${name}:`], [`${name}: a`, `${name.toLowerCase()}: b`]]) {
      const answer = await raw(...asked(shape, alice, { headers }));
      expectDenied(answer, 403, 'Forbidden');
      expect(statusIn(answer.body).message).toContain('only you');
      expect(answer.head).toMatch(/\r\nConnection: close/);
    }
  });

  test.each(['X_Remote_User', 'Content_Length', 'Host_', 'Authorization_', '_', 'X-Forwarded_For'])(
    'the name %s, which some readers take for another, is 400 (SECURITY 4)',
    async (name) => {
      expectDenied(await raw(...asked(shape, alice, { headers: [`${name}: system:admin`] })), 400, 'BadRequest');
    },
  );

  test.each([
    ['no Authorization', []],
    ['Bearer alone', ['Authorization: Bearer']],
    ['Bearer and a space', ['Authorization: Bearer ']],
    ['bearer and a tab', ['Authorization: bearer\t']],
    ['a tab for a space', () => [`Authorization: Bearer\t${alice}`]],
    ['Basic', ['Authorization: Basic YWxpY2U6cA==']],
    ['the token without its scheme', () => [`Authorization: ${alice}`]],
    ['two tokens in one', () => [`Authorization: Bearer ${alice}, Bearer ${alice}`]],
    ['a JWT that claims to need no signature', ['Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.']],
    ['a broken escape', ['Authorization: Bearer %E0%A4%A']],
    ['a token of 60 KiB', [`Authorization: Bearer ${'a'.repeat(60 * 1024)}`]],
    ['a token with one letter changed', () => [`Authorization: Bearer ${changed(alice)}`]],
    ['only a session cookie', ['Cookie: __Host-gatehouse.session=whatever', 'Origin: https://evil.example']],
    ['the token in the address', [], () => `${execPath}&access_token=${alice}&token=${alice}`],
    ['the token in another header', () => [`X-Auth-Token: ${alice}`, `X-Api-Key: ${alice}`]],
  ] as [string, readonly string[] | (() => readonly string[]), (() => string)?][])(
    '%s is 401 (SECURITY 8, 12, 17)',
    async (_name, headers, target) => {
      const lines = typeof headers === 'function' ? headers() : headers;
      expectDenied(await raw(...asked(shape, null, { headers: lines, ...(target ? { target: target() } : {}) })), 401, 'Unauthorized');
    },
  );

  test('two Authorization headers are 400, whichever is good (SECURITY 8)', async () => {
    for (const other of [`Bearer ${alice}`, 'Bearer x', 'Basic x'])
      expectDenied(await raw(...asked(shape, alice, { headers: [`authorization: ${other}`] })), 400, 'BadRequest');
  });

  test('a credential narrowed to one cluster, and one of another kind, open no other (SECURITY 10)', async () => {
    const elsewhere = await stand.token('alice', { clusterIds: [clusterId('west')] });
    expectDenied(await raw(...asked(shape, elsewhere)), 403, 'Forbidden');
    const forThePortal = await stand.token('alice', { kind: 'api' });
    expectDenied(await raw(...asked(shape, forThePortal)), 401, 'Unauthorized');
  });

  test('a bad token is 401 before anything else is looked at, whatever the path or its disguise (SECURITY 22)', async () => {
    for (const target of ['/clusters/east/version', '/clusters/nowhere/version', '/healthz', '/readyz', '/', '/metrics']) {
      const headers = [
        'X-Forwarded-Uri: /healthz',
        'X-Original-URL: /healthz',
        'X-Rewrite-URL: /healthz',
        'User-Agent: kube-probe/1.33',
        'X-Forwarded-Host: localhost',
      ];
      expectDenied(await raw(...asked(shape, 'gh_bad', { target, headers })), 401, 'Unauthorized');
    }
  });

  test('an unknown cluster, one without a right, and one outside the credential are told apart by nothing (SECURITY 28, 56)', async () => {
    const target = (name: string) => execPath.replace('east', name);
    const unknown = await raw(...asked(shape, frank, { target: target('nowhere') }));
    const forbidden = await raw(...asked(shape, frank));
    const narrowed = await raw(...asked(shape, await stand.token('alice', { clusterIds: [clusterId('west')] })));
    expectDenied(unknown, 403, 'Forbidden');
    expect(forbidden.body).toBe(unknown.body);
    expect(narrowed.body).toBe(unknown.body);
    const named = (head: string) => head.replace(/[0-9a-f-]{36}/, '').replace(/\r\n(Date|Connection|Keep-Alive):[^\r]*/gi, '');
    expect(named(forbidden.head)).toBe(named(unknown.head));
    expect(upstream.seen).toEqual([]);
  });

  test('a credential that may only read opens no shell and no application (SECURITY 15)', async () => {
    const token = await stand.token('alice', { readOnly: true });
    const inShop = '/clusters/east/api/v1/namespaces/shop';
    const targets = [
      execPath,
      `${inShop}/pods/web/attach?stdin=1`,
      `${inShop}/pods/web/portforward?ports=80`,
      `${inShop}/pods/web/proxy/run`,
      `${inShop}/services/web/proxy/`,
      '/clusters/east/api/v1/nodes/n1/proxy/run/shop/web/c?cmd=id',
      // Nor through any other way to write the same.
      `${inShop}/pods/web/%65xec?command=sh`,
    ];
    for (const target of targets) expectDenied(await raw(...asked(shape, token, { target })), 403, 'Forbidden');
  });
});

describe('what is not a matter of the way in', () => {
  test('cluster and person are told in time that says nothing: an unknown cluster is refused as fast as a forbidden one (SECURITY 28)', async () => {
    const took: Record<'nowhere' | 'east', number[]> = { nowhere: [], east: [] };
    for (let i = 0; i < 60; i += 1) {
      for (const name of ['nowhere', 'east'] as const) {
        const began = performance.now();
        await get(`/clusters/${name}/version`, frank);
        took[name].push(performance.now() - began);
      }
    }
    const median = (times: number[]) => times.toSorted((a, b) => a - b)[30] ?? 0;
    expect(Math.abs(median(took.nowhere) - median(took.east))).toBeLessThan(Math.max(25, 2 * median(took.east)));
  });

  test('groups of the directory, however they are called, are never on the wire: only ours are, one line each (SECURITY 5, 6)', async () => {
    const names = [
      'a,b',
      'CN=x,OU=y',
      'é',
      'system:masters',
      'a\r\nImpersonate-Group: system:masters',
      ...Array.from({ length: 200 }, (_, i) => `g ${i}`),
    ];
    await stand.write(
      'directory',
      'd-1',
      `INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
       SELECT 'g-' || n, 'f-1', 'd-1', gen_random_uuid(), 'CN=' || name, name, name, -2147483646, true FROM unnest($1::text[]) WITH ORDINALITY AS t (name, n)`,
      [names],
    );
    await stand.write('directory', 'd-1', `INSERT INTO membership (group_id, member_id) SELECT id, 'p-alice' FROM directory_group`);
    await raw(...asked('a plain request', alice));
    const groups = upstream.seen[0]?.headers.filter((header) => header.startsWith('Impersonate-Group: ')) ?? [];
    expect(groups.at(-1)).toBe('Impersonate-Group: system:authenticated');
    for (const group of groups.slice(0, -1))
      expect(group).toMatch(new RegExp(`^Impersonate-Group: gatehouse:${stand.installationId}:[a-z0-9:-]+$`));
    expect(upstream.seen[0]?.headers.join('\n')).not.toMatch(/masters|CN=|é/);
  });

  test.each([
    'system:admin',
    'system:serviceaccount:kube-system:default',
    'gatehouse:a\r\nImpersonate-Group: system:masters',
    'gatehouse:a\u0000b',
    'gatehouse:müller@corp.example',
    'gatehouse:a b',
    'gatehouse:',
    'alice',
    '',
  ])('should a name like %j ever stand in our own database, the request ends here with 500 (SECURITY 5, 6)', async (wireName) => {
    // PostgreSQL itself keeps no NUL.
    const stored = wireName.includes('\u0000') ? 'gatehouse:a\u0001b' : wireName;
    const token = await stand.token('gina');
    const grant = await stand.grant('gina', viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
    await stand.write('person', 'p-gina', `UPDATE person SET wire_name = $1 WHERE id = 'p-gina'`, [stored]);
    await stand.write(
      'cluster-entry',
      clusterId('east'),
      `INSERT INTO cluster_entry (cluster_id, wire_name, person_id) VALUES ($1, $2, 'p-gina') ON CONFLICT DO NOTHING`,
      [clusterId('east'), stored],
    );
    for (const shape of shapes) expectDenied(await raw(...asked(shape, token)), 500, 'InternalError');
    await stand.write('binding', grant, 'UPDATE binding SET revoked_at = now() WHERE id = $1', [grant]);
  });

  test('a token of the other cluster’s door, and the person’s own, never reach a cluster that was not asked (SECURITY 10, 20, 56)', async () => {
    const other = await startScriptedUpstream();
    const before = other.connections();
    await stand.write('cluster', clusterId('west'), 'UPDATE cluster SET server_url = $2 WHERE id = $1', [clusterId('west'), other.url]);
    const { host } = new URL(other.url);
    for (const shape of shapes) {
      await raw(
        ...asked(shape, alice, { headers: [`X-Forwarded-Host: ${host}`, `Forwarded: host=${host}`, `X-Forwarded-Server: ${host}`] }),
      );
      expect((await raw(...asked(shape, alice, { target: execPath.replace('east', 'west') }))).status).toBe(403);
      const [line = '', , ...rest] = asked(shape, alice);
      await raw(line, `Host: ${host}`, ...rest);
      expect((await raw(line.replace('/clusters', `https://${host}/clusters`), `Host: ${host}`, ...rest)).status).toBe(400);
    }
    expect(other.connections()).toBe(before);
    expect(upstream.seen).toHaveLength(6);
    expect(upstream.seen.map(({ head }) => head).join()).not.toContain(alice);
    await other.close();
  });

  test('bytes beyond ASCII in what is passed on arrive as they came, and cannot make a line', async () => {
    await get('/clusters/east/version', alice, 'User-Agent: k\u00e9\u00ff');
    expect(upstream.seen[0]?.headers).toContain('User-Agent: k\u00e9\u00ff');
  });

  test('each kind of denial stands in the audit log once, whatever was asked how often, with nobody’s secret in it (SECURITY 2, 8, 56, 58)', async () => {
    const own = await startStand({
      clusters: [{ name: 'east', serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop'] }],
      people: ['alice', 'frank', 'gina'],
    });
    await own.grant('alice', viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
    const [good, readOnly, right, last] = [
      await own.token('alice'),
      await own.token('alice', { readOnly: true }),
      await own.token('frank'),
      await own.token('gina'),
    ];
    const put = (lines: readonly string[]) => ask(own.url, own.caPem, lines);
    const wanted: [string, readonly string[], string | null][] = [
      ['door.own-impersonation', asked('a plain request', good, { headers: ['Impersonate-User: x'] }), 'p-alice'],
      ['door.no-access', asked('a SPDY upgrade', right), 'p-frank'],
      ['door.read-only', asked('a WebSocket upgrade', readOnly), 'p-alice'],
      ['door.unauthenticated', asked('a plain request', changed(good)), null],
    ];
    const refused = async () => {
      const { rows } = await own.db.sql.query<{ code: string; actor_kind: string; actor_id: string | null; detail: object }>(
        `SELECT detail->>'code' AS code, actor_kind, actor_id, detail FROM audit_event WHERE event = 'request.refused' ORDER BY id`,
      );
      return rows;
    };
    for (const [, lines] of wanted) for (let i = 0; i < 3; i += 1) await put(lines);
    // Told in order, so whatever a repetition had added would stand there before this one.
    await put(asked('a plain request', last));
    await expect.poll(async () => (await refused()).at(-1)?.actor_id, { timeout: 15_000 }).toBe('p-gina');
    const rows = await refused();
    expect(rows.map(({ code, actor_id }) => [code, actor_id])).toEqual([
      ...wanted.map(([code, , who]) => [code, who]),
      ['door.no-access', 'p-gina'],
    ]);
    expect(rows.find(({ code }) => code === 'door.unauthenticated')).toMatchObject({
      actor_kind: 'anonymous',
      detail: { method: 'GET', address: '127.0.0.1', times: 1 },
    });
    for (const secret of [good, readOnly, right, last, changed(good), 'door-token'])
      expect(JSON.stringify(rows)).not.toContain(secret.slice(secret.lastIndexOf('_') + 1));
    await own.stop();
  });

  test('a refusal is said in JSON whatever was asked for, which every Kubernetes client reads (DECISIONS, answers of the door)', async () => {
    for (const accept of [
      'application/vnd.kubernetes.protobuf',
      'application/cbor',
      'text/html',
      'application/json;as=Table;v=v1;g=meta.k8s.io',
    ]) {
      const answer = await get('/clusters/nowhere/api', alice, `Accept: ${accept}`);
      expectDenied(answer, 403, 'Forbidden');
      expect(answer.head).toMatch(/\r\nContent-Type: application\/json\r\n/);
      expect(answer.head).toMatch(/\r\nX-Content-Type-Options: nosniff/);
      expect(answer.head).toMatch(/\r\nAudit-Id: [0-9a-f-]{36}/);
    }
  });

  test('the group that lists namespaces goes only with a request whose selector we wrote (SECURITY 2; PROTOCOLS B3)', async () => {
    const reserved = `Impersonate-Group: gatehouse:${stand.installationId}:namespace-list`;
    await get('/clusters/east/api/v1/namespaces', alice);
    expect(decodeURIComponent(upstream.seen.at(-1)?.line ?? '')).toContain('labelSelector=kubernetes.io/metadata.name in (shop)');
    expect(upstream.seen.at(-1)?.headers).toContain(reserved);
    for (const path of ['/api/v1/namespaces/shop', '/api/v1/namespaces/shop/pods', '/api/v2/namespaces', '/apis/x/v1/namespaces']) {
      await get(`/clusters/east${path}`, alice);
      expect(upstream.seen.at(-1)?.headers).not.toContain(reserved);
    }
  });

  test('a credential that may only read changes nothing, but reads, and may ask about itself (SECURITY 15)', async () => {
    const token = await stand.token('alice', { readOnly: true });
    const send = (method: string, path: string) =>
      raw(`${method} ${path} HTTP/1.1`, 'Host: door', `Authorization: Bearer ${token}`, 'Content-Length: 0');
    const pods = '/clusters/east/api/v1/namespaces/shop/pods';
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) expectDenied(await send(method, pods), 403, 'Forbidden');
    expect((await get(pods, token)).status).toBe(200);
    expect((await send('POST', '/clusters/east/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')).status).toBe(200);
  });

  test('many headers are all judged: the last of thousands counts like the first (SECURITY 2)', async () => {
    const many = Array.from({ length: 3_000 }, (_, i) => `X-${i}: 1`);
    for (const shape of shapes)
      expectDenied(await raw(...asked(shape, alice, { headers: [...many, 'Impersonate-User: x'] })), 403, 'Forbidden');
  });

  test('what the client did not say is not said for it: no Accept, no User-Agent, no length of nothing', async () => {
    await ask(stand.url, stand.caPem, ['GET /clusters/east/version HTTP/1.1', 'Host: door', `Authorization: Bearer ${alice}`]);
    const [request] = upstream.seen;
    expect(request?.headers).toEqual(heard('a plain request', auditIdIn(request?.headers ?? [])));
  });
});

if (process.env.GATEHOUSE_TEST_LONG === '1') {
  describe.each(proxiesInFront)('through $name in front', (kind) => {
    test.each(shapes)('%s: nothing is taken away, nothing is added, whatever Connection names (SECURITY 1, 2)', async (shape) => {
      const front = await startInFront(kind, stand.url);
      const put = (lines: readonly string[]) => ask(front.url, front.caPem, lines);
      await expect.poll(() => put(asked(shape, alice)).then(({ status }) => status, String), { timeout: 15_000 }).toBe(200);
      for (const tokens of [
        'close, Impersonate-User, Impersonate-Group, Authorization',
        'impersonate-uid, host, audit-id',
        'authorization',
      ]) {
        upstream.seen.length = 0;
        const answer = await put(asked(shape, alice, { headers: [`Connection: ${tokens}`, 'X-Remote-User: system:admin'] }));
        // Whoever in front took the credential away has made a stranger; whoever passed it on, alice. There is no third.
        if (answer.status !== 200) {
          expect([400, 401]).toContain(answer.status);
          expect(upstream.seen).toEqual([]);
          continue;
        }
        const [request] = upstream.seen;
        const added = request?.headers.filter((header) => /^(?:sec-websocket|x-stream)/i.test(header)) ?? [];
        expect(request?.headers.filter((header) => !added.includes(header)).toSorted()).toEqual(
          heard('a plain request', auditIdIn(request?.headers ?? []))
            .slice(0, -1)
            .concat(heard(shape, '').slice(-(shape === 'a plain request' ? 1 : shape === 'a SPDY upgrade' ? 3 : 2)))
            .toSorted(),
        );
      }
      for (const name of ['Impersonate-User', 'impersonate-group', 'Impersonate_User']) {
        upstream.seen.length = 0;
        expect((await put(asked(shape, alice, { headers: [`${name}: system:admin`] }))).status).toBe(403);
        expect(upstream.seen).toEqual([]);
      }
      await front.stop();
    });
  });
}

test('each shape really is what it says', () => {
  const named = (shape: Shape) => upgradeHeaders[shape].find((header) => header.startsWith('Upgrade: '));
  expect(shapes.map(named)).toEqual([undefined, 'Upgrade: websocket', 'Upgrade: SPDY/3.1']);
});

function changed(token: string): string {
  const at = token.length - 10;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}
