// One cluster: etcd, API server, controller manager, one node. All parts start at once, since each waits for what it needs; ready means that
// the API server says so, the node is Ready and the controller manager has made the default service account.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../ports.ts';
import type { ManagedProcess, Warden } from '../warden.ts';
import { auditPolicy } from './audit-policy.ts';
import { type AuthorityFiles, clusterAuthority, kubeconfig } from './authority.ts';
import type { KubernetesBinaries } from './binaries.ts';
import { apiServer, controllerManager, etcd, kubelet, type Layout } from './control-plane.ts';
import { type Outcome, runKubectl } from './kubectl.ts';

export interface ClusterOptions {
  name: string;
  directory: string;
  binaries: KubernetesBinaries;
  warden: Warden;
  /** Without ConstrainedImpersonation and AuthorizePodWebsocketUpgradeCreatePermission, as older releases are. */
  classicImpersonation?: boolean;
  /** The node takes WebSocket itself (as real ones do from 1.36); false makes the API server translate to SPDY. */
  extendWebSockets?: boolean;
}

export interface Cluster {
  readonly name: string;
  readonly server: string;
  readonly caPem: string;
  readonly caFile: string;
  /** Client certificate of a member of system:masters. */
  readonly adminKubeconfig: string;
  readonly auditLog: string;
  readonly nodeName: string;
  kubectl(...args: string[]): Promise<Outcome>;
  /** Server-side apply; throws with kubectl's words when the API server refuses. */
  apply(objects: object[]): Promise<void>;
  /** As it was, or as another release would be. */
  restartApiServer(change?: Pick<ClusterOptions, 'classicImpersonation'>): Promise<void>;
  /** To the API server alone, without any goodbye. Killed, it stays away until it is restarted. */
  signalApiServer(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  stop(): Promise<void>;
}

interface Parts {
  etcd: ManagedProcess;
  apiServer: ManagedProcess;
  controllerManager: ManagedProcess;
  kubelet: ManagedProcess;
}

const startLimitMs = 90_000;
const attempts = 3;
/** The API server waits for its clients to leave; watches never do. */
const patience = { timeoutMs: 2_000 };

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const nodeName = `${options.name}-node`;
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true });
  const authority = await clusterAuthority(directory, nodeName);
  for (let attempt = 1; ; attempt += 1) {
    const layout = await prepare(options, directory, nodeName, authority, attempt === 1);
    const parts = startParts(options.warden, layout);
    try {
      await ready(options.warden, layout, parts);
      writeFileSync(portFile(directory), String(layout.port));
      return clusterOf(options.warden, layout, parts);
    } catch (error) {
      await stopParts(parts);
      if (!(error instanceof PortTaken) || attempt === attempts) throw error;
    }
  }
}

async function prepare(
  options: ClusterOptions,
  directory: string,
  nodeName: string,
  authority: AuthorityFiles,
  mayReusePort: boolean,
): Promise<Layout> {
  const layout: Layout = {
    name: options.name,
    nodeName,
    directory,
    port: (mayReusePort && rememberedPort(directory)) || (await freePort()),
    binaries: options.binaries,
    authority,
    auditPolicy: join(directory, 'audit-policy.json'),
    auditLog: join(directory, 'audit.log'),
    classicImpersonation: options.classicImpersonation ?? false,
    extendWebSockets: options.extendWebSockets ?? true,
  };
  writeFileSync(layout.auditPolicy, JSON.stringify(auditPolicy));
  for (const account of ['admin', 'controller-manager', 'kubelet']) {
    writeFileSync(join(directory, `${account}.kubeconfig`), kubeconfig(layout.name, serverOf(layout), authority, account), { mode: 0o600 });
  }
  return layout;
}

function startParts(warden: Warden, layout: Layout): Parts {
  return {
    etcd: warden.spawn(etcd(layout)),
    apiServer: warden.spawn(apiServer(layout)),
    controllerManager: warden.spawn(controllerManager(layout)),
    kubelet: warden.spawn(kubelet(layout)),
  };
}

/** The API server goes before etcd: signalled together it hangs on and keeps its port. The kubelet goes first, while it can still say goodbye. */
async function stopParts(parts: Parts): Promise<void> {
  await Promise.all([parts.kubelet.stop(), parts.controllerManager.stop()]);
  await parts.apiServer.stop(patience);
  await parts.etcd.stop();
}

