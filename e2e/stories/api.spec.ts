/**
 * Who may do what by the API, asked from outside: the OpenAPI document says what there is and for whom, and every word of it is tried.
 * A credential opens the one door that it was made for, and none after its owner is out.
 */
import { readFile } from 'node:fs/promises';
import { expect, test } from '@playwright/test';
import { type Answer, PortalClient } from '#e2e/scene/portal-client.ts';
import { type Administrator, signInAsAdministrator } from '#e2e/stack/samba/administrator.ts';
import { readContract } from '#e2e/test/contract-file.ts';
import { sendRaw, tokenIn } from '#e2e/test/raw-door.ts';

interface Described {
  readonly method: string;
  readonly path: string;
  readonly allow: 'anyone' | 'setup' | 'person' | 'auditor' | 'admin';
}

interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly requestId: string; readonly fields?: Record<string, string> };
}

const contract = readContract();
const anonymous = () => new PortalClient(contract.portal.url);
const admin = anonymous().withToken(contract.api.token);
const run = Date.now().toString(36);

let directory: Administrator;
let alice: PortalClient;
let operations: Described[];
const made: string[] = [];

test.beforeAll(async () => {
  const { url, ca, serverName, adminDn, adminPassword } = contract.directory;
  directory = await signInAsAdministrator({ url, caFile: ca, serverName }, adminDn, adminPassword);
  alice = await signedIn('alice', contract.users.find(({ login }) => login === 'alice')?.password ?? '');
  operations = await describedOperations();
});
test.afterAll(async () => {
  for (const login of made) await directory.deleteUser(login);
  await directory.close();
});

async function signedIn(login: string, password: string): Promise<PortalClient> {
  const client = anonymous();
  expect(await client.signIn(login, password)).toBe(true);
  return client;
}

async function describedOperations(): Promise<Described[]> {
  const { paths } = await anonymous().must<{ paths: Record<string, Record<string, { 'x-gatehouse-allow': Described['allow'] }>> }>(
    'GET',
    '/openapi.json',
  );
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      method: method.toUpperCase(),
      // The gate stands before the reading of any input, so an id that exists is not needed.
      path: path.replace(/\{[^}]+\}/g, 'x-aaaaaaaaaaaa'),
      allow: described['x-gatehouse-allow'],
    })),
  );
}

async function tried(client: PortalClient, those: readonly Described[]): Promise<string[]> {
  const answers: string[] = [];
  for (const { method, path } of those) {
    const answer = await client.call<Refusal>(method, path);
    expect(answer.body.error.message).toMatch(/^[A-Z].{8,300}\.$/);
    expect(answer.body.error.requestId).not.toBe('');
    answers.push(`${method} ${path}: ${answer.status} ${answer.body.error.code}`);
  }
  return answers;
}

const answering = (those: readonly Described[], outcome: (described: Described) => string) =>
  those.map((described) => `${described.method} ${described.path}: ${outcome(described)}`);

test('whoever has not signed in gets 401 from every operation but those that say “anyone”', async () => {
  expect(operations.length).toBeGreaterThan(60);
  const forSomebody = operations.filter(({ allow }) => allow !== 'anyone');
  expect(await tried(anonymous(), forSomebody)).toEqual(answering(forSomebody, () => '401 session.required'));
  const forAnyone = operations.filter(({ allow, method }) => allow === 'anyone' && method === 'GET');
  for (const { path } of forAnyone) expect([path, (await anonymous().call('GET', path)).status]).toEqual([path, 200]);
  expect(forAnyone.map(({ path }) => path).sort()).toEqual(['/break-glass/available', '/openapi.json', '/setup']);
});

test('a member by session gets 403 from everything that is for admins and auditors, and the answer says whom to ask', async () => {
  const closed = operations.filter(({ allow }) => allow === 'admin' || allow === 'auditor' || allow === 'setup');
  expect(closed.length).toBeGreaterThan(40);
  const needs = ({ allow }: Described) => `403 api.needs-${allow === 'auditor' ? 'auditor' : 'admin'}`;
  expect(await tried(alice, closed)).toEqual(answering(closed, needs));
});

test('an auditor by session sees what auditors see, and changes nothing', async () => {
  const erin = await signedIn('erin', contract.users.find(({ login }) => login === 'erin')?.password ?? '');
  const forAdmins = operations.filter(({ allow }) => allow === 'admin' || allow === 'setup');
  expect(await tried(erin, forAdmins)).toEqual(answering(forAdmins, () => '403 api.needs-admin'));
  for (const path of ['/people', '/roles', '/grants', '/clusters', '/audit', '/overview'])
    expect([path, (await erin.call('GET', path)).status]).toEqual([path, 200]);
});

test('a session alone changes nothing: the request must come from a page of the portal', async () => {
  const cookie = `gatehouse.session=${alice.cookie('gatehouse.session')}`;
  const post = (headers: Record<string, string>) =>
    fetch(`${contract.api.url}/me/sessions/end-others`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', ...headers },
      body: '{}',
    });
  const ours = contract.portal.url;
  for (const headers of [
    {},
    { origin: ours },
    { 'x-gatehouse-request': '1' },
    { 'x-gatehouse-request': '1', origin: 'https://evil.example' },
  ]) {
    const answer = await post(headers as Record<string, string>);
    expect([headers, answer.status, ((await answer.json()) as Refusal).error.code]).toEqual([headers, 403, 'session.foreign-page']);
  }
  expect((await fetch(`${contract.api.url}/me`, { headers: { cookie } })).status).toBe(200);
});

