/**
 * A kubeconfig with all of a person's clusters, one context each, all through the door. Pure: what stands in it is only what is passed in.
 * The door's own CA is embedded and there is no way here to say "do not verify": where the CA is a public one it is left out, and kubectl
 * takes the system's.
 */
import { stringify } from 'yaml';

export interface KubeconfigFacts {
  readonly proxyUrl: string;
  /** Null when a public CA signed the door's certificate. */
  readonly proxyCaPem: string | null;
  /** As shown in `kubectl config get-contexts`; carries no authority. */
  readonly userName: string;
  readonly token: string;
  /** In the order in which they are listed; the first is the current context. */
  readonly clusters: readonly { readonly name: string; readonly namespace?: string | undefined }[];
}

export function kubeconfig({ proxyUrl, proxyCaPem, userName, token, clusters }: KubeconfigFacts): string {
  const user = `${userName}@gatehouse`;
  const authority = proxyCaPem === null ? {} : { 'certificate-authority-data': Buffer.from(proxyCaPem, 'utf8').toString('base64') };
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': clusters[0]?.name ?? '',
      contexts: clusters.map(({ name, namespace }) => ({ name, context: { cluster: name, user, ...(namespace ? { namespace } : {}) } })),
      clusters: clusters.map(({ name }) => ({ name, cluster: { server: clusterUrl(proxyUrl, name), ...authority } })),
      users: [{ name: user, user: { token } }],
    },
    { lineWidth: 0 },
  );
}

export function clusterUrl(proxyUrl: string, clusterName: string): string {
  return `${proxyUrl.replace(/\/+$/, '')}/clusters/${clusterName}`;
}
