// Real Kubernetes for demo, tests and benchmarks: the current release's own binaries, and a small kubelet of ours (kubernetes/kubelet).
//
// `ensureKubernetesBinaries` brings them to the machine once; `startCluster` runs etcd, API server, controller manager and one node on
// loopback. A cluster keeps everything in its directory: started again there, it has the same authority, the same objects and, when it is
// still free, the same port. All processes belong to the given warden and end with it.
export { ensureKubernetesBinaries, ensureOlderControlPlane, type KubernetesBinaries } from './kubernetes/binaries.ts';
export { type Cluster, type ClusterOptions, startCluster } from './kubernetes/cluster.ts';
export { kubernetesVersion } from './kubernetes/version.ts';
