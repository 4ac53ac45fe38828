/**
 * The whole promise on one machine: real parts, Gatehouse over them, and the decisions that an admin would take on the first day. Every
 * step goes the way a person goes (setup code, portal sign-in, API), none reaches behind it. Used by the demo, the stories and the bench.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '#e2e/stack/progress.ts';
import type { Warden } from '#e2e/stack/warden.ts';
import type { DemoContract, DemoUser } from './contract.ts';
import { type Decided, decide } from './decisions.ts';
import { type Parts, podOf, podPort, startParts } from './parts.ts';
import { PortalClient } from './portal-client.ts';
import { startProduct } from './product.ts';

export interface Scene {
  readonly contract: DemoContract;
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

export interface SceneOptions {
  readonly folder: string;
  readonly warden: Warden;
  readonly progress: Progress;
  readonly ports?: { readonly portal: number; readonly proxy: number };
  readonly olderWest?: boolean;
  /** Settings of Gatehouse beside those of every scene. */
  readonly env?: Readonly<Record<string, string>>;
  onLine?(line: string): void;
}

const cast: readonly { login: string; description: string; clusters: readonly string[] }[] = [
  { login: 'alice', description: 'developer in project shop, on both clusters, by a group in a group', clusters: ['east', 'west'] },
  { login: 'bob', description: 'developer in project payments, east only', clusters: ['east'] },
  { login: 'carol', description: 'platform admin: everything, everywhere, and the portal', clusters: ['east', 'west'] },
  { login: 'dave', description: 'operator in monitoring, by a grant of his own that ends in 8 hours', clusters: ['east', 'west'] },
  { login: 'erin', description: 'auditor: reads everything but secrets, changes nothing', clusters: ['east', 'west'] },
  { login: 'frank', description: 'no access at all', clusters: [] },
];

export async function startScene(options: SceneOptions): Promise<Scene> {
  const { folder, warden, progress, olderWest = false } = options;
  await mkdir(folder, { recursive: true });
  const parts = await startParts({ folder, warden, progress, olderWest });
  const { directory, clusters, binaries } = parts;
  const product = await progress('starting Gatehouse', () =>
    startProduct({
      folder,
      warden,
      ...(options.ports ? { ports: options.ports } : {}),
      ...(options.env ? { env: options.env } : {}),
      ...(options.onLine ? { onLine: options.onLine } : {}),
    }),
  );
  const remembered = await recall(folder, parts);
  const decided = remembered ?? (await decide({ product, parts, progress }));
  await remember(folder, parts, decided);

  const ca = join(folder, 'door-ca.crt');
  await copyFile(product.proxyCaFile, ca);
  const kubeconfigs: Record<string, string> = {};
  for (const { login, clusters: entitled } of cast) {
    if (entitled.length === 0) continue;
    const client = new PortalClient(product.portalUrl);
    if (!(await client.signIn(login, directory.user(login).password))) {
      // In a scene that was played before, somebody may have left already; on the first day everybody must come in.
      if (remembered) continue;
      throw new Error(`${login} could not sign in at the portal`);
    }
    const { kubeconfig } = await client.must<{ kubeconfig: string }>('POST', '/credentials/kubeconfig', { deviceName: 'demo' });
    const file = join(folder, `${login}.kubeconfig`);
    await writeFile(file, kubeconfig, { mode: 0o600 });
    kubeconfigs[login] = file;
  }

  const contract: DemoContract = {
    ready: true,
    portal: {
      url: product.portalUrl,
      ca: null,
      signIn: { provider: 'active-directory', login: 'login', password: 'password' },
      session: '/api/auth/session',
    },
    proxy: { url: product.proxyUrl, ca },
    api: { url: `${product.portalUrl}/api/v1`, token: decided.adminToken },
    directory: {
      url: directory.url,
      ca: directory.caFile,
      serverName: directory.serverName,
      baseDn: directory.baseDn,
      adminDn: directory.adminDn,
      adminPassword: directory.adminPassword,
    },
    users: cast.map(({ login, ...rest }): DemoUser => {
      const { dn, upn, password } = directory.user(login);
      return { login, upn: upn ?? `${login}@${directory.domain}`, dn, password, ...rest };
    }),
    clusters: [clusters.east, clusters.west].map((cluster) => ({
      name: cluster.name,
      id: decided.clusterIds[cluster.name] ?? '',
      server: cluster.server,
      adminKubeconfig: cluster.adminKubeconfig,
      auditLog: cluster.auditLog,
      proxyPath: `/clusters/${cluster.name}`,
      pod: `shop/${podOf.shop}`,
      podPort,
    })),
    kubeconfigs,
    reissue: [process.execPath, join(import.meta.dirname, '../demo/reissue.ts'), '{login}'],
    kubectl: binaries.kubectl,
    metrics: product.metricsUrl,
    processes: product.pids,
  };
  return {
    contract,
    ended: product.process.exited,
    async stop() {
      await product.stop();
      await Promise.all([clusters.east.stop(), clusters.west.stop(), directory.stop()]);
    },
  };
}

interface Memory {
  readonly directory: string;
  readonly servers: readonly string[];
  readonly decided: Decided;
}

const memoryFile = (folder: string) => join(folder, 'decided.json');

async function remember(folder: string, { directory, clusters }: Parts, decided: Decided): Promise<void> {
  const memory: Memory = { directory: directory.url, servers: [clusters.east.server, clusters.west.server], decided };
  await writeFile(memoryFile(folder), JSON.stringify(memory), { mode: 0o600 });
}

/** What an earlier run in the same folder decided, or null on the first day. Parts that came back at another address are another world. */
async function recall(folder: string, { directory, clusters }: Parts): Promise<Decided | null> {
  const text = await readFile(memoryFile(folder), 'utf8').catch(() => null);
  if (text === null) return null;
  const memory = JSON.parse(text) as Memory;
  const here = [directory.url, clusters.east.server, clusters.west.server];
  const before = [memory.directory, ...memory.servers];
  if (here.join() === before.join()) return memory.decided;
  throw new Error(
    `The scene of before had ${before.join(', ')}, and something else uses one of these now. Free them, or start afresh with --reset.`,
  );
}
