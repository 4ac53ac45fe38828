/** The processes that are measured and those that measure, each started on a free port and listened to line by line. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensurePackages, findCommand } from '#e2e/stack/packages.ts';
import { freePort } from '#e2e/stack/ports.ts';
import type { Progress } from '#e2e/stack/progress.ts';
import type { ManagedProcess, Warden } from '#e2e/stack/warden.ts';
import { engineFor } from '#lib/runtime/engine-options.ts';
import type { Stage } from './stage.ts';

export interface DoorProcessFacts {
  readonly databaseUrl: string;
  readonly hashKeyBase64: string;
  readonly port: number;
  /** Several processes listen on the same port. */
  readonly shared: boolean;
  readonly tls: { readonly cert: string; readonly key: string };
  /** Ours, by cluster. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** A process that speaks in lines of JSON. */
export interface Part {
  readonly process: ManagedProcess;
  /** What it wrote to its log or to standard error, the last of it. */
  complaints(): string;
  /** The next line; rejects when the process ends without one. */
  next<T>(): Promise<T>;
}

/** Something that answers where the clients are sent to. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  /** Before the path that a cluster itself would be asked for. */
  readonly prefix: string;
  /** What its work costs is charged to these; the upstream itself is charged to nobody. */
  readonly pids: readonly number[];
}

export interface Hands {
  readonly warden: Warden;
  readonly program: string;
  readonly stage: Stage;
}

const complaintMax = 4_000;
/** As pino numbers levels. */
const warning = 40;

const ownEnvironment = process.env as Record<string, string>;

export function startPart(
  warden: Warden,
  name: string,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Part {
  const output = new PassThrough();
  const lines = createInterface({ input: output })[Symbol.asyncIterator]();
  let complaints = '';
  const complain = (words: string) => {
    complaints = `${complaints}${words}`.slice(-complaintMax);
  };
  const process = warden.spawn({
    name,
    command,
    args: [...args],
    env: { ...ownEnvironment, ...environment },
    onOutput(chunk, from) {
      if (from === 'stdout') output.write(chunk);
      else complain(chunk.toString());
    },
  });
  void process.exited.then(() => output.end());
  return {
    process,
    complaints: () => complaints,
    async next<T>() {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`${name} ended before it had said what was waited for. ${complaints.trim()}`);
        const said = JSON.parse(value) as T & { level?: number };
        if (said.level === undefined) return said;
        // A door writes its log on the same output.
        if (said.level >= warning) complain(`${value}\n`);
      }
    },
  };
}

export async function startUpstream({ warden, program, stage: { files } }: Hands): Promise<Contender> {
  const part = startPart(warden, 'upstream', program, ['upstream', '-cert', files.cert, '-key', files.key]);
  return { name: 'direct', prefix: '', pids: [], ...(await part.next<{ port: number }>()) };
}

export async function startReverse({ warden, program, stage }: Hands, upstream: Contender, pooled: boolean): Promise<Contender> {
  const { cert, key, ca } = stage.files;
  const to = `https://127.0.0.1:${upstream.port}`;
  const part = startPart(warden, 'minimal Go proxy', program, [
    'reverse',
    ...['-cert', cert, '-key', key, '-ca', ca, '-to', to, '-token', stage.token('alice'), `-pooled=${pooled}`],
  ]);
  return {
    name: pooled ? 'the same with a pool of buffers' : 'minimal Go proxy',
    prefix: '',
    pids: [part.process.pid],
    ...(await part.next<{ port: number }>()),
  };
}

/** Null, with the reason printed, where nginx is not there and cannot be brought. */
export async function startNginx({ warden, stage }: Hands, upstream: Contender, progress: Progress): Promise<Contender | null> {
  try {
    await ensurePackages(progress, [{ command: 'nginx', debian: 'nginx-light' }]);
  } catch (error) {
    console.log(`nginx is left out of the table, and with it the aims that are measured by it. ${(error as Error).message}`);
    return null;
  }
  const port = await freePort();
  const folder = join(stage.folder, 'nginx');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, nginxConfiguration(stage, folder, port, upstream.port));
  const started = warden.spawn({
    name: 'nginx',
    command: findCommand('nginx') ?? 'nginx',
    args: ['-c', file, '-p', folder, '-e', join(folder, 'error.log')],
    logFile: join(folder, 'log'),
  });
  await untilItListens(port);
  return { name: 'nginx', prefix: '', port, pids: [started.pid] };
}

/** One worker, as the door is one process; connections kept on both sides; the same cluster certificate checked; nothing written to disk. */
function nginxConfiguration({ files }: Stage, folder: string, port: number, upstreamPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path ${folder}/${name};`);
  return `daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
${process.getuid?.() === 0 ? 'user root;\n' : ''}pid ${folder}/pid;
events { worker_connections 16384; }
http {
${temporary.join('\n')}
  access_log off;
  keepalive_requests 1000000000;
  upstream cluster { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${files.cert};
    ssl_certificate_key ${files.key};
    ssl_protocols TLSv1.2 TLSv1.3;
    large_client_header_buffers 4 256k;
    location / {
      proxy_pass https://cluster;
      proxy_http_version 1.1;
      proxy_ssl_protocols TLSv1.2 TLSv1.3;
      proxy_ssl_trusted_certificate ${files.ca};
      proxy_ssl_verify on;
      proxy_ssl_name localhost;
      proxy_max_temp_file_size 0;
      proxy_set_header Host $proxy_host;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer of-the-door";
      proxy_set_header Impersonate-User "gatehouse:alice@corp.example";
      proxy_set_header Impersonate-Group "gatehouse:bench:one";
    }
  }
}
`;
}

export interface RunningDoor extends Contender {
  readonly processes: readonly ManagedProcess[];
  /** After a collection of garbage. */
  memory(): Promise<{ rss: number; heapUsed: number; external: number }>;
  stop(): Promise<void>;
}

export async function startDoor(
  { warden, stage }: Hands,
  { tokens = {}, count = 1, profile = null }: { tokens?: Readonly<Record<string, string>>; count?: number; profile?: string | null } = {},
): Promise<RunningDoor> {
  const shared = count > 1;
  const port = shared ? await freePort() : 0;
  const facts: DoorProcessFacts = {
    databaseUrl: stage.db.url,
    hashKeyBase64: stage.hashKey.toString('base64'),
    port,
    shared,
    tls: stage.tls,
    tokens: { 'cl-bench': 'of-the-door', ...tokens },
  };
  const file = join(stage.folder, `door-${port}.json`);
  writeFileSync(file, JSON.stringify(facts), { mode: 0o600 });
  const profiling = profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const parts = Array.from({ length: count }, () =>
    startPart(warden, 'door', process.execPath, [
      '--expose-gc',
      ...engineFor('proxy').options,
      ...profiling,
      join(import.meta.dirname, 'door-process.ts'),
      file,
    ]),
  );
  const [first] = await Promise.all(parts.map((part) => part.next<{ port: number }>()));
  return {
    name: shared ? `${count} doors on one port` : 'the door',
    prefix: '/clusters/bench',
    port: first?.port ?? port,
    pids: parts.map((part) => part.process.pid),
    processes: parts.map((part) => part.process),
    async memory() {
      const [part] = parts;
      if (!part) throw new Error('no door');
      process.kill(part.process.pid, 'SIGUSR2');
      return part.next();
    },
    async stop() {
      for (const part of parts) await part.process.stop();
    },
  };
}

async function untilItListens(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    const listens = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (listens) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on port ${port} after 10 s`);
}