function clusterOf(warden: Warden, layout: Layout, parts: Parts): Cluster {
  const adminKubeconfig = join(layout.directory, 'admin.kubeconfig');
  const kubectl = (args: string[], input?: string) =>
    runKubectl(layout.binaries.kubectl, layout.directory, ['--kubeconfig', adminKubeconfig, ...args], input);
  return {
    name: layout.name,
    server: serverOf(layout),
    caPem: layout.authority.text('ca.crt'),
    caFile: layout.authority.file('ca.crt'),
    adminKubeconfig,
    auditLog: layout.auditLog,
    nodeName: layout.nodeName,
    kubectl: (...args) => kubectl(args),
    async apply(objects) {
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
      const { code, stderr } = await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], list);
      if (code !== 0) throw new Error(`kubectl apply in ${layout.name}: ${stderr.trim()}`);
    },
    async restartApiServer(change = {}) {
      Object.assign(layout, change);
      await parts.apiServer.stop(patience);
      parts.apiServer = warden.spawn(apiServer(layout));
      await ready(warden, layout, parts);
    },
    async signalApiServer(signal) {
      parts.apiServer.kill(signal);
      if (signal === 'SIGKILL') await parts.apiServer.exited;
    },
    stop: () => stopParts(parts),
  };
}

class PortTaken extends Error {}

async function ready(warden: Warden, layout: Layout, parts: Parts): Promise<void> {
  const deadline = Date.now() + startLimitMs;
  const over = new AbortController();
  const deaths = (Object.keys(parts) as (keyof Parts)[]).map(async (name) => {
    for (;;) {
      const part = parts[name];
      await part.exited;
      if (over.signal.aborted) return;
      // It waits ten seconds for the API server and no longer, which on a busy machine is not long.
      if (name !== 'controllerManager' || !/failed to wait for apiserver being healthy/.test(lastWords(layout, part))) {
        throw explainEnd(layout, part);
      }
      parts.controllerManager = warden.spawn(controllerManager(layout));
    }
  });
  try {
    await Promise.race([Promise.all(deaths), untilAnswers(layout, deadline, over.signal)]);
  } finally {
    over.abort();
  }
}

function explainEnd(layout: Layout, part: ManagedProcess): Error {
  const words = lastWords(layout, part);
  if (/address already in use/.test(words)) return new PortTaken(`${part.name}: its port was taken meanwhile`);
  return new Error(`${part.name} ended while the cluster was starting (whole log: ${logOf(layout, part)}):\n${words}`);
}

function lastWords(layout: Layout, part: ManagedProcess): string {
  const log = logOf(layout, part);
  return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-5).join('\n') : 'no log';
}

function logOf({ directory }: Layout, part: ManagedProcess): string {
  return join(directory, 'logs', `${part.name.split(' ')[0]}.log`);
}

/** Asked as the node: the audit log keeps people's requests apart from ours. */
async function untilAnswers(layout: Layout, deadline: number, over: AbortSignal): Promise<void> {
  const questions: [path: string, satisfied: (body: string) => boolean][] = [
    ['/readyz', (body) => body === 'ok'],
    [`/api/v1/nodes/${layout.nodeName}`, nodeIsReady],
    ['/api/v1/namespaces/default/serviceaccounts/default', () => true],
  ];
  for (const [path, satisfied] of questions) {
    while (!over.aborted) {
      const answer = await ask(layout, path);
      if (answer?.status === 200 && satisfied(answer.body)) break;
      if (Date.now() > deadline)
        throw new Error(
          `Cluster ${layout.name} does not answer ${path} as it should after ${startLimitMs / 1000} s; see ${layout.directory}/logs`,
        );
      await sleep(50);
    }
  }
}

function nodeIsReady(body: string): boolean {
  const node = JSON.parse(body) as { status?: { conditions?: { type: string; status: string }[] } };
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

function ask(layout: Layout, path: string): Promise<{ status: number; body: string } | null> {
  const { text } = layout.authority;
  return new Promise((done) => {
    const question = request(
      {
        host: '127.0.0.1',
        port: layout.port,
        path,
        ca: text('ca.crt'),
        cert: text('kubelet.crt'),
        key: text('kubelet.key'),
        agent: false,
        timeout: 5_000,
      },
      async (response) => {
        let body = '';
        for await (const chunk of response.setEncoding('utf8')) body += chunk;
        done({ status: response.statusCode ?? 0, body });
      },
    );
    question.once('timeout', () => question.destroy());
    question.once('error', () => done(null));
    question.end();
  });
}

const serverOf = ({ port }: Layout) => `https://127.0.0.1:${port}`;
const portFile = (directory: string) => join(directory, 'port');

function rememberedPort(directory: string): number | undefined {
  const file = portFile(directory);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined;
}
