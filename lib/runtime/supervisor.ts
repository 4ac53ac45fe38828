/**
 * `npm start`: one small parent over three processes. It makes keys and database on the first start, brings the schema up to date, gives
 * each role its own database login, its own user (as root) and just its own secrets, restarts what falls, stops all in order, and shows
 * one readable log. It holds every secret and therefore speaks to nobody: no port, no request.
 */
import { X509Certificate } from 'node:crypto';
import { chown, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '#lib/config/config.ts';
import { keyedHash } from '#lib/config/keys.ts';
import { openDatabase } from '#lib/db/database.ts';
import { ensureInstallation } from '#lib/db/installation.ts';
import { migrate } from '#lib/db/migrate.ts';
import { ensureProcessRoles, type ProcessRole } from '#lib/db/roles.ts';
import { fault } from '#lib/errors/fault.ts';
import { setupCodeHash } from '#lib/session/setup-pass.ts';
import { engineFor } from './engine-options.ts';
import { ensureInstallationKeys, type InstallationKeys } from './installation-keys.ts';
import { explainMissingRights, openOwnerDatabase } from './owner-database.ts';
import { type ProgramPlace, placeForUser, placeOfCheckout } from './program-place.ts';
import { createLineReader, showLine, tell } from './readable-log.ts';
import { doorCertificate, secretsFor } from './role-secrets.ts';
import { makeRunDirectory } from './run-directory.ts';
import type { Service } from './service.ts';
import { leaveSystemPlace } from './system-place.ts';
import { createWarden, type ManagedProcess, type Warden } from './warden.ts';

const order: readonly ProcessRole[] = ['worker', 'proxy', 'portal'];
const firstUid = 61_101;
const warnOfCertificateDays = 60;
const restartMs = { first: 250, most: 10_000, calmAfter: 30_000 };
const stopTimeoutMs = 20_000;
const startTimeoutMs = 60_000;
/** A role that ends with this code says: trying again will not help (bad configuration, a port in use). Anything else is tried again. */
export const hopelessExitCode = 2;

export interface Supervisor extends Service {
  /** Rejects when a role cannot be started at all. */
  readonly failed: Promise<never>;
  /** By name: the role's, and `proxy-2` and on where several doors share the port. */
  pids(): Readonly<Record<string, number>>;
}

/** One process to keep: a role of its own name, or one more door beside the first. */
interface Place {
  readonly name: string;
  readonly role: ProcessRole;
  readonly env: Readonly<Record<string, string>>;
}

interface Kept {
  process: ManagedProcess | null;
  ready: Promise<void>;
}

export function createSupervisor(config: Config, env: NodeJS.ProcessEnv, entry: string): Supervisor {
  const kept = new Map<string, Kept>();
  let warden: Warden | null = null;
  let stopDatabase: () => Promise<void> = async () => {};
  let stopping = false;
  let runDirectory: string | null = null;
  let program: ProgramPlace | null = null;
  let giveUp: (reason: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  failed.catch(() => {});

  async function start(): Promise<void> {
    const doorHosts = [...new Set(['localhost', '127.0.0.1', config.proxy.host, new URL(config.proxy.url).hostname])];
    const keys = await doorCertificate(config, await ensureInstallationKeys(config.keysDirectory, doorHosts));
    warnOfEndingCertificate(keys.doorCertificatePem);
    const url = await openDatabaseServer();
    const urls = await prepareDatabase(url, keys).catch((error: unknown) => {
      throw explainMissingRights(error, url);
    });
    const apart = config.separateUsers ? await placeForUser(entry, uidOf('portal'), config.dataDirectory) : null;
    const separate = apart !== null;
    program = apart ?? placeOfCheckout(entry);
    if (!separate)
      tell('supervisor', 'all processes run as one user: only separate containers keep their secrets apart (docs/security.md)');
    warden = await createWarden();
    for (const role of order) {
      const secretsFile = await writeSecrets(role, secretsFor(role, keys, urls[role], { doorCaPem: keys.caPem }), separate);
      for (const place of placesOf(role, config)) keep(place, warden, program, secretsFile, separate);
    }
    await Promise.all([...kept.values()].map(({ ready }) => ready));
    const pids = [...order]
      .reverse()
      .flatMap((role) => placesOf(role, config))
      .map(({ name }) => `${name}=${kept.get(name)?.process?.pid ?? 'restarting'}`);
    tell('supervisor', `all ready  ${pids.join(' ')}  ${config.portal.url}`);
  }

  async function openDatabaseServer(): Promise<string> {
    const database = await openOwnerDatabase(config);
    stopDatabase = () => database.stop();
    void database.ended.then(() => {
      if (stopping) return;
      giveUp(fault('unavailable', 'database.ended', 'The embedded database ended. See the log beside the data folder, then start again.'));
    });
    return database.url;
  }

  async function prepareDatabase(url: string, keys: InstallationKeys & { caPem: string | null }): Promise<Record<ProcessRole, string>> {
    const applied = await migrate(url);
    if (applied.length > 0) tell('supervisor', `database schema brought up to date (${applied.join(', ')})`);
    await prepareInstallation(url, keys);
    return { ...(await ensureProcessRoles(url, keys.databasePasswords)), ...config.roleDatabaseUrls };
  }

  async function prepareInstallation(url: string, keys: InstallationKeys & { caPem: string | null }): Promise<void> {
    const db = openDatabase(url, { max: 2 });
    try {
      await ensureInstallation(db);
      await db.sql.query('UPDATE installation SET portal_url = $1, proxy_url = $2, proxy_ca_pem = $3', [
        config.portal.url,
        config.proxy.url,
        keys.caPem,
      ]);
      const { rows } = await db.sql.query<{ setup_done_at: Date | null }>('SELECT setup_done_at FROM installation');
      if (rows[0]?.setup_done_at) return;
      const code = setupCode(keys);
      await db.sql.query('UPDATE installation SET setup_code_hash = $1', [setupCodeHash(Buffer.from(keys.hashKeyBase64, 'base64'), code)]);
      // On purpose on the terminal and nowhere else: whoever can read it started the product.
      tell('supervisor', `first start: open ${config.portal.url}/setup and give this code: ${code}`);
    } finally {
      await db.close();
    }
  }

  async function writeSecrets(role: ProcessRole, secrets: object, separate: boolean): Promise<string> {
    runDirectory ??= await makeRunDirectory(config.dataDirectory, separate);
    const file = join(runDirectory, `${role}.json`);
    await rm(file, { force: true });
    await writeFile(file, JSON.stringify(secrets), { mode: 0o400 });
    if (separate) await chown(file, uidOf(role), uidOf(role));
    return file;
  }

  function keep({ name, role, env: own }: Place, host: Warden, from: ProgramPlace, secretsFile: string, separate: boolean): void {
    let wait = restartMs.first;
    let announceReady: () => void = () => {};
    const entryOf: Kept = {
      process: null,
      ready: new Promise<void>((resolve, reject) => {
        const tooLate = setTimeout(
          () => reject(fault('unavailable', 'role.not-ready', `The ${name} was not ready within ${startTimeoutMs / 1000} s.`)),
          startTimeoutMs,
        );
        announceReady = () => {
          clearTimeout(tooLate);
          resolve();
        };
      }),
    };
    entryOf.ready.catch(giveUp);
    kept.set(name, entryOf);

    const engine = engineFor(role);
    const launch = () => {
      const began = performance.now();
      let complaint: string | null = null;
      const readLine = createLineReader((line) => {
        const shown = showLine(name, line);
        complaint = shown.error ?? complaint;
        if (shown.ready) announceReady();
      });
      const child = host.spawn({
        name,
        command: from.command,
        args: [...engine.options, from.entry, role],
        cwd: dirname(from.entry),
        env: { ...environmentFor(env, secretsFile), ...engine.environment, ...own },
        onOutput: readLine,
        orphaned: { signal: 'TERM', seconds: 5 },
        ...(separate ? { uid: uidOf(role), gid: uidOf(role) } : {}),
      });
      entryOf.process = child;
      void child.exited.then((code) => {
        entryOf.process = null;
        if (stopping) return;
        if (code === hopelessExitCode) {
          giveUp(fault('bad-input', 'role.cannot-start', complaint ?? `The ${name} cannot start; its last line says why.`));
          return;
        }
        wait = performance.now() - began > restartMs.calmAfter ? restartMs.first : Math.min(wait * 2, restartMs.most);
        tell('supervisor', `the ${name} ended (${code ?? 'by a signal'}) and is started again in ${(wait / 1000).toFixed(1)} s`);
        setTimeout(() => {
          if (!stopping) launch();
        }, wait);
      });
    };
    launch();
  }

  return {
    name: 'supervisor',
    failed,
    start,
    pids: () => Object.fromEntries([...kept].flatMap(([role, { process: child }]) => (child ? [[role, child.pid]] : []))),
    async stop() {
      if (stopping) return;
      stopping = true;
      const timeoutMs = stopTimeoutMs + config.proxy.drainMs;
      // First the ways in, then the worker: nobody is let in whom nobody would cut off.
      for (const role of [...order].reverse())
        await Promise.all(placesOf(role, config).map(({ name }) => kept.get(name)?.process?.stop({ timeoutMs })));
      await warden?.close();
      await stopDatabase();
      if (runDirectory) await rm(runDirectory, { recursive: true, force: true });
      await program?.remove();
      await leaveSystemPlace(config.dataDirectory);
    },
  };
}

/** Several doors share one port; each has its own for its metrics, counted up from the first. */
function placesOf(role: ProcessRole, { proxy }: Config): Place[] {
  if (role !== 'proxy') return [{ name: role, role, env: {} }];
  return Array.from({ length: proxy.processes }, (_, i) => ({
    name: i === 0 ? role : `${role}-${i + 1}`,
    role,
    env: { GATEHOUSE_METRICS_PORT: String(proxy.metricsPort === 0 ? 0 : proxy.metricsPort + i) },
  }));
}

/** Nothing renews the door's certificate by itself; so whoever reads the log learns of it in time. */
function warnOfEndingCertificate(pem: string): void {
  const days = Math.floor((new X509Certificate(pem).validToDate.getTime() - Date.now()) / 86_400_000);
  if (days < warnOfCertificateDays)
    tell('supervisor', `the door's certificate ends in ${days} days: give a new one (docs/operating.md, certificates)`);
}

/** The same on each start until the set-up is done, so that a link somebody noted stays good; derived, so that it needs no file of its own. */
function setupCode(keys: InstallationKeys): string {
  const digest = keyedHash(Buffer.from(keys.hashKeyBase64, 'base64'), 'setup code').toString('hex');
  return `${digest.slice(0, 6)}-${digest.slice(6, 12)}-${digest.slice(12, 18)}`;
}

function environmentFor(env: NodeJS.ProcessEnv, secretsFile: string): Record<string, string> {
  const passed = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && /^(GATEHOUSE_(?!KEYS$)|NODE_EXTRA_CA_CERTS$|NODE_OPTIONS$|HOME$|PATH$|TZ$|LANG$|LC_)/.test(entry[0]),
  );
  return {
    ...Object.fromEntries(passed),
    NODE_ENV: 'production',
    NEXT_TELEMETRY_DISABLED: '1',
    GATEHOUSE_SECRETS_FILE: secretsFile,
  };
}

function uidOf(role: ProcessRole): number {
  return firstUid + order.indexOf(role);
}
