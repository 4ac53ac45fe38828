/** `kubectl cp` of 200 MB into a pod of a real cluster, straight and through the door, in turn. */
import { randomFillSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runKubectl } from '#e2e/stack/kubernetes/kubectl.ts';
import { ensureKubernetesBinaries, startCluster } from '#e2e/stack/kubernetes.ts';
import type { Progress } from '#e2e/stack/progress.ts';
import { kubeconfig } from '#lib/credential/kubeconfig.ts';
import { median } from './measure.ts';
import { type Hands, startDoor } from './parts.ts';
import { cpuSeconds } from './processes.ts';

export interface Copying {
  /** Seconds. */
  readonly direct: number;
  readonly throughDoor: number;
  /** Of the door's process, for one copy. */
  readonly cpu: number;
}

const bytes = 200 * 1024 * 1024;
const alice = 'gatehouse:alice@corp.example';

export async function measureCopying(hands: Hands, rounds: number, profile: string | null, progress: Progress): Promise<Copying> {
  const { warden, stage } = hands;
  const folder = join(stage.folder, 'real');
  mkdirSync(folder, { recursive: true });
  const binaries = await ensureKubernetesBinaries(progress);
  const cluster = await progress('a real cluster', () => startCluster({ name: 'real', directory: folder, binaries, warden }));
  // What the reconciler would write is not measured here: the door's account may do all, and alice works in one namespace.
  await cluster.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'door', namespace: 'kube-system' } },
    binding('door', 'cluster-admin', { kind: 'ServiceAccount', name: 'door', namespace: 'kube-system' }),
    binding('alice', 'cluster-admin', { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: alice }),
  ]);
  await cluster.apply([pod]);
  const token = await must(cluster.kubectl('create', 'token', '-n', 'kube-system', 'door'));
  await must(cluster.kubectl('wait', '-n', 'shop', 'pod', 'web', '--for=condition=Ready', '--timeout=120s'));

  await stage.addCluster('real', cluster.server, cluster.caPem);
  const door = await startDoor(hands, { tokens: { 'cl-real': token.trim() }, profile });
  const throughDoor = join(folder, 'alice.kubeconfig');
  const facts = { proxyUrl: `https://127.0.0.1:${door.port}`, proxyCaPem: stage.tls.ca, userName: 'alice', token: stage.token('alice') };
  writeFileSync(throughDoor, kubeconfig({ ...facts, clusters: [{ name: 'real' }] }), { mode: 0o600 });
  const file = join(folder, 'file');
  writeFileSync(file, randomFillSync(Buffer.allocUnsafe(bytes)));

  const copy = async (config: string) => {
    const began = performance.now();
    await must(runKubectl(binaries.kubectl, folder, ['--kubeconfig', config, 'cp', file, 'shop/web:/tmp/file']));
    return (performance.now() - began) / 1_000;
  };
  const found = { direct: [] as number[], throughDoor: [] as number[] };
  const cpuBefore = cpuSeconds(door.pids);
  await progress('copying 200 MB, straight and through the door', async () => {
    for (let round = 0; round < rounds; round += 1) {
      found.direct.push(await copy(cluster.adminKubeconfig));
      found.throughDoor.push(await copy(throughDoor));
    }
  });
  const cpu = (cpuSeconds(door.pids) - cpuBefore) / rounds;
  await door.stop();
  await cluster.stop();
  return { direct: median(found.direct), throughDoor: median(found.throughDoor), cpu };
}

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    nodeName: 'real-node',
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', 'mkdir -p /tmp && sleep 3600'] }],
  },
};

function binding(name: string, role: string, subject: object): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `bench-${name}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [subject],
  };
}

async function must(running: Promise<{ code: number; stdout: string; stderr: string }>): Promise<string> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`kubectl ended with ${code}: ${stderr}`);
  return stdout;
}
