/**
 * Reads a pasted kubeconfig without ever doing what it says: no command is run, no file is opened, no unverified server is spoken to.
 * Pure. What we cannot use is refused with one sentence that says what to paste instead; the text itself is in no message.
 */
import { X509Certificate } from 'node:crypto';
import { parseDocument } from 'yaml';
import { type Fault, fault, isFault } from '#lib/errors/fault.ts';
import { KUBECONFIG_BYTES_MAX, proxyUrl } from './schema.ts';
import type { ClusterAddress, ClusterAuth } from './transport.ts';

export interface AdminAccess {
  readonly context: string;
  readonly address: ClusterAddress;
  readonly auth: ClusterAuth;
}

export interface ContextChoice {
  readonly name: string;
  readonly server: string;
  readonly user: string;
  /** As the kubeconfig says it; null = straight, or one that we refuse. */
  readonly proxyUrl: string | null;
  /** Null when we can use it. */
  readonly refusal: string | null;
}

export interface KubeconfigContents {
  readonly current: string | null;
  readonly contexts: readonly ContextChoice[];
}

type Fields = Readonly<Record<string, unknown>>;

const contextsMax = 500;

/** The contexts to choose from, each with the reason why we could not use it. */
export function readContexts(text: string): KubeconfigContents {
  const config = parse(text);
  const contexts = entriesOf(config, 'contexts').map(({ name, value }) => ({
    name,
    server: textOf(lookUp(config, 'clusters', textOf(value.cluster))?.server),
    user: textOf(value.user),
    proxyUrl: proxyUrl.safeParse(textOf(lookUp(config, 'clusters', textOf(value.cluster))?.['proxy-url'])).data ?? null,
    refusal: refusalOf(() => accessOf(config, name)),
  }));
  return { current: textOf(config['current-context']) || null, contexts };
}

/** The access of one context: the one named, else the current one, else the only one. */
export function readKubeconfig(text: string, chosen?: string): AdminAccess {
  const config = parse(text);
  const names = entriesOf(config, 'contexts').map(({ name }) => name);
  const name = chosen ?? (textOf(config['current-context']) || (names.length === 1 ? names[0] : undefined));
  if (!name) throw refuse('no-context', `The kubeconfig names no current context. Choose one of: ${names.slice(0, 20).join(', ')}.`);
  if (!names.includes(name)) throw refuse('no-context', `The kubeconfig has no context named “${shown(name)}”.`);
  return accessOf(config, name);
}

function parse(text: string): Fields {
  if (Buffer.byteLength(text) > KUBECONFIG_BYTES_MAX) throw refuse('too-large', 'This is too large for a kubeconfig.');
  const document = parseDocument(text, { schema: 'core', merge: false, uniqueKeys: true, prettyErrors: false, logLevel: 'silent' });
  if (document.errors.length > 0) throw refuse('not-yaml', notAKubeconfig);
  let value: unknown;
  try {
    // No aliases at all: kubectl writes none, and a few lines of them can unfold to gigabytes.
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw refuse('aliases', 'The kubeconfig uses YAML aliases. Paste it as `kubectl config view --raw --flatten` prints it.');
  }
  if (!isFields(value) || (value.kind !== 'Config' && !Array.isArray(value.clusters))) throw refuse('not-a-kubeconfig', notAKubeconfig);
  return value;
}

const notAKubeconfig = 'This is not a kubeconfig. Paste what `kubectl config view --raw --flatten --minify` prints.';

function accessOf(config: Fields, name: string): AdminAccess {
  const context = lookUp(config, 'contexts', name) ?? {};
  const clusterName = textOf(context.cluster);
  const userName = textOf(context.user);
  const cluster = lookUp(config, 'clusters', clusterName);
  const user = lookUp(config, 'users', userName);
  if (!cluster)
    throw refuse(
      'no-cluster',
      `The context “${shown(name)}” names the cluster “${shown(clusterName)}”, which the kubeconfig does not have.`,
    );
  if (!user)
    throw refuse('no-user', `The context “${shown(name)}” names the user “${shown(userName)}”, which the kubeconfig does not have.`);
  return { context: name, address: addressOf(cluster), auth: authOf(user) };
}

function addressOf(cluster: Fields): ClusterAddress {
  const server = textOf(cluster.server);
  if (cluster['insecure-skip-tls-verify'])
    throw refuse(
      'insecure',
      'The kubeconfig says insecure-skip-tls-verify. Gatehouse never speaks to a server it cannot verify: put its certificate authority in instead.',
    );
  if (!URL.canParse(server)) throw refuse('no-server', 'The kubeconfig has no usable server address.');
  const url = new URL(server);
  if (url.protocol !== 'https:')
    throw refuse('not-https', 'The kubeconfig’s server is not https. Gatehouse sends credentials over TLS only.');
  if (url.username || url.password || url.search || url.hash)
    throw refuse('odd-server', 'The kubeconfig’s server address has a user name, query or fragment in it. Use the plain https address.');
  if (cluster['certificate-authority']) throw fileReference('certificate-authority');
  const serverName = textOf(cluster['tls-server-name']);
  return {
    url: url.href.replace(/\/+$/, ''),
    serverName: serverName === '' ? null : serverName,
    caPem: caOf(cluster),
    proxyUrl: proxyOf(cluster),
  };
}

