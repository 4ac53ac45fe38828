/** Somebody who comes for one story: an account in Active Directory, a grant, a kubeconfig, and nothing left of them when they go. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoCluster, DemoContract } from '#e2e/scene/contract.ts';
import { eventually } from '#e2e/scene/eventually.ts';
import { PortalClient } from '#e2e/scene/portal-client.ts';
import { signInAsAdministrator } from '#e2e/stack/samba/administrator.ts';
import { Kubectl } from '#e2e/test/kubectl.ts';

export interface Guest {
  readonly login: string;
  readonly kubeconfig: string;
  /** Namespaces everywhere, or on one cluster; answers the grant's id. */
  grant(role: string, namespaces: readonly string[], clusterId?: string): Promise<string>;
  endGrant(id: string): Promise<void>;
  /** Waits until each of these clusters has acknowledged the name: from then on the door lets them in. */
  entered(clusters: readonly DemoCluster[]): Promise<void>;
  leaves(): Promise<void>;
}

export async function welcomeGuest(contract: DemoContract, login: string): Promise<Guest> {
  const { url, ca, serverName, adminDn, adminPassword } = contract.directory;
  const directory = await signInAsAdministrator({ url, caFile: ca, serverName }, adminDn, adminPassword);
  const admin = new PortalClient(contract.portal.url).withToken(contract.api.token);
  const { password } = await directory.createUser({ login, displayName: login });
  const found = await eventually(
    () => admin.must<{ items: { id: string }[] }>('GET', `/people?search=${login}`),
    ({ items }) => items.length === 1,
    `${login} in the portal`,
  );
  const personId = found.items[0]?.id ?? '';
  const { roles } = await admin.must<{ roles: { id: string; name: string }[] }>('GET', '/roles');
  const portal = new PortalClient(contract.portal.url);
  await eventually(() => portal.signIn(login, password), Boolean, `the sign-in of ${login}`);
  const { kubeconfigs } = contract;
  const file = join(kubeconfigs.alice ?? '', `../${login}.kubeconfig`);
  const grants: string[] = [];
  const endGrant = async (id: string): Promise<void> => {
    await admin.must('DELETE', `/grants/${id}`);
    grants.splice(grants.indexOf(id), 1);
  };

  return {
    login,
    kubeconfig: file,
    async grant(role, namespaces, clusterId) {
      const { id } = await admin.must<{ id: string }>('POST', '/grants', {
        subject: { kind: 'person', id: personId },
        roleId: roles.find(({ name }) => name === role)?.id,
        scope: { kind: 'namespaces', namespaces, ...(clusterId === undefined ? {} : { clusterId }) },
      });
      grants.push(id);
      return id;
    },
    endGrant,
    async entered(clusters) {
      const { kubeconfig } = await portal.must<{ kubeconfig: string }>('POST', '/credentials/kubeconfig', { deviceName: login });
      await writeFile(file, kubeconfig, { mode: 0o600 });
      const kubectl = new Kubectl(contract.kubectl, file);
      for (const { name } of clusters) {
        await eventually(
          () => kubectl.run('--context', name, 'auth', 'whoami'),
          ({ code }) => code === 0,
          `${login} in ${name}`,
          30_000,
        );
      }
    },
    async leaves() {
      for (const id of [...grants]) await endGrant(id);
      await directory.deleteUser(login);
      await directory.close();
      await rm(file, { force: true });
    },
  };
}
