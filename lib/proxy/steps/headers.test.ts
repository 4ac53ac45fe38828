import { expect, test } from 'vitest';
import { Answer } from '../answers.ts';
import { readHeaders } from './headers.ts';

const refusal = (headers: string[], upgrade = false) => {
  try {
    readHeaders(headers, upgrade);
  } catch (error) {
    return error instanceof Answer ? error.facts.status : error;
  }
  return 'not refused';
};
const host = ['Host', 'door'];

test('nothing outside the allowlist goes on, whatever its spelling (SECURITY 1, 3, 4)', () => {
  const { passed } = readHeaders(
    [
      ...host,
      'Accept',
      'application/json',
      'Connection',
      'close, Impersonate-User, Authorization',
      'X-Remote-User',
      'admin',
      'X-Remote.Group',
      'system:masters',
      'X-Forwarded-User',
      'admin',
      'X-Forwarded-For',
      '1.2.3.4',
      'X-WEBAUTH-USER',
      'admin',
      'Cookie',
      'a=b',
      'Authorization',
      'Bearer t',
      'User-Agent',
      'kubectl',
      'Audit-ID',
      'mine',
      'TE',
      'trailers',
      'Proxy-Authorization',
      'x',
      'Upgrade-Insecure-Requests',
      '1',
    ],
    false,
  );
  expect(passed).toEqual(['Accept', 'application/json', 'User-Agent', 'kubectl']);
});

test.each([
  'Impersonate-User',
  'impersonate-group',
  'IMPERSONATE-UID',
  'Impersonate-Extra-foo',
  'Impersonate_User',
  'Impersonate.User',
  'Impersonate-Whatever',
  'Impersonate',
])('the client’s own %s is seen for what it is, also when empty', (name) => {
  expect(readHeaders([...host, name, ''], false).reserved).toBe(name);
  expect(readHeaders([...host, name, 'x'], false).passed).toEqual([]);
});

test.each([
  ['an underscore in a name', [...host, 'X_Remote_Group', 'system:masters']],
  ['two Host', [...host, 'host', 'other']],
  ['no Host', []],
  ['two Authorization', [...host, 'Authorization', 'Bearer a', 'authorization', 'Bearer a']],
  ['Content-Length with Transfer-Encoding', [...host, 'Content-Length', '1', 'Transfer-Encoding', 'chunked']],
  ['Transfer-Encoding x, chunked', [...host, 'Transfer-Encoding', 'x, chunked']],
  ['two Transfer-Encoding', [...host, 'Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked']],
  ['Content-Length +1', [...host, 'Content-Length', '+1']],
  ['a control character', [...host, 'Accept', 'a\u0001b']],
  ['an unknown expectation', [...host, 'Expect', 'tea']],
])('%s is 400', (_name, headers) => {
  expect(refusal(headers)).toBe(400);
});

test.each([
  ['Bearer', null],
  ['Bearer ', null],
  ['bearer\tx', null],
  ['Basic x', null],
  ['Bearer a b', null],
  [`Bearer ${'a'.repeat(60_000)}`, null],
  ['Bearer x', 'x'],
  ['bearer  x', 'x'],
])('Authorization: %.20s carries the token %s (SECURITY 8)', (value, token) => {
  expect(readHeaders([...host, 'Authorization', value], false).token).toBe(token);
});

const webSocket = [
  ...host,
  'Connection',
  'Upgrade',
  'Upgrade',
  'websocket',
  'Sec-WebSocket-Key',
  'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version',
  '13',
];

test('a browser’s token in the subprotocol is taken and goes no further (SECURITY 18)', () => {
  const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from('gh_tok').toString('base64url')}`;
  const read = readHeaders([...webSocket, 'Sec-WebSocket-Protocol', `${bearer}, v5.channel.k8s.io`], true);
  expect(read.token).toBe('gh_tok');
  expect(read.passed).toContain('v5.channel.k8s.io');
  expect(read.passed.join()).not.toContain('bearer');
  expect(refusal([...webSocket, 'Sec-WebSocket-Protocol', bearer], true)).toBe(400);
  const apart = readHeaders([...webSocket, 'Sec-WebSocket-Protocol', bearer, 'Sec-WebSocket-Protocol', 'v5.channel.k8s.io'], true);
  expect(apart.token).toBe('gh_tok');
  expect(apart.passed.join()).not.toContain('bearer');
  for (const odd of [`${bearer}=`, `${bearer}!`, bearer.toUpperCase(), `${bearer.slice(0, 38)}`]) {
    const { token, passed } = readHeaders([...webSocket, 'Sec-WebSocket-Protocol', `${odd}, v5.channel.k8s.io`], true);
    expect([token, passed.join().toLowerCase().includes('bearer')]).toEqual(['', false]);
  }
  expect(refusal([...webSocket, 'Sec-WebSocket-Protocol', `${bearer}, v5.channel.k8s.io`, 'Authorization', 'Bearer x'], true)).toBe(400);
});

test.each(['h2c', 'tcp', 'websocket, h2c', 'SPDY/3', 'foo'])('Upgrade: %s is 400 (SECURITY 19)', (protocol) => {
  expect(refusal([...host, 'Connection', 'Upgrade', 'Upgrade', protocol], true)).toBe(400);
});

test('a WebSocket without its key, or of another version, is 400 (F27)', () => {
  expect(refusal([...host, 'Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'], true)).toBe(400);
  expect(
    refusal([...host, 'Upgrade', 'websocket', 'Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version', '8'], true),
  ).toBe(400);
});
