// Node's own HTTP parser as the oracle: what is valid both read alike, and nothing that Node refuses, or reads otherwise, is an answer to us.
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endOf, inPieces, read } from './testing-answers.ts';

const isLong = process.env.GATEHOUSE_TEST_LONG === '1';
const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const bounds = { seed, numRuns: isLong ? 200_000 : 2_500, endOnFailure: false };
const limitMs = isLong ? 20 * 60_000 : 60_000;
console.info(`answers against Node’s parser: GATEHOUSE_TEST_SEED=${seed}`);

interface Seen {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

interface Parser {
  initialize(kind: number, resource: object, headBytesMax: number, leniency: number): void;
  /** The number of bytes read, or an error. */
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
  [callback: number]: (...facts: never[]) => unknown;
}

/** The parser that stands behind `node:http`, without the sockets and timers around it. */
const { HTTPParser } = createRequire(import.meta.url)('node:_http_common') as {
  HTTPParser: {
    new (): Parser;
    readonly RESPONSE: number;
    readonly kOnHeaders: number;
    readonly kOnHeadersComplete: number;
    readonly kOnBody: number;
    readonly kOnMessageComplete: number;
  };
};

/** What Node makes of it; null when it refuses, or when the answer is not whole at the end of the connection. */
function readByNode(text: string, method: string, cuts: readonly number[]): Seen | null {
  const parser = new HTTPParser();
  let flushed: string[] = [];
  let seen: { status: number; rawHeaders: string[] } | null = null;
  let isWhole = false;
  const pieces: Buffer[] = [];
  parser[HTTPParser.kOnHeaders] = (headers: string[]) => {
    flushed.push(...headers);
  };
  parser[HTTPParser.kOnHeadersComplete] = (_major: number, _minor: number, headers: string[] | undefined, ...facts: unknown[]) => {
    const status = facts[2] as number;
    const rawHeaders = headers ?? flushed;
    flushed = [];
    // As node:http does: an interim answer and one to HEAD have no body.
    if (status < 200) return 1;
    seen = { status, rawHeaders };
    return method === 'HEAD' ? 1 : 0;
  };
  parser[HTTPParser.kOnBody] = (piece: Buffer) => {
    pieces.push(Buffer.from(piece));
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    if (seen !== null) isWhole = true;
    // Trailers.
    flushed = [];
  };
  parser.initialize(HTTPParser.RESPONSE, {}, 512 * 1_024, 0);
  for (const piece of inPieces(Buffer.from(text, 'latin1'), 1, cuts)) if (parser.execute(piece) !== piece.length) return null;
  if (parser.finish() || !isWhole || seen === null) return null;
  const { status, rawHeaders } = seen as { status: number; rawHeaders: string[] };
  return { status, rawHeaders, body: Buffer.concat(pieces).toString('latin1') };
}

const token = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_!~.'), minLength: 1, maxLength: 12 }).map((name) => `x${name}`);
const value = fc
  .string({ unit: fc.constantFrom(...'abc XYZ,;:="/\t\u00e9\u00ff019'), maxLength: 30 })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
const fields = fc.array(fc.tuple(token, value), { maxLength: 6 }).map((all) => all.map(([name, text]) => `${name}: ${text}\r\n`).join(''));
const body = fc.string({ unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 80 });
const extension = fc.constantFrom('', ';a', ';a=b', ';name="quoted text"', ';a=1;b');

const chunks = fc
  .tuple(fc.array(fc.tuple(body, extension, fc.boolean()), { maxLength: 5 }), extension, fields)
  .map(([parts, last, trailers]) => {
    const lines = parts
      .filter(([text]) => text.length > 0)
      .map(([text, more, isLoud]) => {
        const size = text.length.toString(16);
        return `${isLoud ? size.toUpperCase() : size}${more}\r\n${text}\r\n`;
      });
    return `${lines.join('')}0${last}\r\n${trailers}\r\n`;
  });

const answer = fc.oneof(
  fc
    .tuple(fc.constantFrom(200, 201, 404, 409, 500), fields, body, fields)
    .map(([status, some, text, more]) => `HTTP/1.1 ${status} Reason\r\n${some}Content-Length: ${text.length}\r\n${more}\r\n${text}`),
  fc
    .tuple(fc.constantFrom(200, 400, 503), fields, chunks, fields)
    .map(([status, some, text, more]) => `HTTP/1.1 ${status} \r\n${some}Transfer-Encoding: chunked\r\n${more}\r\n${text}`),
  fc.tuple(fields, body).map(([some, text]) => `HTTP/1.1 200 OK\r\n${some}Connection: close\r\n\r\n${text}`),
  fc.tuple(fields, body).map(([some, text]) => `HTTP/1.0 200 OK\r\n${some}\r\n${text}`),
  fc.tuple(fc.constantFrom(204, 304), fields).map(([status, some]) => `HTTP/1.1 ${status} X\r\n${some}\r\n`),
);
const withInterims = fc
  .tuple(fc.array(fc.constantFrom('HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n'), { maxLength: 2 }), answer)
  .map(([interims, text]) => interims.join('') + text);
const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 8 });
const method = fc.constantFrom('GET', 'GET', 'GET', 'HEAD');

