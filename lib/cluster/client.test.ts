// A scripted API server, for what a real one cannot be made to say: half an answer, another's page, silence.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authority, createAuthority, issue } from '#e2e/stack/certificates.ts';
import { type ClusterClient, createClusterClient } from './client.ts';
import { ClusterError, clusterFault } from './cluster-error.ts';
import { readEvents } from './watch.ts';

let server: Server;
let authority: Authority;
let client: ClusterClient;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
const requests: IncomingMessage[] = [];

beforeAll(async () => {
  authority = await createAuthority('scripted');
  const { certPem, keyPem } = await issue(authority, { commonName: 'api', ips: ['127.0.0.1'], server: true });
  server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = createClusterClient({ url, serverName: null, caPem: authority.certPem }, { kind: 'token', token: 'the-token' });
});

afterAll(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});

function says(body: unknown, { status = 200, type = 'application/json', headers = {} } = {}) {
  answer = (_request, response) => {
    response.writeHead(status, { 'content-type': type, ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

describe('a list is a complete list of what was asked, or an error:', () => {
  test.each([
    ['a web page', '<html>hello</html>', { type: 'text/html' }],
    ['JSON that breaks off', '{"kind":"RoleList","items":[', {}],
    ['a list of something else', { kind: 'PodList', metadata: { resourceVersion: '1' }, items: [] }, {}],
    ['a list without a version', { kind: 'RoleList', metadata: {}, items: [] }, {}],
    ['no items', { kind: 'RoleList', metadata: { resourceVersion: '1' } }, {}],
    ['an item that is no object', { kind: 'RoleList', metadata: { resourceVersion: '1' }, items: [{}] }, {}],
    ['an empty object', {}, {}],
    ['null', null, {}],
  ])('%s', async (_what, body, options) => {
    says(body, options);
    await expect(client.list('Role')).rejects.toMatchObject({ kind: 'garbage' });
  });

  test('a second page that fails fails the whole', async () => {
    answer = (request, response) => {
      const second = request.url?.includes('continue=more');
      const page = { kind: 'RoleList', metadata: { resourceVersion: '1', continue: 'more' }, items: [] };
      response.writeHead(second ? 410 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(second ? {} : page));
    };
    await expect(client.list('Role')).rejects.toMatchObject({ kind: 'expired' });
  });

  test('an answer that is cut off in the middle', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"kind":');
      setTimeout(() => response.destroy(), 20);
    };
    await expect(client.list('Role')).rejects.toMatchObject({ kind: 'unreachable' });
  });
});

test('a redirect is not followed: the credential goes nowhere else', async () => {
  requests.length = 0;
  says('', { status: 302, headers: { location: `${url}/elsewhere` } });
  await expect(client.version()).rejects.toMatchObject({ kind: 'garbage' });
  expect(requests.map((request) => request.url)).toEqual(['/version']);
});

test('a server of another authority hears nothing from us, not even a path', async () => {
  requests.length = 0;
  const stranger = await createAuthority('a stranger');
  const wary = createClusterClient({ url, serverName: null, caPem: stranger.certPem }, { kind: 'token', token: 'the-token' });
  await expect(wary.version()).rejects.toMatchObject({ kind: 'untrusted' });
  const renamed = createClusterClient({ url, serverName: 'api.example', caPem: authority.certPem }, { kind: 'token', token: 'the-token' });
  await expect(renamed.version()).rejects.toMatchObject({ kind: 'untrusted' });
  expect(requests).toEqual([]);
  await Promise.all([wary.close(), renamed.close()]);
});

test('a name from elsewhere stays one part of the path', async () => {
  requests.length = 0;
  says({ kind: 'Status', code: 404, message: 'no' }, { status: 404 });
  expect(await client.get('Role', '../../secrets?x=#', 'a/b')).toBeNull();
  expect(requests[0]?.url).toBe('/apis/rbac.authorization.k8s.io/v1/namespaces/a%2Fb/roles/..%2F..%2Fsecrets%3Fx%3D%23');
});

test('a watch that falls silent is given up, and one that says garbage is an error', async () => {
  const silent = async function* () {
    yield Buffer.from('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}\n');
    await new Promise((_resolve, reject) => abort.signal.addEventListener('abort', () => reject(new Error('aborted'))));
  };
  const abort = new AbortController();
  const events = readEvents(silent(), abort, 50);
  expect((await events.next()).value).toEqual({ type: 'BOOKMARK', resourceVersion: '7' });
  await expect(events.next()).rejects.toMatchObject({ kind: 'unreachable' });
  const garbled = readEvents(
    (async function* () {
      yield Buffer.from('{"type":"ADDED"}\n');
    })(),
    new AbortController(),
    1_000,
  );
  await expect(garbled.next()).rejects.toMatchObject({ kind: 'garbage' });
});

test('a watch event may come in pieces, and several in one', async () => {
  const event = (name: string) => JSON.stringify({ type: 'ADDED', object: { apiVersion: 'v1', kind: 'Role', metadata: { name } } });
  const text = `${event('one')}\n${event('zwö')}\n`;
  const bytes = Buffer.from(text);
  const body = (async function* () {
    for (const byte of bytes) yield Buffer.from([byte]);
    yield bytes;
  })();
  const names: string[] = [];
  for await (const each of readEvents(body, new AbortController(), 1_000)) if (each.type === 'ADDED') names.push(each.object.metadata.name);
  expect(names).toEqual(['one', 'zwö', 'one', 'zwö']);
});

test('what people read of an error never holds the server’s own text beyond its message', () => {
  const fault = clusterFault(new ClusterError('unreachable', 'ECONNREFUSED: connect'), 'https://api.example');
  expect(fault.message).toBe(
    'The API server at https://api.example cannot be reached from here (the connection is refused). Check the address and the network between, then try again.',
  );
});
