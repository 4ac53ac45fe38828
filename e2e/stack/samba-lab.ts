// A second domain, lab.example, in a forest of its own: for whoever follows more than one directory. It has an alice of its own, who is
// somebody else than corp.example's.
//
// Promises: as samba.ts does; both run side by side, and know nothing of each other. No trust joins them: a foreign principal is made by
// naming a SID, which is all that a domain keeps of one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from './progress.ts';
import { claimAddress } from './samba/address.ts';
import type { Role } from './samba/configuration.ts';
import { type RunningController, runController } from './samba/controller.ts';
import { type Account, lockoutThreshold, passwordFor, type Seed } from './samba/people.ts';
import { templateOf } from './samba/template.ts';
import { copyTemplate } from './samba.ts';
import type { Warden } from './warden.ts';

export interface LabOptions {
  directory: string;
  warden: Warden;
  progress: Progress;
}

export interface Lab extends RunningController {
  readonly domain: string;
  readonly baseDn: string;
  readonly adminDn: string;
  readonly followerDn: string;
  readonly followerPassword: string;
  readonly teamDn: string;
  user(login: LabLogin): Account;
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
  const claimed = await claimAddress({});
  const running = await runController({ name: domain, directory, warden, progress, claimed, role, serverName, adminDn });
  const follower = accountOf('svc-sync');
  return {
    ...running,
    domain,
    baseDn,
    adminDn,
    followerDn: follower.dn,
    followerPassword: follower.password,
    teamDn,
    user: accountOf,
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
