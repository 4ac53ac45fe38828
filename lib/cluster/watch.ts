// A watch as an async iterator of events. It ends when the server ends it, and throws when the server is silent for longer than a healthy
// one can be: bookmarks come about once a minute, so silence means that the connection is dead without anybody having said so.
import { ClusterError, errorFromConnection, errorFromStatusObject } from './cluster-error.ts';
import { isKubeObject, type KubeObject } from './kube-object.ts';

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

const eventBytesMax = 8 * 1024 * 1024;

export async function* readEvents(body: AsyncIterable<Buffer>, abort: AbortController, silenceMsMax: number): AsyncGenerator<WatchEvent> {
  let watchdog: NodeJS.Timeout | undefined;
  let silent = false;
  const listen = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      silent = true;
      abort.abort();
    }, silenceMsMax);
  };
  try {
    listen();
    for await (const line of linesOf(body, listen)) yield parseEvent(line);
  } catch (error) {
    if (silent) throw new ClusterError('unreachable', `the watch was silent for ${silenceMsMax} ms`);
    throw errorFromConnection(error);
  } finally {
    clearTimeout(watchdog);
    abort.abort();
  }
}

async function* linesOf(body: AsyncIterable<Buffer>, heard: () => void): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    heard();
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end));
      const line = Buffer.concat(parts).toString('utf8');
      parts = [];
      bytes = 0;
      from = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > eventBytesMax) throw new ClusterError('garbage', `a watch event is larger than ${eventBytesMax} bytes`);
  }
}

function parseEvent(line: string): WatchEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new ClusterError('garbage', 'a watch event is not valid JSON', { cause });
  }
  const { type, object } = (typeof value === 'object' && value !== null ? value : {}) as { type?: unknown; object?: unknown };
  if (type === 'ERROR') throw errorFromStatusObject(object);
  if (type === 'BOOKMARK') return { type, resourceVersion: resourceVersionOf(object) };
  if ((type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') && isKubeObject(object)) return { type, object };
  throw new ClusterError('garbage', 'a watch event has neither a known type nor an object');
}

function resourceVersionOf(object: unknown): string {
  const version = (object as { metadata?: { resourceVersion?: unknown } } | null)?.metadata?.resourceVersion;
  if (typeof version !== 'string' || version === '') throw new ClusterError('garbage', 'a bookmark has no resourceVersion');
  return version;
}
