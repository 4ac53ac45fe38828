/**
 * One pool of TLS connections to one API server, and nothing shared with any other: a hung cluster hangs alone.
 * The CA is pinned, names are checked, redirects are never followed (the credential would follow them), answers are bounded.
 */
import { type Dispatcher, Pool } from 'undici';
import { ClusterError, errorFromAnswer, errorFromConnection } from './cluster-error.ts';
import { type ClusterAddress, connectToCluster } from './way.ts';

export type { ClusterAddress } from './way.ts';

export type ClusterAuth =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'certificate'; readonly certPem: string; readonly keyPem: string };

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Transport {
  json(call: Call): Promise<unknown>;
  stream(call: Call): Promise<AsyncIterable<Buffer>>;
  close(): Promise<void>;
}

// Worker and registration wait for nobody else; a busy machine on either side takes its time over a handshake.
const connectTimeoutMs = 10_000;
const answerTimeoutMs = 10_000;
const errorBytesMax = 64 * 1024;
/** A page of 500 objects; an API server's single object is at most 1.5 MiB, but ours are small. */
const answerBytesMax = 64 * 1024 * 1024;
const connectionsMax = 40;

export function createTransport(address: ClusterAddress, auth: ClusterAuth): Transport {
  const url = new URL(address.url);
  if (url.protocol !== 'https:') throw new ClusterError('untrusted', `refusing to speak to ${url.protocol}//${url.host} without TLS`);
  const prefix = url.pathname.replace(/\/+$/, '');
  const pool = new Pool(url.origin, {
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
    keepAliveTimeout: 30_000,
    connect: (_options, callback) => {
      connectToCluster(address, { timeoutMs: connectTimeoutMs, ...(auth.kind === 'certificate' ? { certificate: auth } : {}) }).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
    },
  });

  async function send(call: Call, bodyTimeoutMs: number): Promise<Dispatcher.ResponseData> {
    try {
      return await pool.request({
        method: call.method,
        path: prefix + call.path + queryText(call.query),
        headers: {
          accept: 'application/json',
          'user-agent': 'gatehouse',
          ...(auth.kind === 'token' ? { authorization: `Bearer ${auth.token}` } : {}),
          ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
          ...call.headers,
        },
        body: call.body === undefined ? null : JSON.stringify(call.body),
        bodyTimeout: bodyTimeoutMs,
        ...(call.signal ? { signal: call.signal } : {}),
      });
    } catch (error) {
      throw errorFromConnection(error);
    }
  }

  return {
    async json(call) {
      const answer = await send(call, answerTimeoutMs);
      const text = await readText(answer.body, answer.statusCode < 300 ? answerBytesMax : errorBytesMax);
      if (answer.statusCode >= 300 && answer.statusCode < 400) {
        throw new ClusterError('garbage', `the API server redirects (${answer.statusCode}), which we never follow`, {
          status: answer.statusCode,
        });
      }
      if (answer.statusCode >= 400) throw errorFromAnswer(answer.statusCode, headerText(answer.headers['retry-after']), text);
      return parseJson(answer.headers['content-type'], text);
    },
    async stream(call) {
      // Silence is watched by the reader, who knows how often bookmarks come.
      const answer = await send(call, 0);
      if (answer.statusCode !== 200) {
        const text = await readText(answer.body, errorBytesMax);
        throw errorFromAnswer(answer.statusCode, headerText(answer.headers['retry-after']), text);
      }
      return answer.body;
    },
    close: () => pool.destroy(),
  };
}

async function readText(body: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new ClusterError('garbage', `the answer is larger than ${bytesMax} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw errorFromConnection(error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(contentType: string | string[] | undefined, text: string): unknown {
  if (!headerText(contentType)?.startsWith('application/json')) {
    throw new ClusterError('garbage', `the answer is ${headerText(contentType) ?? 'of no type'}, not JSON`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ClusterError('garbage', 'the answer is not valid JSON', { cause });
  }
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function queryText(query: Call['query']): string {
  const given = Object.entries(query ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
