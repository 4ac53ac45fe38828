/**
 * The real parts of the scene: the directory corp.example and the clusters east and west with namespaces and running pods. Knows nothing
 * of Gatehouse; that comes in product.ts.
 */
import { join } from 'node:path';
import {
  type Cluster,
  ensureKubernetesBinaries,
  ensureOlderControlPlane,
  type KubernetesBinaries,
  startCluster,
} from '#e2e/stack/kubernetes.ts';
import type { Progress } from '#e2e/stack/progress.ts';
import { type Directory, ensureSamba, startDirectory } from '#e2e/stack/samba.ts';
import type { Warden } from '#e2e/stack/warden.ts';

export interface Parts {
  readonly directory: Directory;
  readonly clusters: { readonly east: Cluster; readonly west: Cluster };
  readonly binaries: KubernetesBinaries;
}

export const namespaces = ['shop', 'payments', 'monitoring'] as const;
export const podOf = { shop: 'web', payments: 'ledger', monitoring: 'probe' } as const;
export const podPort = 8080;

export interface PartsOptions {
  readonly folder: string;
  readonly warden: Warden;
  readonly progress: Progress;
  /** West is the oldest release that we support (the long tests). */
  readonly olderWest?: boolean;
}

export async function startParts({ folder, warden, progress, olderWest = false }: PartsOptions): Promise<Parts> {
  const binaries = await ensureKubernetesBinaries(progress);
  const westBinaries = olderWest ? { ...binaries, ...(await ensureOlderControlPlane(progress)) } : binaries;
  await ensureSamba(progress);
  const [directory, east, west] = await progress('starting Active Directory and two clusters', () =>
    Promise.all([
      startDirectory({ directory: join(folder, 'ad'), warden, template: 'corp', progress }),
      startCluster({ name: 'east', directory: join(folder, 'east'), binaries, warden }),
      // The older way: a server without constrained impersonation, and a node to which WebSocket is translated.
      startCluster({
        name: 'west',
        directory: join(folder, 'west'),
        binaries: westBinaries,
        warden,
        classicImpersonation: true,
        extendWebSockets: false,
      }),
    ]),
  );
  await progress('starting pods', () => Promise.all([furnish(east), furnish(west)]));
  return { directory, clusters: { east, west }, binaries };
}

async function furnish(cluster: Cluster): Promise<void> {
  await cluster.apply(namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
  await cluster.apply(namespaces.map((namespace) => pod(cluster.nodeName, namespace, podOf[namespace])));
}

/** A pod with a shell, tar, a web server and a log line each second. */
function pod(nodeName: string, namespace: string, name: string): object {
  const script = `mkdir -p /tmp/www && echo "hello from ${namespace}/${name}" > /tmp/www/index.html && httpd -p ${podPort} -h /tmp/www; i=0; while true; do i=$((i+1)); echo "line $i"; sleep 1; done`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 1,
      // Written so that the strictest Pod Security level lets it in: a project may raise its level around it.
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'main',
          image: 'busybox',
          command: ['sh', '-c', script],
          ports: [{ containerPort: podPort }],
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}
