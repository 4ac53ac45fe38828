/**
 * What a caller sent, as one flat object: path parameters, query and JSON body. It refuses what it cannot read in exactly one way: another
 * content type, a body over the limit, JSON nested beyond reason, one name in two places.
 */
import { Fault, fault } from '#lib/errors/fault.ts';

export const bodyLimitBytes = 1024 * 1024;
const depthLimit = 64;

export async function readInput(
  request: Request,
  pathParameters: Readonly<Record<string, string>>,
  url: URL,
): Promise<Record<string, unknown>> {
  const sources: [string, Record<string, unknown>][] = [
    ['path', pathParameters],
    ['query', readQuery(url.searchParams)],
    ['body', request.method === 'GET' ? {} : await readJsonBody(request)],
  ];
  const merged = new Map<string, unknown>();
  for (const [, source] of sources) {
    for (const [name, value] of Object.entries(source)) {
      if (merged.has(name)) {
        throw fault('bad-input', 'api.said-twice', `“${name.slice(0, 100)}” is given in two places. Give it once.`);
      }
      merged.set(name, value);
    }
  }
  if (merged.has('__proto__'))
    throw fault('bad-input', 'api.bad-input', 'The input is not right.', { fields: { __proto__: 'There is no such field.' } });
  return Object.fromEntries(merged);
}

function readQuery(query: URLSearchParams): Record<string, unknown> {
  const names = new Set(query.keys());
  return Object.fromEntries(
    [...names].map((name) => {
      const values = query.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}

async function readJsonBody(request: Request): Promise<Record<string, unknown>> {
  const text = await readText(request, bodyLimitBytes);
  if (text === '') return {};
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    throw fault('bad-input', 'api.not-json', 'Send the body as JSON, with “Content-Type: application/json”.');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw fault('bad-input', 'api.not-json', 'The body is not JSON that can be read.');
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw fault('bad-input', 'api.not-an-object', 'The body must be one JSON object.');
  }
  if (isDeeperThan(body, depthLimit)) throw fault('bad-input', 'api.too-deep', `The body is nested more than ${depthLimit} levels deep.`);
  return body as Record<string, unknown>;
}

/** Reads no more than the limit, whatever Content-Length claims. */
export async function readText(request: Request, limit: number): Promise<string> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > limit) throw tooLarge(limit);
  if (!request.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw fault('bad-input', 'api.not-utf8', 'The body is not UTF-8 text.');
  }
}

export const tooLargeCode = 'api.too-large';
function tooLarge(limit: number): Fault {
  return new Fault('bad-input', tooLargeCode, `The body is larger than ${Math.floor(limit / 1024)} KiB, which is the limit here.`);
}

function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((item) =>
      item !== null && typeof item === 'object' ? Object.values(item).filter((inner) => typeof inner === 'object') : [],
    );
  }
  return false;
}
