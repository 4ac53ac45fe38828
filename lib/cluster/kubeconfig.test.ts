import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createAuthority } from '#e2e/stack/certificates.ts';
import { readContexts, readKubeconfig } from './kubeconfig.ts';

let caPem: string;

beforeAll(async () => {
  caPem = (await createAuthority('a cluster')).certPem;
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Change {
  cluster?: Record<string, unknown>;
  user?: Record<string, unknown>;
  top?: Record<string, unknown>;
}

function kubeconfig({ cluster = {}, user = {}, top = {} }: Change = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'admin@east',
    contexts: [{ name: 'admin@east', context: { cluster: 'east', user: 'admin' } }],
    clusters: [
      { name: 'east', cluster: { server: 'https://api.east.example:6443', 'certificate-authority-data': base64(caPem), ...cluster } },
    ],
    users: [{ name: 'admin', user: { token: 'a-token', ...user } }],
    ...top,
  });
}

test('a whole kubeconfig gives address, authority and credential', () => {
  const { address, auth, context } = readKubeconfig(kubeconfig({ cluster: { 'tls-server-name': 'kubernetes' } }));
  expect(context).toBe('admin@east');
  expect(address).toMatchObject({ url: 'https://api.east.example:6443', serverName: 'kubernetes' });
  expect(new X509Certificate(address.caPem).subject).toContain('a cluster');
  expect(auth).toEqual({ kind: 'token', token: 'a-token' });
});

test('the proxy of a kubeconfig is gone through, and the page says so before anything is tried', () => {
  const text = kubeconfig({ cluster: { 'proxy-url': 'http://proxy.example:3128/' } });
  expect(readKubeconfig(text).address.proxyUrl).toBe('http://proxy.example:3128');
  expect(readContexts(text).contexts[0]).toMatchObject({ proxyUrl: 'http://proxy.example:3128', refusal: null });
  expect(readContexts(kubeconfig()).contexts[0]?.proxyUrl).toBeNull();
});

test('a client certificate is a credential too', () => {
  const user = {
    token: undefined,
    'client-certificate-data': base64(caPem),
    'client-key-data': base64('-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----'),
  };
  expect(readKubeconfig(kubeconfig({ user })).auth.kind).toBe('certificate');
});

const refused: readonly [what: string, change: Change, code: string][] = [
  ['a command to run', { user: { exec: { command: 'aws' } } }, 'kubeconfig.exec'],
  ['an auth-provider', { user: { 'auth-provider': { name: 'gcp' } } }, 'kubeconfig.auth-provider'],
  ['a token file', { user: { tokenFile: '/etc/passwd' } }, 'kubeconfig.file-reference'],
  ['a client certificate file', { user: { 'client-certificate': '/home/admin/c.pem' } }, 'kubeconfig.file-reference'],
  ['a client key file', { user: { 'client-key': '/home/admin/k.pem' } }, 'kubeconfig.file-reference'],
  ['an authority file', { cluster: { 'certificate-authority': '/home/admin/ca.pem' } }, 'kubeconfig.file-reference'],
  ['no verification', { cluster: { 'insecure-skip-tls-verify': true } }, 'kubeconfig.insecure'],
  ['no verification, said as text', { cluster: { 'insecure-skip-tls-verify': 'true' } }, 'kubeconfig.insecure'],
  ['plain http', { cluster: { server: 'http://api.east.example' } }, 'kubeconfig.not-https'],
  ['a password in the address', { cluster: { server: 'https://u:p@api.east.example' } }, 'kubeconfig.odd-server'],
  ['no address', { cluster: { server: 'api.east.example' } }, 'kubeconfig.no-server'],
  ['no authority', { cluster: { 'certificate-authority-data': undefined } }, 'kubeconfig.no-ca'],
  ['an authority that is no certificate', { cluster: { 'certificate-authority-data': base64('hello') } }, 'kubeconfig.bad-ca'],
  ['a proxy of another kind', { cluster: { 'proxy-url': 'socks5://10.0.0.1' } }, 'kubeconfig.proxy-url'],
  ['a proxy with a password in its address', { cluster: { 'proxy-url': 'http://us:geheim@10.0.0.1' } }, 'kubeconfig.proxy-url'],
  ['impersonation', { user: { as: 'system:admin' } }, 'kubeconfig.impersonates'],
  ['a password', { user: { token: undefined, username: 'admin', password: 'geheim' } }, 'kubeconfig.password'],
  ['no credential', { user: { token: undefined } }, 'kubeconfig.no-credential'],
  ['a token with a line break', { user: { token: 'a\nAuthorization: b' } }, 'kubeconfig.bad-token'],
  ['a context without its cluster', { top: { clusters: [] } }, 'kubeconfig.no-cluster'],
  ['a context without its user', { top: { users: [] } }, 'kubeconfig.no-user'],
  ['no current context', { top: { 'current-context': '', contexts: [] } }, 'kubeconfig.no-context'],
];

describe('a kubeconfig is refused for', () => {
  test.each(refused)('%s, with one sentence and no secret in it', (_what, change, code) => {
    const text = kubeconfig(change);
    const attempt = () => readKubeconfig(text);
    expect(attempt).toThrow(expect.objectContaining({ code, kind: 'bad-input' }));
    try {
      attempt();
    } catch (error) {
      expect((error as Error).message).not.toMatch(/a-token|geheim|BEGIN/);
    }
  });

  test.each([
    ['', 'nothing'],
    ['hello', 'a word'],
    ['{"a": [}', 'broken YAML'],
    ['- 1\n- 2', 'a list'],
    ['kind: Pod', 'another kind'],
  ])('being %j (%s)', (text) => {
    expect(() => readKubeconfig(text)).toThrow('not a kubeconfig');
  });

  test('aliases, which could unfold without end', () => {
    expect(() => readKubeconfig('kind: Config\na: &a [1, 1]\nclusters: [*a, *a]')).toThrow('aliases');
  });

  test('its size, before it is parsed', () => {
    expect(() => readKubeconfig(`kind: Config\n# ${'x'.repeat(300_000)}`)).toThrow('too large');
  });
});

test('of several contexts the one named is read, and the page hears which of them are of no use and why', () => {
  const text = kubeconfig({
    top: {
      'current-context': 'one',
      contexts: [
        { name: 'one', context: { cluster: 'east', user: 'admin' } },
        { name: 'two', context: { cluster: 'east', user: 'cloud' } },
      ],
      users: [
        { name: 'admin', user: { token: 'a-token' } },
        { name: 'cloud', user: { exec: { command: 'gcloud' } } },
      ],
    },
  });
  const { current, contexts } = readContexts(text);
  expect(current).toBe('one');
  expect(contexts.map(({ name, refusal }) => [name, refusal === null])).toEqual([
    ['one', true],
    ['two', false],
  ]);
  expect(() => readKubeconfig(text, 'two')).toThrow('runs no command');
  expect(() => readKubeconfig(text, 'three')).toThrow('no context named “three”');
});
