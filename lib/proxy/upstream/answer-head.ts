/**
 * The head of an answer, read so that no second reader could read it otherwise: line ends are CRLF, a name stands directly before its colon,
 * nothing is folded, and the length of the body is said once or not at all. What breaks a rule is Malformed; nothing is guessed or mended.
 */
export class Malformed extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'Malformed';
  }
}

/** How far the body goes. `close`: as far as the connection; `none`: the request or the status allows no body, whatever the head says. */
export type Framing =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' }
  | { readonly kind: 'none' };

export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn, in their order and spelling. */
  readonly rawHeaders: readonly string[];
  readonly framing: Framing;
  /** The cluster is ready for another request on this socket. */
  readonly keepAlive: boolean;
}

const forbidden = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d) (.*)$/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const digits = /^\d{1,15}$/;
const chunkedFraming: Framing = { kind: 'chunked' };
const closeFraming: Framing = { kind: 'close' };

/** `text` is the whole head in latin1, with the empty line that ends it. The framing is what the head says by itself. */
export function readAnswerHead(text: string): AnswerHead {
  if (forbidden.test(text)) throw new Malformed('a control character or a bare line end in the head');
  const firstEnd = text.indexOf('\r\n');
  const [, minor, status, reason = ''] = statusLine.exec(text.slice(0, firstEnd)) ?? [];
  if (status === undefined) throw new Malformed('no status line');
  const rawHeaders: string[] = [];
  const { length, coding, connection } = readFields(text, firstEnd + 2, rawHeaders);
  return {
    status: Number(status),
    reason,
    rawHeaders,
    framing: framingOf(length, coding, minor === '1'),
    keepAlive: minor === '1' && !/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(connection),
  };
}

/** Lines that stand behind the last chunk: held to the same rules, and dropped. */
export function checkTrailers(text: string): void {
  if (forbidden.test(text)) throw new Malformed('a control character or a bare line end in the trailers');
  const { length, coding, connection } = readFields(text, 0, []);
  if (length !== null || coding !== null || connection !== '') throw new Malformed('framing in the trailers');
}

function readFields(
  text: string,
  from: number,
  rawHeaders: string[],
): { length: string | null; coding: string | null; connection: string } {
  let length: string | null = null;
  let coding: string | null = null;
  let connection = '';
  for (let at = from; ; ) {
    const end = text.indexOf('\r\n', at);
    if (end === at) break;
    const colon = text.indexOf(':', at);
    if (end === -1 || colon === -1 || colon > end) throw new Malformed('a header line without a colon');
    const name = text.slice(at, colon);
    if (!token.test(name)) throw new Malformed('a header name that is none');
    const value = withoutSpace(text, colon + 1, end);
    rawHeaders.push(name, value);
    at = end + 2;
    switch (name.length) {
      case 10:
        if (name.toLowerCase() === 'connection') connection += `,${value}`;
        break;
      case 14:
        if (name.toLowerCase() !== 'content-length') break;
        if (length !== null) throw new Malformed('two lengths');
        length = exact(text, colon, end, value);
        break;
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break;
        if (coding !== null) throw new Malformed('two transfer-encodings');
        coding = exact(text, colon, end, value);
    }
  }
  return { length, coding, connection };
}

/** Readers differ on tabs around what frames a body. */
function exact(text: string, colon: number, end: number, value: string): string {
  if (text.slice(colon, end).includes('\t')) throw new Malformed('a tab beside the framing');
  return value;
}

function withoutSpace(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function framingOf(length: string | null, coding: string | null, isCurrent: boolean): Framing {
  if (coding !== null) {
    if (length !== null) throw new Malformed('a length and a transfer-encoding together');
    if (!isCurrent) throw new Malformed('a transfer-encoding in HTTP/1.0');
    if (coding.toLowerCase() !== 'chunked') throw new Malformed('a transfer-encoding other than chunked');
    return chunkedFraming;
  }
  if (length === null) return closeFraming;
  if (!digits.test(length)) throw new Malformed('a length that is no number');
  return { kind: 'length', bytes: Number(length) };
}

/** The first value of that name (in lower case); '' when there is none. */
export function headerOf(rawHeaders: readonly string[], wanted: string): string {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === wanted.length && name.toLowerCase() === wanted) return rawHeaders[i + 1] ?? '';
  }
  return '';
}
