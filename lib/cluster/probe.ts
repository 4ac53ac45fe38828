// Who answers at that address: its version, and the UID of kube-system, which is as good as a cluster's own identity.

import type { ClusterClient } from './client.ts';
import { ClusterError } from './cluster-error.ts';

export interface Probe {
  readonly version: string;
  readonly kubeSystemUid: string;
}

export async function probeCluster(client: ClusterClient): Promise<Probe> {
  const version = await client.version();
  return { version, kubeSystemUid: await readKubeSystemUid(client) };
}

export async function readKubeSystemUid(client: ClusterClient): Promise<string> {
  const uid = (await client.get('Namespace', 'kube-system'))?.metadata.uid;
  if (!uid) throw new ClusterError('garbage', 'the cluster has no namespace kube-system');
  return uid;
}
