import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.ts';
import { freePort } from './ports.ts';

const isRoot = process.getuid?.() === 0;
let place: string;
let directory: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'gatehouse-postgres-'));
  chmodSync(place, 0o755);
  directory = join(place, 'data');
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

describe('an embedded PostgreSQL', () => {
  it('is a PostgreSQL 18 with checksummed passwords, reached by its owner URL, and nothing but its port on 127.0.0.1', async () => {
    const server = await start();
    const [row] = await query(
      server.url,
      `select current_setting('server_version') version, current_setting('listen_addresses') listen, current_setting('unix_socket_directories') sockets,
       current_setting('max_connections') connections, (select rolsuper from pg_roles where rolname = current_user) superuser,
       (select left(rolpassword, 13) from pg_authid where rolname = current_user) password, pg_encoding_to_char(encoding) encoding from pg_database where datname = current_database()`,
    );
    expect(row).toEqual({
      version: expect.stringMatching(/^18\./),
      listen: '127.0.0.1',
      sockets: '',
      connections: '200',
      superuser: true,
      password: 'SCRAM-SHA-256',
      encoding: 'UTF8',
    });
  });

  it('refuses a wrong password, and keeps the right one in a file that only its owner reads', async () => {
    const server = await start();
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
    expect(statSync(`${directory}.password`).mode & 0o777).toBe(0o600);
    expect(readFileSync(`${directory}.password`, 'utf8')).toBe(new URL(server.url).password);
  });

  it.runIf(process.platform === 'linux')('gets nothing of our environment', async () => {
    vi.stubEnv('GATEHOUSE_TEST_SECRET', 'must stay here');
    const server = await start();
    expect(readFileSync(`/proc/${server.pid}/environ`, 'utf8')).not.toContain('GATEHOUSE_TEST_SECRET');
    vi.unstubAllEnvs();
  });

  it('keeps its data and its password over a restart', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
  });

  it('runs beside others, each in its own folder', async () => {
    const [one, other] = await Promise.all([start(), start({ directory: join(place, 'other') })]);
    expect(new URL(one.url).port).not.toBe(new URL(other.url).port);
    await expect(query(other.url.replace(new URL(other.url).password, new URL(one.url).password), 'select 1')).rejects.toThrow();
  });
});

describe('after its parent died', () => {
  it('is gone within seconds, and starts again with what was committed', async () => {
    const { parent, url, pid } = await parentWithServer();
    await query(url, 'create table kept as select 7 as answer');
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(lives(pid)).toBe(false), 8_000);
    const again = await start();
    expect(await query(again.url, 'select answer from kept')).toEqual([{ answer: 7 }]);
  });

  it.runIf(process.platform === 'linux')(
    'is taken over from a server that nobody could stop, because its watcher was killed too',
    async () => {
      const { parent, url, pid } = await parentWithServer();
      await query(url, 'create table kept as select 8 as answer');
      parent.kill('SIGSTOP');
      for (const child of childrenOf(Number(parent.pid))) if (commandOf(child).includes('warden-watch')) process.kill(child, 'SIGKILL');
      parent.kill('SIGKILL');
      await once(parent, 'exit');
      expect(lives(pid)).toBe(true);
      const again = await start();
      await vi.waitFor(() => expect(lives(pid)).toBe(false), 8_000);
      expect(await query(again.url, 'select answer from kept')).toEqual([{ answer: 8 }]);
    },
  );

  it('is not kept down by a state file whose process number now belongs to somebody else, whom it leaves alone', async () => {
    await (await start()).stop();
    const bystander = spawn('sleep', ['300']);
    onTestFinished(() => void bystander.kill());
    const state = [bystander.pid, directory, 1, 5432, '', '127.0.0.1', '', 'ready', ''].join('\n');
    writeFileSync(join(directory, 'postmaster.pid'), state, { mode: 0o600 });
    const again = await start();
    expect(await query(again.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(lives(Number(bystander.pid))).toBe(true);
  });
});

describe('what it refuses, it refuses in a sentence', () => {
  it('a folder in use by a living process', async () => {
    await start();
    await expect(startEmbeddedPostgres({ directory, fast: true })).rejects.toThrow(/Another process uses the database in/);
  });

  it('a folder that holds something else', async () => {
    mkdirSync(directory);
    writeFileSync(join(directory, 'holiday.jpg'), '');
    await expect(start()).rejects.toThrow(/is not empty and holds no PostgreSQL/);
  });

  it('data of another major version', async () => {
    mkdirSync(directory);
    writeFileSync(join(directory, 'PG_VERSION'), '16\n');
    await expect(start()).rejects.toThrow(/holds data of PostgreSQL 16; this is 18/);
  });

  it('a port that is taken', async () => {
    const port = await freePort();
    const squatter = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void squatter.close());
    await once(squatter, 'listening');
    await expect(start({ port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`);
  });

  it('to guess a password that was lost', async () => {
    await (await start()).stop();
    rmSync(`${directory}.password`);
    await expect(start()).rejects.toThrow(/password of the database in .* is missing/);
  });
});

describe.runIf(isRoot)('as root', () => {
  it('runs as the user postgres, also where that user cannot enter the folder, and begins afresh when the folder is removed', async () => {
    chmodSync(place, 0o700);
    const first = await start();
    expect(userOf(first.pid)).toBe('postgres');
    expect(lstatSync(directory).isSymbolicLink()).toBe(true);
    await query(first.url, 'create table kept as select 9 as answer');
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 9 }]);
    await second.stop();
    rmSync(directory);
    const third = await start();
    await expect(query(third.url, 'select answer from kept')).rejects.toThrow(/does not exist/);
  });
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}) {
  const server = await startEmbeddedPostgres({ directory, fast: true, ...options });
  onTestFinished(() => server.stop());
  return server;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function parentWithServer() {
  const module = new URL('./embedded-postgres.ts', import.meta.url).href;
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(module)};
    const { url, pid } = await startEmbeddedPostgres(${JSON.stringify({ directory })});
    console.log(JSON.stringify({ url, pid }));
  `;
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const parent: ChildProcess = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { parent, ...(JSON.parse(line.toString()) as { url: string; pid: number }) };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

function userOf(pid: number): string {
  return execFileSync('stat', ['-c', '%U', `/proc/${pid}`], { encoding: 'utf8' }).trim();
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