describe('against Node’s parser', () => {
  test('every valid answer, cut anywhere, is the same status, headers and bytes', { timeout: limitMs }, () =>
    fc.assert(
      fc.property(withInterims, cuts, (text, places) => {
        const ours = read(text, { cuts: places });
        expect(ours).toMatchObject({ malformed: null, isWhole: true });
        expect({ status: ours.head?.status, rawHeaders: ours.head?.rawHeaders, body: ours.body }).toEqual(readByNode(text, 'GET', places));
      }),
      bounds,
    ),
  );

  test('two answers behind each other: the first alone is delivered, and the socket is not used again', { timeout: limitMs }, () =>
    fc.assert(
      fc.property(withInterims, answer, cuts, (first, second, places) => {
        const alone = read(first, { cuts: places });
        fc.pre(alone.head?.framing.kind !== 'close');
        const both = read(first + second, { cuts: places });
        expect(both.body).toBe(alone.body);
        expect(both.isReusable).toBe(false);
      }),
      bounds,
    ),
  );

  const damage = fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      at: fc.nat({ max: 300 }),
      what: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)),
    }),
    fc.record({
      kind: fc.constantFrom('put' as const, 'replace' as const),
      at: fc.nat({ max: 300 }),
      what: fc.constantFrom(
        ...['\r', '\n', '\r\n', '\r\n\r\n', ' ', '\t', ':', '\0', ';', '0', '5', 'f', ',', '"', '\r\n ', '\n\n', '0\r\n\r\n'],
        ...[
          'Content-Length: 3\r\n',
          'Transfer-Encoding: chunked\r\n',
          'Transfer-Encoding: x\r\n',
          'HTTP/1.1 200 OK\r\n',
          'Connection: close\r\n',
        ],
      ),
    }),
    fc.record({ kind: fc.constant('drop' as const), at: fc.nat({ max: 300 }), what: fc.string({ minLength: 1, maxLength: 4 }) }),
  );

  test('a damaged answer is thrown away, or Node reads it just as we do', { timeout: limitMs }, () =>
    fc.assert(
      fc.property(withInterims, fc.array(damage, { minLength: 1, maxLength: 3 }), cuts, method, (text, all, places, asked) => {
        const damaged = all.reduce((so, { kind, at, what }) => {
          const place = at % (so.length + 1);
          const gone = kind === 'put' ? 0 : what.length;
          return so.slice(0, place) + (kind === 'drop' ? '' : what) + so.slice(place + gone);
        }, text);
        const ours = read(damaged, { cuts: places, method: asked });
        if (!ours.isWhole) return;
        expect({ status: ours.head?.status, rawHeaders: ours.head?.rawHeaders, body: ours.body }).toEqual(
          readByNode(damaged.slice(0, endOf(damaged, asked)), asked, places),
        );
      }),
      bounds,
    ),
  );
});
