// A second domain, lab.example, in a forest of its own: for whoever follows more than one directory. It has an alice of its own, who is
// somebody else than corp.example's.
//
// Promises: as samba.ts does; both run side by side, and know nothing of each other. No trust joins them: a foreign principal is made by
// naming a SID, which is all that a domain keeps of one.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from './progress.ts';
import { becomesFree, claimAddress } from './samba/address.ts';
import type { Administrator, Endpoint } from './samba/administrator.ts';
import type { Role } from './samba/configuration.ts';
import { type Account, lockoutThreshold, passwordFor, type Seed } from './samba/people.ts';
import { templateOf } from './samba/template.ts';
import { copyTemplate, launch, prepareTree, shortPathTo, signInWhenReady } from './samba.ts';
import type { ManagedProcess, Warden } from './warden.ts';

export interface LabOptions {
  directory: string;
  warden: Warden;
  progress: Progress;
}

export interface Lab extends Pick<Administrator, 'modify' | 'addMember' | 'removeMember' | 'remove' | 'move'> {
  readonly domain: string;
  readonly baseDn: string;
  readonly url: string;
  readonly caPem: string;
  readonly serverName: string;
  readonly adminDn: string;
  readonly followerDn: string;
  readonly followerPassword: string;
  readonly teamDn: string;
  user(login: LabLogin): Account;
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

const domain = 'lab.example';
const baseDn = 'DC=lab,DC=example';
const serverName = `labdc.${domain}`;
const adminDn = `CN=Administrator,CN=Users,${baseDn}`;
const role: Role = { hostName: 'LABDC', services: 'ldap', realm: 'LAB.EXAMPLE', workgroup: 'LAB' };
const logins = ['alice', 'lena', 'tomas', 'svc-sync'] as const;
type LabLogin = (typeof logins)[number];
const displayNames: Readonly<Record<LabLogin, string>> = {
  alice: 'Alice Laboratory',
  lena: 'Lena Fischer',
  tomas: 'Tomas Horak',
  'svc-sync': 'svc-sync',
};
const neverExpiring = 0x10200;
const globalSecurity = String(0x80000002 | 0);
const teamDn = `CN=lab-team,OU=Groups,${baseDn}`;

export async function startLab({ directory, warden, progress }: LabOptions): Promise<Lab> {
  if (!existsSync(join(directory, 'private/sam.ldb')))
    await copyTemplate(await templateOf(progress, { name: domain, role, content: content() }), directory);
  const { address, release } = await claimAddress({});
  const tree = shortPathTo(directory);
  const caFile = await prepareTree(tree, directory, { address, serverName, role });
  const endpoint: Endpoint = { url: `ldaps://${address}:636`, caFile, serverName };
  let controller: ManagedProcess;
  let administrator: Administrator;
  const up = async () => {
    controller = launch(tree, warden);
    administrator = await signInWhenReady(endpoint, controller, tree, adminDn);
  };
  const down = async () => {
    await administrator.close().catch(() => {});
    await controller.stop({ timeoutMs: 5_000 });
    await becomesFree(address);
  };
  try {
    await progress(`starting ${domain} on ${address}`, up);
  } catch (error) {
    await release();
    throw error;
  }
  const follower = accountOf('svc-sync');
  return {
    domain,
    baseDn,
    url: endpoint.url,
    caPem: readFileSync(caFile, 'utf8'),
    serverName,
    adminDn,
    followerDn: follower.dn,
    followerPassword: follower.password,
    teamDn,
    user: accountOf,
    modify: (...all) => administrator.modify(...all),
    addMember: (...all) => administrator.addMember(...all),
    removeMember: (...all) => administrator.removeMember(...all),
    remove: (dn) => administrator.remove(dn),
    move: (...all) => administrator.move(...all),
    up,
    down,
    stop: async () => {
      await down();
      await release();
    },
  };
}

function accountOf(login: LabLogin): Account {
  const displayName = displayNames[login];
  // Another password than that of the same name in corp.example.
  const password = passwordFor(`${domain} ${login}`);
  return { login, dn: `CN=${displayName},OU=People,${baseDn}`, upn: `${login}@${domain}`, password, displayName };
}

function content(): Seed {
  const everybody = logins.map(accountOf);
  return {
    lockoutThreshold,
    units: [`OU=People,${baseDn}`, `OU=Groups,${baseDn}`],
    people: everybody.map(({ login, dn, upn, password, displayName }) => ({
      dn,
      password,
      attributes: { sAMAccountName: login, userPrincipalName: upn, displayName, userAccountControl: String(neverExpiring) },
    })),
    groups: [
      {
        dn: teamDn,
        attributes: { sAMAccountName: 'lab-team', groupType: globalSecurity },
        members: [accountOf('alice').dn, accountOf('lena').dn],
      },
    ],
    replicators: [accountOf('svc-sync').dn],
  };
}