test('mistakes have one shape: an unknown address, a method that is not there, a field that nobody asked for', async () => {
  const refusals: [Answer<Refusal>, number, string][] = [
    [await alice.call('GET', '/nowhere'), 404, 'api.no-such-path'],
    [await alice.call('DELETE', '/me'), 405, 'api.no-such-method'],
    [await alice.call('POST', '/credentials/tokens', { name: 'x', admin: true }), 400, 'api.bad-input'],
    [await alice.call('GET', '/people/search?search=a&order=asc'), 400, 'api.bad-input'],
  ];
  for (const [answer, status, code] of refusals) {
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(Object.keys(answer.body)).toEqual(['error']);
    expect(answer.body.error.message).toMatch(/^[A-Z].{8,300}\.?$/);
  }
});

test('a token carries at most its owner’s rights, may be narrowed to reading, and mints no other credential', async () => {
  const { credentialId, token } = await alice.must<{ credentialId: string; token: string }>('POST', '/credentials/tokens', {
    name: `reads ${run}`,
    days: 1,
    readOnly: true,
  });
  const reader = anonymous().withToken(token);
  expect((await reader.call('GET', '/me/access')).status).toBe(200);
  expect(await reader.call('GET', '/people')).toMatchObject({ status: 403, body: { error: { code: 'api.needs-auditor' } } });
  expect(await reader.call('POST', '/me/sessions/end-others')).toMatchObject({
    status: 403,
    body: { error: { code: 'api.token-read-only' } },
  });
  expect(await admin.call('POST', '/credentials/tokens', { name: 'another' })).toMatchObject({
    status: 403,
    body: { error: { code: 'credential.needs-session' } },
  });
  expect(await admin.call('POST', '/credentials/kubeconfig', {})).toMatchObject({
    status: 403,
    body: { error: { code: 'credential.needs-session' } },
  });
  await alice.must('DELETE', `/credentials/${credentialId}`);
  expect(await reader.call('GET', '/me/access')).toMatchObject({ status: 401, body: { error: { code: 'session.bad-token' } } });
});

test('an API token dies with the account, within 2 seconds, and a new one does not come back with it', async () => {
  const login = `tess-${run}`;
  made.push(login);
  const { password } = await directory.createUser({ login, displayName: `Tess ${run}` });
  const known = () => admin.must<{ items: unknown[] }>('GET', `/people?search=${login}`);
  await expect.poll(async () => (await known()).items.length, { timeout: 10_000, intervals: [100] }).toBe(1);
  const tess = await signedIn(login, password);
  const { token } = await tess.must<{ token: string }>('POST', '/credentials/tokens', { name: 'script', days: 1 });
  const script = anonymous().withToken(token);
  expect(await script.must<{ person: { upn: string } }>('GET', '/me')).toMatchObject({ person: { upn: `${login}@corp.example` } });

  await directory.setDisabled(login, true);
  await expect.poll(async () => (await script.call('GET', '/me')).status, { timeout: 2_000, intervals: [50] }).toBe(401);
  expect((await tess.call('GET', '/me')).status).toBe(401);

  await directory.setDisabled(login, false);
  await expect.poll(async () => anonymous().signIn(login, password), { timeout: 10_000, intervals: [500] }).toBe(true);
  expect((await script.call('GET', '/me')).status).toBe(401);
});

test('each credential opens its own door only: no session and no API token at the proxy, no kubeconfig token at the portal', async () => {
  const line = 'GET /clusters/east/api/v1/namespaces/shop/pods HTTP/1.1';
  const host = `Host: ${new URL(contract.proxy.url).host}`;
  const session = alice.cookie('gatehouse.session') ?? '';
  expect(session).not.toBe('');
  const kubeconfigToken = tokenIn(contract.kubeconfigs.alice ?? '');
  const atTheDoor = async (...headers: string[]) => (await sendRaw(contract, [line, host, ...headers, 'Connection: close'])).status;
  expect(await atTheDoor(`Authorization: Bearer ${kubeconfigToken}`)).toBe(200);
  expect(await atTheDoor(`Cookie: gatehouse.session=${session}`)).toBe(401);
  expect(await atTheDoor(`Authorization: Bearer ${session}`)).toBe(401);
  expect(await atTheDoor(`Authorization: Bearer ${contract.api.token}`)).toBe(401);

  const withKubeconfig = anonymous().withToken(kubeconfigToken);
  expect(await withKubeconfig.call('GET', '/me')).toMatchObject({ status: 401, body: { error: { code: 'session.bad-token' } } });
  // A token that is no good is not made up for by a cookie that is.
  const both = await fetch(`${contract.api.url}/me`, {
    headers: { authorization: `Bearer ${kubeconfigToken}`, cookie: `gatehouse.session=${session}` },
  });
  expect(both.status).toBe(401);
  expect(await readFile(contract.kubeconfigs.alice ?? '', 'utf8')).not.toContain(session);
});
