/**
 * What of a client's headers may go on. Upstream headers are built from an allowlist, so a header that nobody thought of here is simply not
 * sent: `X-Remote-*`, `X-Forwarded-*`, cookies, and whatever `Connection` names. The framing (Connection, Host, length) is always ours.
 */
import { badHeader, badUpgrade } from '../answers.ts';

const passed = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'kubectl-command',
  'kubectl-session',
  'pragma',
  'range',
  'traceparent',
  'tracestate',
  'user-agent',
  'warning',
  'x-requested-with',
]);

const passedOnUpgrade = new Set([
  'origin',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'x-stream-protocol-version',
]);

/** Twice is one too many: two readers might each believe another one. */
const atMostOnce = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'sec-websocket-key',
  'sec-websocket-version',
  'transfer-encoding',
  'upgrade',
]);

const bearerProtocol = 'base64url.bearer.authorization.k8s.io.';
const tokenMax = 1_024;

export type Body = { readonly kind: 'none' } | { readonly kind: 'length'; readonly bytes: string } | { readonly kind: 'chunked' };
export type UpgradeProtocol = 'websocket' | 'spdy';

export interface Headers {
  /** Names and values in turn, as they may go upstream. */
  readonly passed: readonly string[];
  readonly token: string | null;
  /** The client's own `Impersonate-*`, in whatever spelling: refused once we know whose it is. */
  readonly reserved: string | null;
  readonly body: Body;
  readonly upgrade: UpgradeProtocol | null;
  readonly expectsContinue: boolean;
  readonly userAgent: string | null;
}

export function readHeaders(rawHeaders: readonly string[], isUpgrade: boolean): Headers {
  const seen = new Map<string, string>();
  const pass: string[] = [];
  let bearerInProtocol: string | null = null;
  let subprotocols = 0;
  let reserved: string | null = null;

  for (let i = 0; i < rawHeaders.length; i += 2) {
    const spelling = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    const name = spelling.toLowerCase();
    if (name.startsWith('impersonate')) reserved ??= spelling.slice(0, 60);
    // Readers there are (CGI, WSGI) for whom X_Remote_User is X-Remote-User.
    else if (name.includes('_')) throw badHeader('a name holds an underscore');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) throw badHeader(`${name} holds a control character`);
    if (atMostOnce.has(name) && seen.has(name)) throw badHeader(`${name} stands there twice`);
    seen.set(name, value);
    if (isUpgrade && name === 'sec-websocket-protocol') {
      const { token, protocols } = withoutBearer(value);
      if (token !== null && bearerInProtocol !== null) throw badHeader('two bearer tokens');
      bearerInProtocol ??= token;
      if (protocols === '') continue;
      subprotocols += 1;
      pass.push(spelling, protocols);
      continue;
    }
    if (passed.has(name) || (isUpgrade && passedOnUpgrade.has(name))) pass.push(spelling, value);
  }

  if (!seen.has('host')) throw badHeader('host is missing');
  const authorization = seen.get('authorization');
  if (authorization !== undefined && bearerInProtocol !== null) throw badHeader('two bearer tokens');
  if (bearerInProtocol !== null && subprotocols === 0) throw badUpgrade('a bearer token alone is no subprotocol');
  return {
    passed: pass,
    token: authorization === undefined ? bearerInProtocol : bearerToken(authorization),
    reserved,
    body: bodyOf(seen),
    upgrade: isUpgrade ? upgradeOf(seen) : null,
    expectsContinue: expectsContinue(seen.get('expect')),
    userAgent: seen.get('user-agent') ?? null,
  };
}

function bearerToken(authorization: string): string | null {
  const [, token] = /^bearer +([\x21-\x7e]+)$/i.exec(authorization) ?? [];
  return token !== undefined && token.length <= tokenMax ? token : null;
}

/** Browsers cannot set Authorization on a WebSocket, so Kubernetes takes the token as a subprotocol; it goes no further than here. */
function withoutBearer(value: string): { token: string | null; protocols: string } {
  const protocols = value.split(',').map((part) => part.trim());
  // In any case of letters: what only nearly reads as a token of ours would else go on to the cluster.
  const bearers = protocols.filter((protocol) => protocol.toLowerCase().startsWith(bearerProtocol));
  if (bearers.length > 1) throw badHeader('two bearer tokens');
  const [bearer] = bearers;
  if (bearer === undefined) return { token: null, protocols: value };
  const encoded = bearer.slice(bearerProtocol.length);
  const token = Buffer.from(encoded, 'base64url').toString('latin1');
  // One token, one spelling: Node's decoder skips over what it does not know.
  const isPlain = encoded === Buffer.from(token, 'latin1').toString('base64url') && bearer.startsWith(bearerProtocol);
  return {
    token: isPlain && /^[\x21-\x7e]+$/.test(token) && token.length <= tokenMax ? token : '',
    protocols: protocols.filter((protocol) => protocol !== bearer).join(', '),
  };
}

function bodyOf(seen: ReadonlyMap<string, string>): Body {
  const length = seen.get('content-length');
  const coding = seen.get('transfer-encoding');
  if (coding !== undefined) {
    if (length !== undefined) throw badHeader('content-length and transfer-encoding together');
    if (coding.toLowerCase() !== 'chunked') throw badHeader('a transfer-encoding other than chunked');
    return { kind: 'chunked' };
  }
  if (length === undefined) return { kind: 'none' };
  if (!/^\d{1,15}$/.test(length)) throw badHeader('content-length is not a number');
  return { kind: 'length', bytes: length };
}

function upgradeOf(seen: ReadonlyMap<string, string>): UpgradeProtocol {
  const asked = seen.get('upgrade')?.toLowerCase();
  if (asked === 'spdy/3.1') return 'spdy';
  if (asked !== 'websocket') throw badUpgrade('only websocket and SPDY/3.1 are served');
  if (!/^[A-Za-z0-9+/]{22}==$/.test(seen.get('sec-websocket-key') ?? '')) throw badUpgrade('sec-websocket-key is missing or broken');
  if (seen.get('sec-websocket-version') !== '13') throw badUpgrade('sec-websocket-version must be 13');
  return 'websocket';
}

function expectsContinue(expect: string | undefined): boolean {
  if (expect === undefined) return false;
  if (expect.toLowerCase() !== '100-continue') throw badHeader('an expectation other than 100-continue');
  return true;
}
