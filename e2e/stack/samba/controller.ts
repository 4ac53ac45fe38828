// One Samba as a domain controller: from a tree that lies there to an administrator who is signed in, down and up again, till it is stopped.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../progress.ts';
import type { ManagedProcess, Warden } from '../warden.ts';
import { becomesFree, type ClaimedAddress } from './address.ts';
import { type Administrator, type Endpoint, signInAsAdministrator } from './administrator.ts';
import { configurationFor, type Role } from './configuration.ts';
import { adminPassword } from './template.ts';
import { writeCertificates } from './tls.ts';

export interface RunOptions {
  /** What is started, as the progress tells it. */
  name: string;
  /** A tree that is there. */
  directory: string;
  warden: Warden;
  progress: Progress;
  /** Its own from now on: given back when the controller stops, or does not start. */
  claimed: ClaimedAddress;
  role: Role;
  serverName: string;
  adminDn: string;
}

/** What its administrator does, it does by whichever connection there is since it came up last. */
export interface RunningController extends Omit<Administrator, 'close'> {
  readonly url: string;
  readonly caFile: string;
  readonly caPem: string;
  readonly serverName: string;
  /** Holds all its processes still: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  down(): Promise<void>;
  up(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const addressFile = 'etc/address';
const readyPatienceMs = 60_000;
// A Unix socket's path may hold 107 bytes; Samba's longest below the tree is private/msg.sock/<pid>.
const longestTreePath = 70;

export async function runController(options: RunOptions): Promise<RunningController> {
  const { name, directory, warden, progress, claimed, role, serverName, adminDn } = options;
  const { address, release } = claimed;
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
    controller.kill('SIGCONT');
    await controller.stop({ timeoutMs: 5_000 });
    await becomesFree(address);
  };

  try {
    await progress(`starting ${name} on ${address}`, up);
  } catch (error) {
    await release();
    throw error;
  }

  return {
    ...endpoint,
    caPem: readFileSync(caFile, 'utf8'),
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

/** Who is configured to ask this directory finds it where it was. */
export function addressBefore(directory: string): string | undefined {
  const file = join(directory, addressFile);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function shortPathTo(directory: string): string {
  if (directory.length <= longestTreePath) return directory;
  const link = join(tmpdir(), `gatehouse-directory-${process.pid}-${Date.now().toString(36)}`);
  symlinkSync(directory, link);
  return link;
}

/** Gives the CA's file. The certificate is for this address, so it is made at every start. */
async function prepareTree(
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

function launch(tree: string, warden: Warden): ManagedProcess {
  return warden.spawn({
    name: 'samba',
    command: 'samba',
    args: ['-s', join(tree, 'etc/smb.conf'), '-F', '--no-process-group'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
    logFile: logOf(tree),
    orphaned: { signal: 'KILL', seconds: 0 },
  });
}

async function signInWhenReady(endpoint: Endpoint, controller: ManagedProcess, tree: string, dn: string): Promise<Administrator> {
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
