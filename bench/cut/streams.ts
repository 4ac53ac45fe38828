/** What a client of the door holds open: single requests, and watches whose end is seen at the client's own socket. */
import { Agent, get } from 'node:https';

export interface Watch {
  readonly open: Promise<void>;
  /** When it ended, by performance.now(). */
  readonly ended: Promise<number>;
}

export function answerOf(url: string, agent: Agent, token: string): Promise<number> {
  return new Promise((resolve) => {
    get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume();
      response.on('close', () => resolve(response.statusCode ?? 0));
    }).on('error', () => resolve(0));
  });
}

export function watch(url: string, agent: Agent, token: string): Watch {
  let announceOpen: () => void = () => {};
  const open = new Promise<void>((resolve) => {
    announceOpen = resolve;
  });
  const ended = new Promise<number>((resolve) => {
    const request = get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.once('data', () => announceOpen());
      response.resume();
      response.on('close', () => resolve(performance.now()));
    });
    request.on('error', () => resolve(performance.now()));
  });
  return { open, ended };
}

const atOnce = 25;

/** Many of them, each on a connection of its own. */
export async function openWatches(urls: readonly string[], ca: string, token: string): Promise<{ alive(): number; close(): void }> {
  const agent = new Agent({ keepAlive: false, ca, maxSockets: Number.POSITIVE_INFINITY });
  let ended = 0;
  for (let n = 0; n < urls.length; n += atOnce) {
    const some = urls.slice(n, n + atOnce).map((url) => watch(url, agent, token));
    for (const one of some) void one.ended.then(() => (ended += 1));
    await Promise.all(some.map(({ open, ended: end }) => Promise.race([open, end])));
  }
  return { alive: () => urls.length - ended, close: () => agent.destroy() };
}
