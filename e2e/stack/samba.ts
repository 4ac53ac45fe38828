// A real Active Directory: Samba as a domain controller, with the company of samba/roster.ts in it.
//
// Promises: several side by side, each on a loopback address of its own; up in a few seconds from a cached template; the tree in
// `directory` survives stop and start; it ends when its warden's process ends. It is a hardened one: no simple bind without TLS,
// five wrong passwords lock an account for half an hour.
// Needs: Linux, root (ports 389 and 636), Debian's Samba packages, which ensureSamba installs.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ensurePackages } from './packages.ts';
import type { Progress } from './progress.ts';
import { claimAddress } from './samba/address.ts';
import { tryWrongPassword } from './samba/administrator.ts';
import { alone } from './samba/configuration.ts';
import { addressBefore, type RunningController, type RunOptions, runController } from './samba/controller.ts';
import { groupDns } from './samba/groups.ts';
import { baseDn, domain } from './samba/names.ts';
import { type Account, accounts, lockoutThreshold } from './samba/people.ts';
import { followerLogin, lockedLogins, serviceLogin } from './samba/roster.ts';
import { adminPassword, templateTree } from './samba/template.ts';
import type { Warden } from './warden.ts';

export interface DirectoryOptions {
  /** Where the tree lies. One that is there already is started as it is. */
  directory: string;
  warden: Warden;
  /** A loopback address; without it the first that is free. */
  address?: string;
  template?: 'corp';
  progress: Progress;
}

export interface Directory extends RunningController {
  readonly domain: string;
  readonly baseDn: string;
  readonly address: string;
  readonly adminDn: string;
  readonly adminPassword: string;
  /** An ordinary account: sees people and groups, no tombstones. */
  readonly serviceDn: string;
  readonly servicePassword: string;
  /** Holds DS-Replication-Get-Changes: DirSync without OBJECT_SECURITY, tombstones included. */
  readonly followerDn: string;
  readonly followerPassword: string;
  readonly users: Record<string, Account>;
  readonly groups: typeof groupDns;
  user(login: string): Account;
}

const run = promisify(execFile);
const libraries = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/samba`;
const adminDn = `CN=Administrator,CN=Users,${baseDn}`;

export async function ensureSamba(progress: Progress): Promise<void> {
  if (process.platform !== 'linux') throw new Error('A Samba domain controller needs Linux. Run this in a Linux machine or container.');
  if (process.getuid?.() !== 0) throw new Error('A Samba domain controller needs root, for ports 389 and 636. Run this as root.');
  await ensurePackages(progress, [
    { command: 'samba', debian: 'samba-ad-dc' },
    { command: 'samba-tool', debian: 'samba-common-bin' },
    { command: 'winbindd', debian: 'winbind' },
    { command: 'ldapmodify', debian: 'ldap-utils' },
    { file: '/usr/share/samba/setup/provision.ldif', debian: 'samba-ad-provision' },
    { file: '/usr/lib/python3/dist-packages/samba/__init__.py', debian: 'python3-samba' },
    { file: `${libraries}/ldb/acl.so`, debian: 'samba-dsdb-modules' },
    { file: `${libraries}/vfs/acl_xattr.so`, debian: 'samba-vfs-modules' },
  ]);
}

export async function startDirectory({ directory, warden, address: wanted, progress }: DirectoryOptions): Promise<Directory> {
  if (!existsSync(join(directory, 'private/sam.ldb'))) await copyTemplate(await templateTree(progress), directory);
  const preferred = addressBefore(directory);
  const claimed = await claimAddress({ ...(wanted && { wanted }), ...(preferred && { preferred }) });
  const controller = await startController({ directory, warden, progress, claimed, role: alone });
  const endpoint = { url: controller.url, caFile: controller.caFile, serverName: controller.serverName };
  await Promise.all(lockedLogins.map((login) => tryWrongPassword(endpoint, userOf(login).dn, lockoutThreshold)));
  return controller;
}

export type ControllerOptions = Pick<RunOptions, 'directory' | 'warden' | 'progress' | 'claimed' | 'role'>;

/** One domain controller from its tree. */
export async function startController(options: ControllerOptions): Promise<Directory> {
  const serverName = `${options.role.hostName.toLowerCase()}.${domain}`;
  const running = await runController({ ...options, name: 'the directory', serverName, adminDn });
  const service = userOf(serviceLogin);
  const follower = userOf(followerLogin);
  return {
    ...running,
    domain,
    baseDn,
    address: options.claimed.address,
    adminDn,
    adminPassword,
    serviceDn: service.dn,
    servicePassword: service.password,
    followerDn: follower.dn,
    followerPassword: follower.password,
    users: accounts,
    groups: groupDns,
    user: userOf,
  };
}

function userOf(login: string): Account {
  const found = accounts[login];
  if (!found) throw new Error(`nobody in ${domain} is called ${login}`);
  return found;
}

/** By way of a draft, so that a copy that was cut short is never taken for a tree. */
export async function copyTemplate(template: string, directory: string): Promise<void> {
  const draft = `${directory}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(dirname(directory), { recursive: true });
  await run('cp', ['-a', '--reflink=auto', '--sparse=auto', template, draft]);
  rmSync(directory, { recursive: true, force: true });
  renameSync(draft, directory);
}
