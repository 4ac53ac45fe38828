/**
 * An installation on a PostgreSQL of its own, whose doors and worker are real processes (`node server.ts proxy`), for a test to kill, to stop
 * and to let go on. The database is made as the supervisor makes it: each role has its own login and no more rights than that.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sealToken } from '#lib/cluster/sealed-token.ts';
import { generateSealingPair, sealingKeyFromPem } from '#lib/config/keys.ts';
import { issueKubeconfig } from '#lib/credential/testing-issue.ts';
import { changing, type Database, openDatabase } from '#lib/db/database.ts';
import { ensureInstallation } from '#lib/db/installation.ts';
import { migrate } from '#lib/db/migrate.ts';
import { ensureProcessRoles } from '#lib/db/roles.ts';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { createGrant, seedBuiltinRoles } from '#lib/entitlement/mutations.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import { makeDoorCertificate } from '#lib/runtime/certificates.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#lib/runtime/embedded-postgres.ts';
import { freePort } from '#lib/runtime/ports.ts';
import { familyOf, root, serverEntry } from '#lib/runtime/testing.ts';
import { createWarden, type ManagedProcess } from '#lib/runtime/warden.ts';
import { clusterId, personId, type StandOptions, seedWorld } from './stand.ts';

const startPatienceMs = 60_000;
const run = promisify(execFile);

export interface Running {
  readonly process: ManagedProcess;
  readonly said: () => string;
}

export interface RunningDoor extends Running {
  readonly url: string;
  readonly metricsPort: number;
}

export interface Installation {
  readonly db: Database;
  readonly caPem: string;
  readonly hashKey: Buffer;
  readonly sealingKeyPem: string;
  /** Lets somebody look into `shop` on a cluster and gives their token. */
  admit(person: string, cluster: string): Promise<string>;
  disable(person: string): Promise<string>;
  startDoor(options?: { port?: number; env?: Record<string, string> }): Promise<RunningDoor>;
  startWorker(): Promise<Running>;
  readonly postgres: {
    /** Also of each of its backends, as far as they have not left. */
    signal(signal: NodeJS.Signals): Promise<void>;
    start(): Promise<void>;
  };
  stop(): Promise<void>;
}

export async function startInstallation(options: Pick<StandOptions, 'clusters' | 'people'>): Promise<Installation> {
  const warden = await createWarden();
  const place = await mkdtemp(join(tmpdir(), 'gatehouse-installation-'));
  await run('chmod', ['755', place]);
  const port = await freePort();
  // Not the fast one of other tests: what was committed must outlive a kill, as it does in life.
  const startPostgres = () => startEmbeddedPostgres({ directory: join(place, 'postgres'), port, warden });
  let postgres: EmbeddedPostgres = await startPostgres();
  await migrate(postgres.url);
  const db = openDatabase(postgres.url, { max: 4 });
  await ensureInstallation(db);
  await seedBuiltinRoles(db);
  await seedWorld(db, options);
  const keys = generateSealingPair();
  for (const { name } of options.clusters) {
    const sealed = sealToken(sealingKeyFromPem(keys.sealingKeyPem), clusterId(name), 'door', 'door-token');
    await db.sql.query(`INSERT INTO cluster_door_credential (cluster_id, sealed, expires_at) VALUES ($1, $2, now() + interval '7 days')`, [
      clusterId(name),
      sealed,
    ]);
  }
  const password = () => randomBytes(12).toString('hex');
  const urls = await ensureProcessRoles(postgres.url, { portal: password(), proxy: password(), worker: password() });
  const certificate = await makeDoorCertificate(['localhost', '127.0.0.1']);
  const hashKey = randomBytes(32);

  async function startRole(role: 'proxy' | 'worker', secrets: object, env: Record<string, string>): Promise<Running> {
    const secretsFile = join(place, `${role}.json`);
    await writeFile(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
    let output = '';
    const child = warden.spawn({
      name: role,
      command: process.execPath,
      args: [serverEntry, role],
      cwd: root,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: process.env.HOME ?? '/',
        NODE_ENV: 'production',
        GATEHOUSE_DATA: join(place, 'data'),
        GATEHOUSE_SECRETS_FILE: secretsFile,
        ...env,
      },
      onOutput: (chunk) => {
        output += chunk.toString('utf8');
      },
    });
    let isOver = false;
    void child.exited.then(() => {
      isOver = true;
    });
    for (const end = performance.now() + startPatienceMs; !output.includes('"ready":true'); await sleep(20)) {
      if (isOver || performance.now() > end) throw new Error(`the ${role} did not start; it said:\n${output}`);
    }
    return { process: child, said: () => output };
  }

  return {
    db,
    caPem: certificate.doorCaPem,
    hashKey,
    sealingKeyPem: keys.sealingKeyPem,
    async admit(person, cluster) {
      await changing(db, (tx, touch) =>
        createGrant(
          tx,
          touch,
          {
            roleId: viewerId,
            place: { kind: 'namespaces', clusterId: clusterId(cluster), clusterSelector: null, projectId: null, namespaces: ['shop'] },
            subject: { kind: 'person', id: personId(person), name: person },
            until: null,
            reason: '',
            where: '',
          },
          { kind: 'system', name: 'test' },
        ),
      );
      const { token } = await issueKubeconfig(db, hashKey, { id: personId(person), name: person });
      return token;
    },
    disable: (person) =>
      changing(db, async (tx, touch) => {
        await tx.person.update({
          where: { id: personId(person) },
          data: { userAccountControl: 514, state: 'disabled', stateSince: new Date() },
        });
        touch('person', personId(person));
        return revoke(tx, touch, { kind: 'person', personId: personId(person), reason: 'disabled', evidenceAt: new Date() });
      }),
    async startDoor({ port: given, env = {} } = {}) {
      const doorPort = given ?? (await freePort());
      const metricsPort = await freePort();
      const secrets = {
        databaseUrl: urls.proxy,
        openingKeyPem: keys.openingKeyPem,
        hashKeyBase64: hashKey.toString('base64'),
        doorCertificatePem: certificate.doorCertificatePem,
        doorKeyPem: certificate.doorKeyPem,
      };
      const started = await startRole('proxy', secrets, {
        GATEHOUSE_PROXY_PORT: String(doorPort),
        GATEHOUSE_METRICS_PORT: String(metricsPort),
        ...env,
      });
      return { ...started, url: `https://127.0.0.1:${doorPort}`, metricsPort };
    },
    startWorker: () =>
      startRole('worker', { databaseUrl: urls.worker, openingKeyPem: keys.openingKeyPem, sealingKeyPem: keys.sealingKeyPem }, {}),
    postgres: {
      async signal(signal) {
        for (const pid of await familyOf(postgres.pid)) process.kill(pid, signal);
        if (signal === 'SIGKILL') await postgres.exited;
      },
      async start() {
        // It may be dead already; only this lets go of its folder.
        await postgres.stop();
        postgres = await startPostgres();
      },
    },
    async stop() {
      await db.close();
      await postgres.stop();
      await warden.close();
      await rm(place, { recursive: true, force: true });
    },
  };
}
