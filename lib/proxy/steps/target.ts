/**
 * The request target, parsed once and written anew. What is authorised is what is forwarded: nobody behind this file sees the client's own
 * spelling, save the tail behind `…/proxy/`, which belongs to an application and passes byte for byte once nothing in it can climb out.
 *
 * Refused, because we and an API server (or something between) might read it differently: absolute form, fragments, backslashes, empty and
 * dot segments in any spelling, encoded slashes and percent signs, `;`, control characters, broken or overlong UTF-8.
 */
import { badTarget } from '../answers.ts';

export interface QueryPair {
  readonly name: string;
  readonly value: string;
}

export interface Target {
  /** Null when the address is not below /clusters/. */
  readonly clusterName: string | null;
  /** Decoded segments of the cluster's own path, up to where an application's tail begins. */
  readonly segments: readonly string[];
  readonly trailingSlash: boolean;
  /** What follows `…/proxy`, with its leading slash and raw; null when this is no proxied application. */
  readonly tail: string | null;
  /** Null when there is a tail: then `rawQuery` passes as it came. */
  readonly query: readonly QueryPair[] | null;
  readonly rawQuery: string;
}

const printable = /^[\x21-\x7e]*$/;
/** What is written the same encoded and not. */
const plain = /^[A-Za-z0-9._~-]*$/;
const clusterNameShape = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;

export function parseTarget(text: string): Target {
  if (!text.startsWith('/')) throw badTarget('it must begin with a slash');
  if (!printable.test(text)) throw badTarget('it holds characters that must be percent-encoded');
  if (text.includes('#')) throw badTarget('a fragment (#) is never sent to a server');
  if (text.includes('\\')) throw badTarget('it holds a backslash');
  const mark = text.indexOf('?');
  const path = mark === -1 ? text : text.slice(0, mark);
  const rawQuery = mark === -1 ? '' : text.slice(mark + 1);
  const raw = path.slice(1).split('/');
  const trailingSlash = raw.at(-1) === '';
  if (trailingSlash) raw.pop();
  if (raw.includes('')) throw badTarget('it holds an empty segment (//)');

  if (raw[0] !== 'clusters' || raw[1] === undefined) {
    raw.map(decodeSegment);
    return { clusterName: null, segments: [], trailingSlash, tail: null, query: parseQuery(rawQuery), rawQuery: '' };
  }
  const [, clusterName, ...inner] = raw;
  if (!clusterNameShape.test(clusterName)) throw badTarget('a cluster’s name holds lower-case letters, digits and dashes only');
  const tailAt = whereTailBegins(inner);
  const segments = inner.slice(0, tailAt).map(decodeSegment);
  if (tailAt === inner.length && !isProxied(segments)) {
    return { clusterName, segments, trailingSlash, tail: null, query: parseQuery(rawQuery), rawQuery: '' };
  }
  const rest = inner.slice(tailAt);
  const tail = rest.length === 0 ? (trailingSlash ? '/' : '') : `/${rest.join('/')}${trailingSlash ? '/' : ''}`;
  requireHarmlessTail(tail);
  return { clusterName, segments, trailingSlash: false, tail, query: null, rawQuery };
}

/** The path and query that go upstream. */
export function writeTarget({ segments, trailingSlash, tail, query, rawQuery }: Target): string {
  const path = `/${segments.map(encodeSegment).join('/')}`;
  if (query === null) return `${path}${tail ?? ''}${rawQuery === '' ? '' : `?${rawQuery}`}`;
  const slash = trailingSlash && segments.length > 0 ? '/' : '';
  return `${path}${slash}${query.length === 0 ? '' : `?${query.map(writePair).join('&')}`}`;
}

/** `pods|services/<name>/proxy` in a namespace, and `nodes/<name>/proxy`. */
export function isProxied(segments: readonly string[]): boolean {
  return whereTailBegins(segments) === segments.length && segments.at(-1) === 'proxy';
}

function whereTailBegins(segments: readonly string[]): number {
  if (segments[0] !== 'api' || segments[1] !== 'v1') return segments.length;
  if (segments[2] === 'namespaces' && (segments[4] === 'pods' || segments[4] === 'services') && segments[6] === 'proxy') return 7;
  if (segments[2] === 'nodes' && segments[4] === 'proxy') return 5;
  return segments.length;
}

function decodeSegment(raw: string): string {
  if (raw.includes(';')) throw badTarget('it holds a semicolon');
  const decoded = decode(raw);
  if (/^\.{1,2}(?:;|$)/.test(decoded)) throw badTarget('it holds a dot segment');
  if (/[/\\%]/.test(decoded)) throw badTarget('it holds an encoded slash, backslash or percent sign');
  if (hasControls(decoded)) throw badTarget('it holds a control character');
  return decoded;
}

function requireHarmlessTail(tail: string): void {
  const decoded = decode(tail);
  if (hasControls(decoded) || decoded.includes('\\')) throw badTarget('it holds a control character or a backslash');
  if (/%(2e|2f|5c)/i.test(decoded)) throw badTarget('it holds dots or slashes that are encoded twice');
  if (decoded.split('/').some((segment) => /^\.{1,2}(?:;|$)/.test(segment))) throw badTarget('it holds a dot segment');
}

function decode(raw: string): string {
  if (!raw.includes('%')) return raw;
  try {
    // decodeURIComponent refuses stray percent signs, broken and overlong UTF-8 alike.
    return decodeURIComponent(raw);
  } catch {
    throw badTarget('its percent-encoding is broken');
  }
}

function hasControls(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return /[\x00-\x1f\x7f-\x9f]/.test(text);
}

function parseQuery(raw: string): QueryPair[] {
  if (raw === '') return [];
  if (raw.includes(';')) throw badTarget('a semicolon in the query must be percent-encoded');
  return raw
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      const name = equals === -1 ? part : part.slice(0, equals);
      const value = equals === -1 ? '' : part.slice(equals + 1);
      return { name: decode(name.replaceAll('+', ' ')), value: decode(value.replaceAll('+', ' ')) };
    });
}

function writePair({ name, value }: QueryPair): string {
  return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}

/** As Go writes a path: these stand in names (system:node) and need no encoding there. */
function encodeSegment(segment: string): string {
  if (plain.test(segment)) return segment;
  return encodeURIComponent(segment).replace(/%(?:3A|40|24|26|2B|3D|2C)/g, (code) =>
    String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
}
