/** What stands in a namespace before the first command, put there by the cluster's own admin. */
import type { DemoCluster, DemoContract } from '#e2e/scene/contract.ts';
import { Kubectl, type Outcome } from '#e2e/test/kubectl.ts';

export async function furnish(contract: DemoContract, cluster: DemoCluster, namespaces: readonly string[]): Promise<void> {
  const admin = new Kubectl(contract.kubectl, cluster.adminKubeconfig);
  const objects = namespaces.flatMap((ns) => [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ns } },
    probe(ns),
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few', namespace: ns }, spec: { hard: { 'count/cronjobs.batch': '1' } } },
  ]);
  must(await admin.withInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'apply', '-f', '-'));
  for (const ns of namespaces) {
    must(await admin.run('-n', ns, 'wait', 'pod/probe', '--for=condition=Ready', '--timeout=60s'));
    must(await admin.run('-n', ns, 'wait', 'quota/few', '--for=jsonpath={.status.hard}', '--timeout=60s'));
    must(await admin.run('-n', ns, 'wait', 'configmap/kube-root-ca.crt', '--for=create', '--timeout=60s'));
  }
}

export async function clear(contract: DemoContract, cluster: DemoCluster, namespaces: readonly string[]): Promise<void> {
  const admin = new Kubectl(contract.kubectl, cluster.adminKubeconfig);
  must(await admin.run('delete', 'namespace', ...namespaces, '--ignore-not-found', '--wait=false'));
}

function must({ code, stderr }: Outcome): void {
  if (code !== 0) throw new Error(stderr);
}

/** A pod of two containers: a web server that has said exactly three lines, and one that waits. */
function probe(namespace: string): object {
  const serve = `mkdir -p /tmp/www && echo "hello from the pod" > /tmp/www/index.html && for i in 1 2 3; do echo "line $i"; done; exec httpd -f -p 8080 -h /tmp/www`;
  const container = (name: string, script: string) => ({ name, image: 'busybox', command: ['sh', '-c', script] });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'probe', namespace, labels: { app: 'probe' } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [container('main', serve), container('side', 'echo "from the side"; exec sleep 3600')],
    },
  };
}
