/** Gatehouse itself as an admin starts it: `node server.ts` with a data folder of its own, watched until it says that all three roles are ready. */
import { dirname, join } from 'node:path';
import { freePort } from '#e2e/stack/ports.ts';
import type { ManagedProcess, Warden } from '#e2e/stack/warden.ts';

export interface Product {
  readonly portalUrl: string;
  readonly proxyUrl: string;
  readonly metricsUrl: string;
  readonly dataDirectory: string;
  readonly proxyCaFile: string;
  readonly setupCode: string;
  readonly process: ManagedProcess;
  /** Process ids as the supervisor told them. */
  readonly pids: { supervisor: number; portal: number; proxy: number; worker: number };
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '../..');
const startTimeoutMs = 90_000;

export async function startProduct(options: {
  folder: string;
  warden: Warden;
  ports?: { portal: number; proxy: number };
  /** Settings beside those of every scene. */
  env?: Readonly<Record<string, string>>;
  onLine?: (line: string) => void;
}): Promise<Product> {
  const portalPort = options.ports?.portal ?? (await freePort());
  const proxyPort = options.ports?.proxy ?? (await freePort());
  const metricsPort = await freePort();
  const dataDirectory = join(options.folder, 'data');
  const lines: string[] = [];
  const pids = { supervisor: 0, portal: 0, proxy: 0, worker: 0 };
  let setupCode = '';
  let announceReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    announceReady = resolve;
  });

  let rest = '';
  const process = options.warden.spawn({
    name: 'gatehouse',
    command: globalThis.process.execPath,
    args: [join(root, 'server.ts')],
    cwd: dirname(join(root, 'server.ts')),
    env: {
      ...inherited(),
      GATEHOUSE_DATA: dataDirectory,
      GATEHOUSE_PORTAL_PORT: String(portalPort),
      GATEHOUSE_PROXY_PORT: String(proxyPort),
      GATEHOUSE_METRICS_PORT: String(metricsPort),
      GATEHOUSE_JOIN_IMAGE: 'gatehouse.test/host-tools',
      ...options.env,
    },
    onOutput(chunk) {
      const parts = (rest + chunk.toString('utf8')).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) read(line);
    },
    orphaned: { signal: 'TERM', seconds: 10 },
  });
  pids.supervisor = process.pid;

  function read(line: string): void {
    lines.push(line);
    options.onLine?.(line);
    setupCode = line.match(/give this code: (\S+)/)?.[1] ?? setupCode;
    const started = line.match(/all ready {2}portal=(\d+) proxy=(\d+)(?: proxy-\d+=\d+)* worker=(\d+)/);
    if (started) {
      pids.portal = Number(started[1]);
      pids.proxy = Number(started[2]);
      pids.worker = Number(started[3]);
      announceReady();
    }
  }

  const gone = process.exited.then((code) => {
    throw new Error(`Gatehouse ended (${code ?? 'by a signal'}) before it was ready:\n${lines.slice(-30).join('\n')}`);
  });
  gone.catch(() => {});
  const tooLate = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`Gatehouse was not ready in time:\n${lines.slice(-30).join('\n')}`)), startTimeoutMs).unref();
  });
  await Promise.race([ready, gone, tooLate]);

  return {
    portalUrl: `http://127.0.0.1:${portalPort}`,
    proxyUrl: `https://127.0.0.1:${proxyPort}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    dataDirectory,
    proxyCaFile: join(dataDirectory, 'keys/door-ca.crt'),
    setupCode,
    process,
    pids,
    stop: () => process.stop({ timeoutMs: 30_000 }),
  };
}

function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(globalThis.process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('GATEHOUSE_'),
    ),
  );
}
