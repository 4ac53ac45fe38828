// The command lines of a cluster's parts. All listen on loopback only; etcd, which asks nobody who they are, on sockets in the cluster's
// own directory (named relative to it: a socket's path may be no longer than 107 bytes).
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SpawnOptions } from '../warden.ts';
import type { AuthorityFiles } from './authority.ts';
import type { KubernetesBinaries } from './binaries.ts';

export interface Layout {
  name: string;
  nodeName: string;
  directory: string;
  port: number;
  binaries: KubernetesBinaries;
  authority: AuthorityFiles;
  auditPolicy: string;
  auditLog: string;
  classicImpersonation: boolean;
  extendWebSockets: boolean;
}

const etcdSocket = 'unix://etcd:1';
const peerSocket = 'unix://etcd-peer:1';
const endedAtOnce = { signal: 'KILL', seconds: 0 } as const;

export function etcd(l: Layout): SpawnOptions {
  return part(l, 'etcd', l.binaries.etcd, {
    'data-dir': join(l.directory, 'etcd-data'),
    'listen-client-urls': etcdSocket,
    'advertise-client-urls': etcdSocket,
    'listen-peer-urls': peerSocket,
    'initial-advertise-peer-urls': peerSocket,
    name: 'one',
    'initial-cluster': `one=${peerSocket}`,
    'unsafe-no-fsync': 'true',
    'log-level': 'warn',
  });
}

export function apiServer(l: Layout): SpawnOptions {
  const pki = l.authority.file;
  return part(l, 'kube-apiserver', l.binaries.kubeApiserver, {
    'etcd-servers': etcdSocket,
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'secure-port': String(l.port),
    // Loopback may not stand in the Service's endpoints, and nobody here reaches the API server by them.
    'endpoint-reconciler-type': 'none',
    'cert-dir': join(l.directory, 'pki'),
    'tls-cert-file': pki('apiserver.crt'),
    'tls-private-key-file': pki('apiserver.key'),
    'client-ca-file': pki('ca.crt'),
    'service-account-key-file': pki('service-accounts.pub'),
    'service-account-signing-key-file': pki('service-accounts.key'),
    'service-account-issuer': 'https://kubernetes.default.svc',
    'authorization-mode': 'RBAC',
    'service-cluster-ip-range': '10.96.0.0/16',
    'allow-privileged': 'true',
    'kubelet-preferred-address-types': 'InternalIP',
    'kubelet-certificate-authority': pki('ca.crt'),
    'kubelet-client-certificate': pki('kubelet-client.crt'),
    'kubelet-client-key': pki('kubelet-client.key'),
    'audit-policy-file': l.auditPolicy,
    'audit-log-path': l.auditLog,
    'audit-log-maxsize': '2000',
    ...(l.classicImpersonation && {
      'feature-gates': 'ConstrainedImpersonation=false,AuthorizePodWebsocketUpgradeCreatePermission=false',
    }),
  });
}

export function controllerManager(l: Layout): SpawnOptions {
  return part(l, 'kube-controller-manager', l.binaries.kubeControllerManager, {
    kubeconfig: join(l.directory, 'controller-manager.kubeconfig'),
    'service-account-private-key-file': l.authority.file('service-accounts.key'),
    'root-ca-file': l.authority.file('ca.crt'),
    'leader-elect': 'false',
    'bind-address': '127.0.0.1',
    'secure-port': '0',
  });
}

export function kubelet(l: Layout): SpawnOptions {
  const pki = l.authority.file;
  return {
    ...part(l, 'kubelet', l.binaries.kubelet, {
      node: l.nodeName,
      directory: join(l.directory, 'kubelet'),
      kubeconfig: join(l.directory, 'kubelet.kubeconfig'),
      busybox: l.binaries.busybox,
      'tls-cert-file': pki('kubelet-server.crt'),
      'tls-private-key-file': pki('kubelet-server.key'),
      'client-ca-file': pki('ca.crt'),
      'declared-features': l.extendWebSockets ? 'ExtendWebSocketsToKubelet' : '',
      tools: [dirname(l.binaries.kubectl), dirname(process.execPath)].join(':'),
    }),
    orphaned: { signal: 'TERM', seconds: 1 },
  };
}

function part(l: Layout, name: string, command: string, flags: Record<string, string>): SpawnOptions {
  mkdirSync(l.directory, { recursive: true });
  return {
    name: `${name} of ${l.name}`,
    command,
    args: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    cwd: l.directory,
    env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', HOME: l.directory, TMPDIR: process.env.TMPDIR ?? '/tmp' },
    logFile: join(l.directory, 'logs', `${name}.log`),
    orphaned: endedAtOnce,
  };
}
