/** `reissue LOGIN`: signs the person in at the running demo's portal, takes a fresh kubeconfig as the portal gives it, prints where it lies. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DemoContract } from '#e2e/scene/contract.ts';
import { PortalClient } from '#e2e/scene/portal-client.ts';

const contractFile = process.env.GATEHOUSE_DEMO ?? join(import.meta.dirname, '../../.gatehouse/demo.json');
const login = process.argv[2];
const contract = JSON.parse(readFileSync(contractFile, 'utf8')) as DemoContract;
const user = contract.users.find((candidate) => candidate.login === login);
if (!user) throw new Error(`give one of: ${contract.users.map((candidate) => candidate.login).join(', ')}`);

const client = new PortalClient(contract.portal.url);
if (!(await client.signIn(user.login, user.password))) {
  process.stderr.write(`${user.login} may not sign in\n`);
  process.exit(1);
}
const { kubeconfig } = await client.must<{ kubeconfig: string }>('POST', '/credentials/kubeconfig', {
  deviceName: `reissued ${Date.now()}`,
});
const file = join(dirname(contractFile), `${user.login}-${Date.now()}.kubeconfig`);
writeFileSync(file, kubeconfig, { mode: 0o600 });
process.stdout.write(`${file}\n`);
