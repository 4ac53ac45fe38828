// Finds Kubernetes' binaries, or builds them: KUBEBUILDER_ASSETS, then our cache, then Go modules, then a sentence that says what to install.
// The cache is keyed by what goes in, so that a fresh clone reuses it and a changed program of ours is rebuilt alone.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheDirectory, withLock } from '../cache.ts';
import type { Progress } from '../progress.ts';
import { createWarden } from '../warden.ts';
import { ensureStaticBusybox } from './busybox.ts';
import { kubernetesVersion, olderKubernetesVersion } from './version.ts';

export interface KubernetesBinaries {
  etcd: string;
  kubeApiserver: string;
  kubeControllerManager: string;
  kubectl: string;
  kubelet: string;
  /** Our program on client-go, for tests of whatever stands before a cluster. */
  client: string;
  busybox: string;
}

/** What answers as the cluster; etcd, node and kubectl stay the current ones. */
export type ControlPlaneBinaries = Pick<KubernetesBinaries, 'kubeApiserver' | 'kubeControllerManager'>;

interface Part {
  file: string;
  goPackage: string;
  /** What `go build` calls it, where that differs. */
  builtAs?: string;
}

const upstream = {
  etcd: { file: 'etcd', goPackage: 'go.etcd.io/etcd/server/v3', builtAs: 'server' },
  kubeApiserver: { file: 'kube-apiserver', goPackage: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  kubeControllerManager: { file: 'kube-controller-manager', goPackage: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  kubectl: { file: 'kubectl', goPackage: 'k8s.io/kubernetes/cmd/kubectl' },
} satisfies Record<string, Part>;
const kubelet: Part = { file: 'kubelet', goPackage: './kubelet' };
const client: Part = { file: 'client', goPackage: './client' };

/** A Go module whose packages we build, and the version that its servers shall call themselves. */
interface Source {
  directory: string;
  version: string;
}

const current: Source = { directory: fileURLToPath(new URL('.', import.meta.url)), version: kubernetesVersion };
const older: Source = { directory: fileURLToPath(new URL('older/', import.meta.url)), version: olderKubernetesVersion };
const run = promisify(execFile);

export async function ensureKubernetesBinaries(progress: Progress): Promise<KubernetesBinaries> {
  const busybox = await ensureStaticBusybox(progress);
  const parts = Object.values(upstream);
  const prepared = await preparedAssets(parts);
  const upstreamPlace = placeOf(current);
  const stillNeeded = parts.filter(({ file }) => !prepared.has(file));
  await ensureBuilt(
    progress,
    `building etcd and Kubernetes ${kubernetesVersion}, once for this machine`,
    current,
    upstreamPlace,
    stillNeeded,
  );
  const kubeletPlace = await ensureOurs(progress, 'building the test kubelet', kubelet);
  const clientPlace = await ensureOurs(progress, 'building the test client', client);

  const path = ({ file }: Part) => prepared.get(file) ?? join(upstreamPlace, file);
  return {
    etcd: path(upstream.etcd),
    kubeApiserver: path(upstream.kubeApiserver),
    kubeControllerManager: path(upstream.kubeControllerManager),
    kubectl: path(upstream.kubectl),
    kubelet: join(kubeletPlace, kubelet.file),
    client: join(clientPlace, client.file),
    busybox,
  };
}

/** The oldest supported release's API server and controller manager, built once when the long tests first ask for them. */
export async function ensureOlderControlPlane(progress: Progress): Promise<ControlPlaneBinaries> {
  const { kubeApiserver, kubeControllerManager } = upstream;
  const place = placeOf(older);
  await ensureBuilt(progress, `building Kubernetes ${older.version}, once for this machine`, older, place, [
    kubeApiserver,
    kubeControllerManager,
  ]);
  return { kubeApiserver: join(place, kubeApiserver.file), kubeControllerManager: join(place, kubeControllerManager.file) };
}

/** What KUBEBUILDER_ASSETS has in our version. Another version is passed over: tests must not depend on what lies there. */
async function preparedAssets(parts: Part[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const directory = process.env.KUBEBUILDER_ASSETS;
  if (!directory) return found;
  const server = join(directory, upstream.kubeApiserver.file);
  const version = await run(server, ['--version']).then(
    ({ stdout }) => stdout,
    () => '',
  );
  if (!version.includes(kubernetesVersion)) return found;
  for (const { file } of parts) {
    if (existsSync(join(directory, file))) found.set(file, join(directory, file));
  }
  return found;
}

/** A program of this folder, in a place of its own. */
async function ensureOurs(progress: Progress, what: string, part: Part): Promise<string> {
  const place = join(cacheDirectory(), 'kubernetes', `${part.file}-${keyOf(current, [...moduleFiles(current), ...sourcesOf(part)])}`);
  await ensureBuilt(progress, what, current, place, [part]);
  return place;
}

async function ensureBuilt(progress: Progress, what: string, source: Source, place: string, parts: Part[]): Promise<void> {
  const missing = () => parts.filter(({ file }) => !existsSync(join(place, file)));
  if (missing().length === 0) return;
  await withLock(`build ${place}`, async () => {
    const toBuild = missing();
    if (toBuild.length === 0) return;
    await requireGo(source);
    await progress(what, () => build(source, place, toBuild));
  });
}

/** Each binary appears in its place whole or not at all. */
async function build(source: Source, place: string, parts: Part[]): Promise<void> {
  mkdirSync(place, { recursive: true });
  const workshop = mkdtempSync(join(place, '.building-'));
  const log = join(workshop, 'log');
  const warden = await createWarden();
  try {
    const go = warden.spawn({
      name: 'go build',
      command: 'go',
      args: [
        'build',
        '-trimpath',
        '-buildvcs=false',
        '-ldflags',
        linkerFlags(source),
        '-o',
        `${workshop}/`,
        ...parts.map(({ goPackage }) => goPackage),
      ],
      cwd: source.directory,
      env: goEnvironment(),
      logFile: log,
      orphaned: { signal: 'KILL', seconds: 0 },
    });
    if ((await go.exited) !== 0) {
      throw new Error(`Building ${parts.map(({ file }) => file).join(', ')} with Go failed:\n${lastLines(log)}\n${advice}`);
    }
    for (const { file, builtAs } of parts) renameSync(join(workshop, builtAs ?? file), join(place, file));
  } finally {
    await warden.close();
    rmSync(workshop, { recursive: true, force: true });
  }
}

const advice = `Install Go 1.26 or newer (https://go.dev/dl) and let it reach a module proxy, or set KUBEBUILDER_ASSETS to a directory with etcd, kube-apiserver, kube-controller-manager and kubectl ${kubernetesVersion} (the test kubelet needs Go in any case).`;

/** Asked inside the module: an older Go that may fetch its successor answers with the successor's version. */
async function requireGo({ directory }: Source): Promise<void> {
  try {
    await run('go', ['version'], { cwd: directory, env: goEnvironment() as NodeJS.ProcessEnv });
  } catch {
    throw new Error(`Kubernetes' servers are built from Go modules, and no fitting Go was found. ${advice}`);
  }
}

function goEnvironment(): Record<string, string> {
  const ours = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(ours), CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
}

/** Without these the server calls itself v0.0.0, and every version check lies. */
function linkerFlags({ version }: Source): string {
  const [major, minor] = version.slice(1).split('.');
  const set = (name: string, value: string | undefined) => `-X k8s.io/component-base/version.${name}=${value}`;
  return ['-s', '-w', set('gitVersion', version), set('gitMajor', major), set('gitMinor', minor), set('gitTreeState', 'clean')].join(' ');
}

const placeOf = (source: Source) => join(cacheDirectory(), 'kubernetes', `${source.version}-${keyOf(source, moduleFiles(source))}`);

function keyOf(source: Source, files: string[]): string {
  const digest = createHash('sha256').update(`${process.platform} ${process.arch} ${linkerFlags(source)}`);
  for (const file of files) digest.update(readFileSync(file));
  return digest.digest('hex').slice(0, 16);
}

const moduleFiles = ({ directory }: Source) => ['go.mod', 'go.sum'].map((file) => join(directory, file));
const sourcesOf = ({ goPackage }: Part) =>
  readdirSync(join(current.directory, goPackage))
    .filter((file) => file.endsWith('.go'))
    .sort()
    .map((file) => join(current.directory, goPackage, file));

function lastLines(log: string): string {
  return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-8).join('\n') : '';
}
