// A real Active Directory: Samba as a domain controller, with the company of samba/roster.ts in it.
//
// Promises: several side by side, each on a loopback address of its own; up in a few seconds from a cached template; the tree in
// `directory` survives stop and start; it ends when its warden's process ends. It is a hardened one: no simple bind without TLS,
// five wrong passwords lock an account for half an hour.
// Needs: Linux, root (ports 389 and 636), Debian's Samba packages, which ensureSamba installs.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensurePackages } from './packages.ts';
import type { Progress } from './progress.ts';
import { becomesFree, type ClaimedAddress, claimAddress } from './samba/address.ts';
import { type Administrator, type Endpoint, signInAsAdministrator, tryWrongPassword } from './samba/administrator.ts';
import { alone, configurationFor, type Role } from './samba/configuration.ts';
import { groupDns } from './samba/groups.ts';
import { baseDn, domain } from './samba/names.ts';
import { type Account, accounts, lockoutThreshold } from './samba/people.ts';
import { followerLogin, lockedLogins, serviceLogin } from './samba/roster.ts';
import { adminPassword, templateTree } from './samba/template.ts';
import { writeCertificates } from './samba/tls.ts';
import type { ManagedProcess, Warden } from './warden.ts';

export interface DirectoryOptions {
  /** Where the tree lies. One that is there already is started as it is. */
  directory: string;
  warden: Warden;
  /** A loopback address; without it the first that is free. */
  address?: string;
  template?: 'corp';
  progress: Progress;
}

export interface Directory extends Omit<Administrator, 'close'> {
  readonly domain: string;
  readonly baseDn: string;
  readonly address: string;
  readonly url: string;
  readonly caFile: string;
  readonly caPem: string;
  readonly serverName: string;
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
  /** Holds all its processes still: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  down(): Promise<void>;
  up(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const libraries = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/samba`;
const adminDn = `CN=Administrator,CN=Users,${baseDn}`;
const addressFile = 'etc/address';
const readyPatienceMs = 60_000;
// A Unix socket's path may hold 107 bytes; Samba's longest below the tree is private/msg.sock/<pid>.
const longestTreePath = 70;

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

export interface ControllerOptions {
  /** A tree that is there. */
  directory: string;
  warden: Warden;
  progress: Progress;
  /** Its own from now on: given back when the controller stops, or does not start. */
  claimed: ClaimedAddress;
  role: Role;
}

/** One domain controller from its tree. */
export async function startController({ directory, warden, progress, claimed, role }: ControllerOptions): Promise<Directory> {
  const { address, release } = claimed;
  const tree = shortPathTo(directory);
  const serverName = `${role.hostName.toLowerCase()}.${domain}`;
  const caFile = await prepareTree(tree, directory, { address, serverName, role });
  const endpoint: Endpoint = { url: `ldaps://${address}:636`, caFile, serverName };

  let controller: ManagedProcess;
  let administrator: Administrator;
  const up = async () => {
    controller = launch(tree, warden);
    administrator = await signInWhenReady(endpoint, controller, tree);
  };
  const down = async () => {
    await administrator.close().catch(() => {});
    controller.kill('SIGCONT');
    await controller.stop({ timeoutMs: 5_000 });
    await becomesFree(address);
  };

  try {
    await progress(`starting the directory on ${address}`, up);
  } catch (error) {
    await release();
    throw error;
  }

  const service = userOf(serviceLogin);
  const follower = userOf(followerLogin);
  return {
    domain,
    baseDn,
    address,
    url: endpoint.url,
    caFile,
    caPem: readFileSync(caFile, 'utf8'),
    serverName,
    adminDn,
    adminPassword,
    serviceDn: service.dn,
    servicePassword: service.password,
    followerDn: follower.dn,
    followerPassword: follower.password,
    users: accounts,
    groups: groupDns,
    user: userOf,
    modify: (...all) => administrator.modify(...all),
    setDisabled: (...all) => administrator.setDisabled(...all),
    setPassword: (...all) => administrator.setPassword(...all),
    addMember: (...all) => administrator.addMember(...all),
    removeMember: (...all) => administrator.removeMember(...all),
    createUser: (...all) => administrator.createUser(...all),
    deleteUser: (...all) => administrator.deleteUser(...all),
    createGroup: (...all) => administrator.createGroup(...all),
    remove: (...all) => administrator.remove(...all),
    move: (...all) => administrator.move(...all),
    find: (...all) => administrator.find(...all),
    pause: () => controller.kill('SIGSTOP'),
    resume: () => controller.kill('SIGCONT'),
    up,
    down,
    restart: async () => {
      await down();
      await up();
    },
    stop: async () => {
      await down();
      await release();
    },
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

export function shortPathTo(directory: string): string {
  if (directory.length <= longestTreePath) return directory;
  const link = join(tmpdir(), `gatehouse-directory-${process.pid}-${Date.now().toString(36)}`);
  symlinkSync(directory, link);
  return link;
}

/** Who is configured to ask this directory finds it where it was. */
function addressBefore(directory: string): string | undefined {
  const file = join(directory, addressFile);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Gives the CA's file. The certificate is for this address, so it is made at every start. */
export async function prepareTree(
  tree: string,
  directory: string,
  { address, serverName, role }: { address: string; serverName: string; role: Role },
): Promise<string> {
  for (const name of ['run', 'private/tls', 'etc']) mkdirSync(join(tree, name), { recursive: true, mode: 0o700 });
  writeFileSync(join(tree, addressFile), address);
  writeFileSync(join(tree, 'etc/smb.conf'), configurationFor(tree, address, role));
  await writeCertificates(join(tree, 'private/tls'), { dns: [serverName], ips: [address] });
  return join(directory, 'private/tls/ca.pem');
}

export function launch(tree: string, warden: Warden): ManagedProcess {
  return warden.spawn({
    name: 'samba',
    command: 'samba',
    args: ['-s', join(tree, 'etc/smb.conf'), '-F', '--no-process-group'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
    logFile: logOf(tree),
    orphaned: { signal: 'KILL', seconds: 0 },
  });
}

export async function signInWhenReady(endpoint: Endpoint, controller: ManagedProcess, tree: string, dn = adminDn): Promise<Administrator> {
  let ended = false;
  void controller.exited.then(() => {
    ended = true;
  });
  const deadline = Date.now() + readyPatienceMs;
  let last: unknown;
  while (!ended && Date.now() < deadline) {
    try {
      return await signInAsAdministrator(endpoint, dn, adminPassword);
    } catch (error) {
      last = error;
      await sleep(50);
    }
  }
  await controller.stop();
  const said = existsSync(logOf(tree)) ? readFileSync(logOf(tree), 'utf8').trim().split('\n').slice(-5).join(' ') : '';
  throw new Error(`The directory at ${endpoint.url} did not start: ${said || String(last)}. Its log is ${logOf(tree)}.`);
}

function logOf(tree: string): string {
  return join(tree, 'samba.log');
}
