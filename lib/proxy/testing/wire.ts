/** A wire between a process and what it depends on, for a test to cut (both ends see it break) or to freeze (nobody sees anything). */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Wire {
  readonly port: number;
  cut(): void;
  /** Connections stay open and carry nothing, new ones included. */
  freeze(): void;
  /** Once somebody says this, it arrives, and the wire is cut just before they hear what became of it. */
  cutBeforeAnswerTo(text: string): Promise<void>;
  mend(): void;
  close(): Promise<void>;
}

export async function startWire(target: { readonly host: string; readonly port: number }): Promise<Wire> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'whole' | 'cut' | 'frozen' = 'whole';
  let trap: { readonly text: string; sprung(): void } | null = null;

  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect({ ...target, allowHalfOpen: true });
    const pair = [near, far] as const;
    pairs.add(pair);
    let isCaught = false;
    near.on('data', (chunk) => {
      isCaught ||= trap !== null && chunk.includes(trap.text);
    });
    far.prependListener('data', () => {
      if (!isCaught) return;
      isCaught = false;
      cut();
      trap?.sprung();
      trap = null;
    });
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => {});
      one.on('data', (chunk) => {
        if (!other.destroyed) other.write(chunk);
      });
      one.on('end', () => other.end());
      one.on('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
    }
    if (state === 'frozen') hold(pair);
  });
  const hold = (pair: readonly [Socket, Socket]) => {
    for (const socket of pair) socket.pause();
  };
  const endAll = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };

  function cut(): void {
    state = 'cut';
    endAll();
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    cutBeforeAnswerTo: (text) =>
      new Promise((resolve) => {
        trap = { text, sprung: resolve };
      }),
    freeze() {
      state = 'frozen';
      for (const pair of pairs) hold(pair);
    },
    mend() {
      state = 'whole';
      for (const pair of pairs) for (const socket of pair) socket.resume();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        endAll();
      }),
  };
}

/** The same address over the wire. */
export function overWire(url: string, { port }: Wire): string {
  const other = new URL(url);
  other.hostname = '127.0.0.1';
  other.port = String(port);
  return other.toString();
}
