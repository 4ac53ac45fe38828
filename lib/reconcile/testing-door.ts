// A door over the tests' worker: its own world and feed, as a replica has them, the credentials that the worker sealed, and kubectl in front.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectlEnvironment } from '#e2e/stack/kubernetes/kubectl.ts';
import { createDoorCredentials } from '#lib/cluster/door-credential.ts';
import { kubeconfig } from '#lib/credential/kubeconfig.ts';
import { issueKubeconfig } from '#lib/credential/testing-issue.ts';
import { loadWorld } from '#lib/entitlement/world.ts';
import { createDoor } from '#lib/proxy/door.ts';
import { followWorld } from '#lib/revocation/follow-world.ts';
import { makeDoorCertificate } from '#lib/runtime/certificates.ts';
import type { TestWorker } from './testing.ts';

const hashKey = Buffer.alloc(32, 5);

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type TestDoor = Awaited<ReturnType<typeof testDoor>>;

export async function testDoor({ db, openingKey, log }: TestWorker, kubectl: string) {
  // The directory has just spoken, and stays silent for the length of a test.
  await db.sql.query(
    `INSERT INTO domain_controller (id, directory_id, url, fresh_at, state) VALUES ('dc-1', 'd-1', 'ldaps://dc', now(), 'following')`,
  );
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-door-'));
  const world = await loadWorld(db);
  const doorCredentials = createDoorCredentials({ db, openingKey });
  const feed = followWorld({
    db,
    log,
    world,
    onChanges: (changes) => door.onChanges(changes),
  });
  const { doorCertificatePem: cert, doorKeyPem: key, doorCaPem: caPem } = await makeDoorCertificate(['localhost', '127.0.0.1']);
  const door = createDoor({
    config: { proxy: { host: '127.0.0.1', port: 0, metricsHost: '127.0.0.1', metricsPort: 0 } },
    db,
    world,
    lease: feed,
    doorCredentials,
    hashKey,
    log,
    replicaId: 'x-test',
    tls: { cert, key },
    drainMs: 100,
  });
  await feed.start();
  await door.start();
  const url = `https://127.0.0.1:${door.port}`;

  async function token(person: string): Promise<string> {
    const issued = await issueKubeconfig(db, hashKey, { id: `p-${person}`, name: person });
    await heard();
    return issued.token;
  }

  async function heard(): Promise<void> {
    const { rows } = await db.sql.query<{ seq: string }>('SELECT seq FROM change_counter');
    while (feed.seq < BigInt(rows[0]?.seq ?? '0')) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  return {
    url,
    caPem,
    world,
    token,
    heard,
    /** kubectl as that person, on that cluster. */
    async person(name: string, cluster: string) {
      const file = join(directory, `${name}-${cluster}.yaml`);
      const text = kubeconfig({
        proxyUrl: url,
        proxyCaPem: caPem,
        userName: name,
        token: await token(name),
        clusters: [{ name: cluster }],
      });
      writeFileSync(file, text, { mode: 0o600 });
      return {
        start: (env: Readonly<Record<string, string>>, ...args: string[]) => startKubectl(kubectl, directory, file, env, args),
        run: (...args: string[]) => startKubectl(kubectl, directory, file, {}, args).ended(''),
        runWith: (input: string, ...args: string[]) => startKubectl(kubectl, directory, file, {}, args).ended(input),
      };
    },
    async close() {
      await door.stop();
      await feed.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function startKubectl(kubectl: string, home: string, file: string, env: Readonly<Record<string, string>>, args: readonly string[]) {
  const child = spawn(kubectl, ['--kubeconfig', file, ...args], {
    env: { ...kubectlEnvironment(home), ...env } as unknown as NodeJS.ProcessEnv,
    stdio: 'pipe',
  });
  let stdout = '';
  let stderr = '';
  child.stdin.on('error', () => {});
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return {
    async shows(pattern: RegExp, withinMs = 20_000): Promise<RegExpExecArray> {
      for (const deadline = performance.now() + withinMs; performance.now() < deadline; ) {
        const found = pattern.exec(stdout);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`kubectl ${args.join(' ')} never showed ${pattern}; it said: ${stdout}${stderr}`);
    },
    async ended(input: string): Promise<Outcome> {
      child.stdin.end(input);
      const code = await closed;
      return { code, stdout, stderr };
    },
    stop: () => void child.kill('SIGKILL'),
  };
}
