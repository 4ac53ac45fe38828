// A real PostgreSQL 18 in a data folder, for everybody who has none: `npm start` without DATABASE_URL, the demo, the tests.
//
// Promises: one owner at a time (a lock that dies with its holder), a server that ends when we end, a folder that starts again after any
// kind of death. Listens on 127.0.0.1 only, by password (scram), on no Unix socket. The owner's password lies beside the folder, readable
// by us alone; the server gets an environment without any of our secrets.
// Refuses: a folder that holds something else, another major version, a folder in use by a living process.
// Where the account "postgres" cannot enter the folder (a clone under root's home), the data lie in /var/lib/gatehouse and the folder is
// a link to them: remove the link, and the next start begins afresh.
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from './lock.ts';
import { freePort } from './ports.ts';
import { type PostgresAccount, postgresAccount } from './postgres-account.ts';
import { type PostgresBinaries, postgresBinaries } from './postgres-binaries.ts';
import { dataPlace } from './postgres-data-place.ts';
import { endLeftoverServer } from './postgres-leftover.ts';
import { createWarden, type ManagedProcess, type Warden } from './warden.ts';

export interface EmbeddedPostgres {
  /** The owner's URL: superuser of this server. */
  readonly url: string;
  readonly pid: number;
  /** Resolves when the server ended, asked or not. */
  readonly exited: Promise<number | null>;
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  directory: string;
  /** Without it, a free one. */
  port?: number;
  /** No fsync: quick, and lost with the machine's power. For tests. */
  fast?: boolean;
  warden?: Warden;
  /** Without it, `<directory>.log`. */
  logFile?: string;
}

interface Site {
  folder: string;
  data: string;
  logFile: string;
  fast: boolean;
  account: PostgresAccount;
  binaries: PostgresBinaries;
  warden: Warden;
}

const major = '18';
const owner = 'gatehouse';
const database = 'gatehouse';
const lockPatienceMs = 5_000;
const readyPatienceMs = 60_000;
const attempts = 5;
// Nothing of our own environment: it may hold keys.
const environment = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = resolve(options.directory);
  const release = await lock(`postgres:${folder}`, lockPatienceMs);
  if (!release) throw new Error(`Another process uses the database in ${folder}. Stop that one first, or choose another data folder.`);
  const warden = options.warden ?? (await createWarden());
  const letGo = async () => {
    if (!options.warden) await warden.close();
    await release();
  };
  try {
    const site = await prepareSite(folder, options, warden);
    const password = await prepareData(site);
    await endLeftoverServer(site.data);
    const { server, port } = await startServer(site, options.port);
    const stop = async () => {
      await server.stop({ signal: 'SIGINT', timeoutMs: 20_000 });
      await letGo();
    };
    const url = `postgresql://${owner}:${password}@127.0.0.1:${port}/${database}`;
    return { url, pid: server.pid, exited: server.exited, stop };
  } catch (error) {
    await letGo();
    throw error;
  }
}

async function prepareSite(folder: string, { logFile, fast = false }: EmbeddedPostgresOptions, warden: Warden): Promise<Site> {
  mkdirSync(dirname(folder), { recursive: true });
  const account = await postgresAccount();
  const binaries = await postgresBinaries(account);
  const data = await dataPlace(folder, account);
  return { folder, data, logFile: logFile ?? `${folder}.log`, fast, account, binaries, warden };
}

/** Makes the data on the first start, and gives the owner's password. */
async function prepareData(site: Site): Promise<string> {
  const passwordFile = `${site.folder}.password`;
  const versionFile = join(site.data, 'PG_VERSION');
  if (!existsSync(versionFile)) {
    removeIfEmpty(site.data);
    const password = randomBytes(24).toString('base64url');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    await initialise(site, password);
    return password;
  }
  const version = readFileSync(versionFile, 'utf8').trim();
  if (version !== major)
    throw new Error(
      `${site.folder} holds data of PostgreSQL ${version}; this is ${major}. Dump them with the old version and load them here.`,
    );
  if (!existsSync(passwordFile))
    throw new Error(
      `The owner's password of the database in ${site.folder} is missing: put ${passwordFile} back, or remove the folder to start afresh.`,
    );
  return readFileSync(passwordFile, 'utf8').trim();
}

