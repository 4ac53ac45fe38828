/**
 * How fast is somebody out? Disables people in Active Directory one after another while each holds a watch on both clusters and asks every
 * 10 ms, and prints p50 and p99 from the LDAP modify's answer (the commit, as its author knows it) to the first refusal and to the cut.
 * Two doors share the port, and colleagues hold a thousand watches meanwhile; with --people the directory is a large one.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:https';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#e2e/scene/eventually.ts';
import { PortalClient } from '#e2e/scene/portal-client.ts';
import { type Scene, startScene } from '#e2e/scene/scene.ts';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { signInAsAdministrator } from '#e2e/stack/samba/administrator.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import { placeCrowd } from '../directory/crowd.ts';
import { readOptions } from './options.ts';
import { answerOf, openWatches, watch } from './streams.ts';

const { trials: count, people, watches, doors } = readOptions(process.argv.slice(2));
const askEveryMs = 10;
const patienceMs = 15_000;
const password = 'Lantern-Copper-47';
const path = '/api/v1/namespaces/shop/pods';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
const warden = await createWarden();
try {
  if (people) await placeCrowd({ people, groups: Math.round(people / 5), memberships: people * 15 }, join(folder, 'ad'), consoleProgress);
  const env = { GATEHOUSE_PROXY_PROCESSES: String(doors), GATEHOUSE_PROXY_CONNECTIONS_PER_ADDRESS: String(watches + 500) };
  const scene = await startScene({ folder, warden, progress: consoleProgress, env });
  await measure(scene);
  await scene.stop();
} finally {
  await warden.close();
  await rm(folder, { recursive: true, force: true });
}

async function measure({ contract }: Scene): Promise<void> {
  const { url, ca, serverName, adminDn, adminPassword, baseDn } = contract.directory;
  const directory = await signInAsAdministrator({ url, caFile: ca, serverName }, adminDn, adminPassword);
  const doorCa = await readFile(contract.proxy.ca, 'utf8');
  const logins = Array.from({ length: count }, (_, n) => `leaver${n}`);
  await consoleProgress(`making ${count} people who will leave`, async () => {
    for (const login of logins) {
      await directory.createUser({ login, displayName: `Leaver ${login.slice(6)}`, password });
      await directory.addMember(`CN=team-shop-web,OU=Groups,${baseDn}`, await directory.find(login));
    }
  });
  const colleague = await tokenFor(contract.portal.url, 'alice', contract.users.find(({ login }) => login === 'alice')?.password ?? '');
  const crowd = await consoleProgress(`opening ${watches} watches of colleagues`, () =>
    openWatches(
      Array.from({ length: watches }, (_, n) => `${contract.proxy.url}${contract.clusters[n % 2]?.proxyPath}${path}?watch=1`),
      doorCa,
      colleague,
    ),
  );
  const refusals: number[] = [];
  const cuts: number[] = [];
  await consoleProgress(`disabling ${count} people, one after another`, async () => {
    for (const login of logins) {
      const token = await tokenFor(contract.portal.url, login, password);
      const agent = new Agent({ keepAlive: true, ca: doorCa });
      const ask = (path: string) => answerOf(`${contract.proxy.url}${path}`, agent, token);
      await eventually(
        async () => (await ask(`/clusters/east${path}`)) === 200 && (await ask(`/clusters/west${path}`)) === 200,
        Boolean,
        `${login} at work on both clusters`,
        patienceMs,
      );
      const ends = contract.clusters.map(({ proxyPath }) => watch(`${contract.proxy.url}${proxyPath}${path}?watch=1`, agent, token));
      await Promise.all(ends.map(({ open }) => open));
      await directory.setDisabled(login, true);
      const commit = performance.now();
      while ((await ask(`/clusters/east${path}`)) === 200) await new Promise((resolve) => setTimeout(resolve, askEveryMs));
      refusals.push(performance.now() - commit);
      cuts.push(Math.max(...(await Promise.all(ends.map(({ ended }) => ended)))) - commit);
      agent.destroy();
    }
  });
  const stillOpen = crowd.alive();
  crowd.close();
  await directory.close();
  const where = `${people ?? 'some 300'} people in the directory, ${doors} doors, ${watches} watches of colleagues (${stillOpen} of them open at the end)`;
  console.log(`\n${where}; ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`);
  console.log(`from the commit in Active Directory, ${count} trials, 2 watches each, milliseconds\n`);
  console.log('                   p50     p99     max');
  for (const [name, values] of [
    ['first refusal', refusals],
    ['last stream cut', cuts],
  ] as const) {
    const sorted = [...values].sort((a, b) => a - b);
    const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0).toFixed(0).padStart(8);
    console.log(`${name.padEnd(15)}${at(0.5)}${at(0.99)}${at(1)}`);
  }
}

async function tokenFor(portalUrl: string, login: string, secret: string): Promise<string> {
  const client = new PortalClient(portalUrl);
  await eventually(() => client.signIn(login, secret), Boolean, `${login} signing in`, patienceMs);
  const { kubeconfig } = await client.must<{ kubeconfig: string }>('POST', '/credentials/kubeconfig', { deviceName: 'bench' });
  return kubeconfig.match(/token:\s*"?([^\s"]+)/)?.[1] ?? '';
}
