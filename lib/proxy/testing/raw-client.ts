/** A client without manners: a bare TLS socket that says what the test wrote and keeps every byte that comes back. */
import { connect as connectPlain } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

export interface RawClient {
  readonly socket: TLSSocket;
  readonly text: () => string;
  send(lines: readonly string[], body?: string): void;
  until(pattern: RegExp, limitMs?: number): Promise<string>;
  ended(limitMs?: number): Promise<void>;
  destroy(): void;
  /** Gone without a word, as a machine that is switched off. */
  reset(): void;
}

export async function openRaw(url: string, caPem: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const plain = connectPlain({ host: hostname, port: Number(port) });
  const socket = connect({ socket: plain, ca: caPem, servername: 'localhost' });
  let text = '';
  let closed = false;
  const watchers = new Set<() => void>();
  const look = () => {
    for (const watcher of watchers) watcher();
  };
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    look();
  });
  const end = () => {
    closed = true;
    look();
  };
  socket.on('end', end);
  socket.on('close', end);
  socket.on('error', end);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', () => resolve());
    socket.once('error', reject);
  });
  const wait = (what: string, done: () => boolean, limitMs: number) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        watchers.delete(watcher);
        reject(new Error(`${what} did not come within ${limitMs} ms; so far: ${text.slice(0, 2_000)}`));
      }, limitMs);
      const watcher = () => {
        if (!done()) return;
        clearTimeout(timer);
        watchers.delete(watcher);
        resolve();
      };
      watchers.add(watcher);
      watcher();
    });
  return {
    socket,
    text: () => text,
    send: (lines, body = '') => void socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'),
    async until(pattern, limitMs = 15_000) {
      await wait(String(pattern), () => pattern.test(text) || closed, limitMs);
      if (!pattern.test(text)) throw new Error(`the connection ended before ${pattern}; it said: ${text.slice(0, 2_000)}`);
      return text;
    },
    ended: (limitMs = 15_000) => wait('the end of the connection', () => closed, limitMs),
    destroy: () => socket.destroy(),
    reset: () => plain.resetAndDestroy(),
  };
}

/** One request on a connection of its own: status, head and body of what came back. */
export async function ask(
  url: string,
  caPem: string,
  lines: readonly string[],
  body = '',
): Promise<{ status: number; head: string; body: string }> {
  const client = await openRaw(url, caPem);
  try {
    client.send(lines, body);
    await client.until(/^HTTP\/1\.1 (?:[2-5]\d\d)[\s\S]*?\r\n\r\n/);
    const head = client.text().split('\r\n\r\n')[0] ?? '';
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    await client.until(new RegExp(`\\r\\n\\r\\n[\\s\\S]{${length}}`));
    return { status: Number(head.slice(9, 12)), head, body: client.text().slice(head.length + 4) };
  } finally {
    client.destroy();
  }
}