function removeIfEmpty(data: string): void {
  if (!existsSync(data)) return;
  if (readdirSync(data).length > 0) throw new Error(`${data} is not empty and holds no PostgreSQL. Choose another data folder.`);
  rmdirSync(data);
}

/** In a draft that becomes the data folder by one rename: a death half-way leaves nothing that looks like a database. */
async function initialise(site: Site, password: string): Promise<void> {
  const { account, binaries, data, fast } = site;
  const draft = `${data}.draft`;
  const passwordForInit = `${draft}.password`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordForInit, password, { mode: 0o600 });
  if (account) for (const path of [draft, passwordForInit]) chownSync(path, account.uid, account.gid);
  const settings = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const sync = fast ? ['--no-sync'] : [];
  try {
    await runToEnd(site, binaries.initdb, [
      `--pgdata=${draft}`,
      `--username=${owner}`,
      `--pwfile=${passwordForInit}`,
      ...settings,
      ...sync,
    ]);
    const single = `echo 'CREATE DATABASE ${database}' | "$0" --single -D "$1" ${fast ? '-F' : ''} postgres`;
    await runToEnd(site, '/bin/sh', ['-c', single, binaries.postgres, draft]);
    renameSync(draft, data);
  } finally {
    rmSync(passwordForInit, { force: true });
  }
}

async function runToEnd(site: Site, command: string, args: string[]): Promise<void> {
  let said = '';
  const one = site.warden.spawn({
    name: 'initdb',
    command,
    args,
    env: environment,
    cwd: '/',
    ...site.account,
    onOutput: (chunk) => {
      said += chunk.toString();
    },
  });
  const code = await one.exited;
  if (code !== 0) throw new Error(`A database could not be made in ${site.folder}: ${said.trim().split('\n').slice(-3).join(' ')}`);
}

async function startServer(site: Site, wanted?: number): Promise<{ server: ManagedProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (await freePort());
    const logged = sizeOfLog(site);
    const server = launchServer(site, port);
    if (await becomesReady(site, server)) return { server, port };
    const complaint = readFileSync(site.logFile, 'utf8').slice(logged).trim();
    // Backends of a server that was killed hold its memory for a moment; a port we chose may have been taken since.
    const passing =
      complaint.includes('pre-existing shared memory') || (wanted === undefined && complaint.includes('Address already in use'));
    if (!passing || attempt === attempts) throw new Error(reasonFor(complaint, port, site));
    await sleep(500);
  }
}

function launchServer(site: Site, port: number): ManagedProcess {
  // Room for a large directory: a million and a half memberships and their indexes are written three times as fast as with the default.
  const durable = { fsync: 'on', shared_buffers: '512MB', max_wal_size: '4GB' };
  const careless = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    ...(site.fast ? careless : durable),
  };
  return site.warden.spawn({
    name: 'postgres',
    command: site.binaries.postgres,
    args: ['-D', site.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: environment,
    cwd: '/',
    logFile: site.logFile,
    ...site.account,
    orphaned: site.fast ? { signal: 'QUIT', seconds: 2 } : { signal: 'INT', seconds: 10 },
  });
}

/** The server writes its state into the eighth line of postmaster.pid, as pg_ctl reads it. */
async function becomesReady(site: Site, server: ManagedProcess): Promise<boolean> {
  let ended = false;
  void server.exited.then(() => {
    ended = true;
  });
  const stateFile = join(site.data, 'postmaster.pid');
  const deadline = Date.now() + readyPatienceMs;
  while (!ended && Date.now() < deadline) {
    const lines = existsSync(stateFile) ? readFileSync(stateFile, 'utf8').split('\n') : [];
    if (lines[0] === String(server.pid) && lines[7]?.trim() === 'ready') return true;
    await sleep(20);
  }
  await server.stop({ signal: 'SIGQUIT' });
  return false;
}

function reasonFor(complaint: string, port: number, site: Site): string {
  if (complaint.includes('Address already in use'))
    return `Port ${port} on 127.0.0.1 is taken: PostgreSQL cannot start there. Choose another port.`;
  const fatal = complaint.split('\n').findLast((line) => line.includes('FATAL')) ?? complaint.split('\n').at(-1);
  return `PostgreSQL did not start in ${site.folder}: ${fatal ?? 'it gave no reason'}. Its log is ${site.logFile}.`;
}

function sizeOfLog({ logFile }: Site): number {
  return existsSync(logFile) ? readFileSync(logFile, 'utf8').length : 0;
}