function proxyOf(cluster: Fields): string | null {
  if (!cluster['proxy-url']) return null;
  const { data, error } = proxyUrl.safeParse(textOf(cluster['proxy-url']));
  if (error) throw refuse('proxy-url', `The kubeconfig’s proxy-url cannot be used. ${error.issues[0]?.message ?? ''}`.trim());
  return data;
}

function caOf(cluster: Fields): string {
  const data = textOf(cluster['certificate-authority-data']);
  if (data === '')
    throw refuse(
      'no-ca',
      'The kubeconfig has no certificate-authority-data. Gatehouse pins the cluster’s certificate authority; add it (also a public one, as PEM in base64).',
    );
  return readCertificates(Buffer.from(data, 'base64').toString('utf8'));
}

/** One or several certificates as clean PEM, each parsed, so that nothing else rides along. */
export function readCertificates(pem: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length === 0) throw new Error('no PEM block');
    return blocks.map((block) => new X509Certificate(block).toString()).join('');
  } catch {
    throw refuse('bad-ca', 'The certificate authority is not a PEM certificate.');
  }
}

function authOf(user: Fields): ClusterAuth {
  if (user.exec)
    throw refuse(
      'exec',
      'The kubeconfig gets its credential by running a command (exec), and Gatehouse runs no command for a kubeconfig. Use one with a token or a client certificate inside, or register with the one kubectl apply.',
    );
  if (user['auth-provider'])
    throw refuse(
      'auth-provider',
      'The kubeconfig uses an auth-provider, which Gatehouse does not run. Use one with a token or a client certificate inside.',
    );
  for (const field of ['tokenFile', 'client-certificate', 'client-key']) if (user[field]) throw fileReference(field);
  for (const field of Object.keys(user))
    if (field.startsWith('as') && user[field])
      throw refuse('impersonates', 'The kubeconfig impersonates somebody (as). Paste one that has the rights itself.');
  const token = textOf(user.token).trim();
  if (token !== '') {
    if (!/^[\x21-\x7e]+$/.test(token)) throw refuse('bad-token', 'The kubeconfig’s token has characters that no token has.');
    return { kind: 'token', token };
  }
  const certPem = Buffer.from(textOf(user['client-certificate-data']), 'base64').toString('utf8');
  const keyPem = Buffer.from(textOf(user['client-key-data']), 'base64').toString('utf8');
  if (certPem.includes('BEGIN CERTIFICATE') && keyPem.includes('PRIVATE KEY')) return { kind: 'certificate', certPem, keyPem };
  if (user.username || user.password)
    throw refuse(
      'password',
      'The kubeconfig signs in with user name and password, which Kubernetes no longer accepts. Use a token or a client certificate.',
    );
  throw refuse('no-credential', 'The kubeconfig’s user has neither a token nor a client certificate inside.');
}

function fileReference(field: string): Fault {
  return refuse(
    'file-reference',
    `The kubeconfig points to a file (${field}) that only your machine has. Paste what \`kubectl config view --raw --flatten\` prints; it has everything inside.`,
  );
}

function refuse(what: string, message: string): Fault {
  return fault('bad-input', `kubeconfig.${what}`, message, { fields: { kubeconfig: message } });
}

function refusalOf(attempt: () => unknown): string | null {
  try {
    attempt();
    return null;
  } catch (error) {
    if (isFault(error)) return error.message;
    throw error;
  }
}

function entriesOf(config: Fields, list: 'contexts' | 'clusters' | 'users'): { name: string; value: Fields }[] {
  const entries = config[list];
  if (!Array.isArray(entries)) return [];
  const inner = list.slice(0, -1);
  return entries
    .slice(0, contextsMax)
    .filter(isFields)
    .map((entry) => ({ name: textOf(entry.name), value: isFields(entry[inner]) ? (entry[inner] as Fields) : {} }))
    .filter(({ name }) => name !== '');
}

function lookUp(config: Fields, list: 'contexts' | 'clusters' | 'users', name: string): Fields | undefined {
  return entriesOf(config, list).find((entry) => entry.name === name)?.value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A name of theirs in a sentence of ours: short, and on one line. */
function shown(name: string): string {
  return name.replace(/[^\p{L}\p{N} .:@/_-]/gu, '·').slice(0, 60);
}
