// The files by which a cluster's parts know each other. Made once in a cluster's directory and kept: a cluster started again there is the
// same cluster to everybody who has its authority or a token.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, createSigningKey, issue, type Subject } from '../certificates.ts';

export interface AuthorityFiles {
  file(name: string): string;
  text(name: string): string;
}

/** The name that the test kubelet lets in (kubelet/server.go). */
const kubeletClient = 'kube-apiserver-kubelet-client';

export async function clusterAuthority(directory: string, nodeName: string): Promise<AuthorityFiles> {
  const place = join(directory, 'pki');
  if (!existsSync(place)) await make(place, nodeName);
  const file = (name: string) => join(place, name);
  return { file, text: (name) => readFileSync(file(name), 'utf8') };
}

async function make(place: string, nodeName: string): Promise<void> {
  const unfinished = `${place}.new`;
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string) => writeFileSync(join(unfinished, name), text, { mode: 0o600 });
  const authority = await createAuthority(`test cluster ${nodeName}`);
  write('ca.crt', authority.certPem);
  const signing = await createSigningKey();
  write('service-accounts.key', signing.keyPem);
  write('service-accounts.pub', signing.publicPem);
  await Promise.all(
    Object.entries(subjects(nodeName)).map(async ([name, subject]) => {
      const { certPem, keyPem } = await issue(authority, subject);
      write(`${name}.crt`, certPem);
      write(`${name}.key`, keyPem);
    }),
  );
  renameSync(unfinished, place);
}

/** The parts' own accounts are masters: what is tested is the people's rights, and the audit log leaves these names out. */
function subjects(nodeName: string): Record<string, Subject> {
  const masters = ['system:masters'];
  return {
    apiserver: {
      commonName: 'kube-apiserver',
      server: true,
      dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
      ips: ['127.0.0.1', '10.96.0.1'],
    },
    'kubelet-client': { commonName: kubeletClient, organizations: masters, client: true },
    'kubelet-server': { commonName: `system:node:${nodeName}`, server: true, ips: ['127.0.0.1'], dns: ['localhost', nodeName] },
    admin: { commonName: 'kubernetes-admin', organizations: masters, client: true },
    'controller-manager': { commonName: 'system:kube-controller-manager', organizations: masters, client: true },
    kubelet: { commonName: `system:node:${nodeName}`, organizations: ['system:nodes', ...masters], client: true },
  };
}

export function kubeconfig(clusterName: string, server: string, authority: AuthorityFiles, account: string): string {
  const base64 = (name: string) => Buffer.from(authority.text(name)).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: clusterName, cluster: { server, 'certificate-authority-data': base64('ca.crt') } }],
    users: [{ name: account, user: { 'client-certificate-data': base64(`${account}.crt`), 'client-key-data': base64(`${account}.key`) } }],
    contexts: [{ name: clusterName, context: { cluster: clusterName, user: account } }],
    'current-context': clusterName,
  });
}
