// One domain with two domain controllers, the second really joined to the first: own invocationId, own USNs, the same objectGUIDs.
//
//   const pair = await startPair({ directory: join(place, 'ad'), warden, progress: silentProgress });
//   await pair.one.setDisabled('alice', true);        // pair.two does not know yet
//   await pair.replicate('one', 'two');               // now it does; nothing replicates unless told to
//   await pair.two.down(); await pair.two.up();       // each has all that a `Directory` has: pause, resume, restart …
//   await pair.stop();
//
// Both show certificates of one authority (`pair.caPem`), each for its name and its address. Both serve DNS on port 53 of their address
// with the SRV and A records of both. `copyOf`/`restore` put a domain controller back to where it was, as a restored image would.
// Needs what samba.ts needs; call ensureSamba first. Up in some four seconds from the cached template, which is made once in 15.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Progress } from './progress.ts';
import { claimAddress } from './samba/address.ts';
import { configurationFor, type Role, workgroup } from './samba/configuration.ts';
import { joinedTemplate, roles } from './samba/joined-template.ts';
import { baseDn } from './samba/names.ts';
import { adminPassword } from './samba/template.ts';
import { writeCertificates } from './samba/tls.ts';
import { copyTemplate, type Directory, startController } from './samba.ts';
import type { Warden } from './warden.ts';

export type Which = 'one' | 'two';

export interface PairOptions {
  /** Where both trees lie. */
  directory: string;
  warden: Warden;
  progress: Progress;
}

export interface Pair {
  readonly one: Directory;
  readonly two: Directory;
  /** Of both certificates. */
  readonly caPem: string;
  /** Where the domain's own DNS is asked. */
  readonly dnsServers: readonly string[];
  /** Has `to` pull from `from` what it does not know yet. Takes about a second; both have to run. */
  replicate(from: Which, to: Which): Promise<void>;
  /** An image of it as it stands now; it is down for a moment. */
  copyOf(which: Which): Promise<void>;
  /** Back to that image, with all that it has forgotten since; it is down for a moment. */
  restore(which: Which): Promise<void>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const recordsScript = fileURLToPath(new URL('./samba/dns-records.py', import.meta.url));
// The distribution's own: another python3 on PATH does not have Samba's module.
const python = '/usr/bin/python3';

export async function startPair({ directory, warden, progress }: PairOptions): Promise<Pair> {
  const start = (options: Pick<Parameters<typeof startController>[0], 'directory' | 'claimed' | 'role'>) =>
    startController({ ...options, warden, progress });
  const treeOf = (which: Which) => join(directory, which);
  if (!existsSync(treeOf('one'))) {
    await copyTemplate(await joinedTemplate({ progress, start }), directory);
    await shareAuthority(directory);
  }
  const [first, second] = [await claimAddress({ withDns: true }), await claimAddress({ withDns: true })];
  const addresses = { dc1: first.address, dc2: second.address };
  const both = await Promise.allSettled([
    tellWhere(treeOf('one'), roles.one, addresses).then(() => start({ directory: treeOf('one'), claimed: first, role: roles.one })),
    tellWhere(treeOf('two'), roles.two, addresses).then(() => start({ directory: treeOf('two'), claimed: second, role: roles.two })),
  ]);
  const [one, two] = both.map((started) => (started.status === 'fulfilled' ? started.value : null));
  if (!one || !two) {
    await one?.stop();
    await two?.stop();
    throw both.find((started) => started.status === 'rejected')?.reason ?? new Error('two domain controllers did not start');
  }
  const pair = { one, two };
  return {
    ...pair,
    caPem: one.caPem,
    dnsServers: [one.address, two.address],
    replicate: (from, to) => replicate(pair[from].address, roles[to].hostName, treeOf(to)),
    async copyOf(which) {
      await pair[which].down();
      rmSync(imageOf(treeOf(which)), { recursive: true, force: true });
      cpSync(join(treeOf(which), 'private'), imageOf(treeOf(which)), { recursive: true, filter: isNoSocket });
      await pair[which].up();
    },
    async restore(which) {
      await pair[which].down();
      rmSync(join(treeOf(which), 'private'), { recursive: true, force: true });
      cpSync(imageOf(treeOf(which)), join(treeOf(which), 'private'), { recursive: true });
      await pair[which].up();
    },
    async stop() {
      await Promise.all([one.stop(), two.stop()]);
    },
  };
}

/** Who pins it trusts both. */
async function shareAuthority(directory: string): Promise<void> {
  const [from, to] = [join(directory, 'one/private/tls'), join(directory, 'two/private/tls')];
  for (const place of [from, to]) mkdirSync(place, { recursive: true, mode: 0o700 });
  await writeCertificates(from, { dns: ['dc1.corp.example'], ips: [] });
  for (const name of ['ca.pem', 'ca.key']) cpSync(join(from, name), join(to, name));
}

/** Addresses are another run's each time; so the records are written before each start, into a tree at rest. */
async function tellWhere(tree: string, role: Role, addresses: Record<string, string>): Promise<void> {
  const configuration = join(tree, 'etc/smb.conf');
  mkdirSync(dirname(configuration), { recursive: true });
  writeFileSync(configuration, configurationFor(tree, '127.0.0.1', role));
  const telling = spawn(python, [recordsScript, join(tree, 'private/sam.ldb'), configuration], { stdio: ['pipe', 'ignore', 'pipe'] });
  telling.stdin.end(JSON.stringify(addresses));
  const complaint = text(telling.stderr);
  const [code] = (await once(telling, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`The DNS records could not be written: ${(await complaint).trim().split('\n').at(-1)}`);
}

async function replicate(source: string, destination: string, tree: string): Promise<void> {
  const who = [`-U${workgroup}\\Administrator%${adminPassword}`, '--use-kerberos=off'];
  const where = ['--local', '-s', join(tree, 'etc/smb.conf')];
  await run('samba-tool', ['drs', 'replicate', destination, source, baseDn, ...where, ...who]).catch(
    ({ stderr = '' }: { stderr?: string }) => {
      throw new Error(`${destination} could not pull from ${source}: ${stderr.trim().split('\n').at(-1)}`);
    },
  );
}

function imageOf(tree: string): string {
  return `${tree}.image`;
}

/** Processes that ended leave theirs behind. */
function isNoSocket(path: string): boolean {
  return !/\/msg\.sock(\/|$)|\/ldapi$|\/ldap_priv(\/|$)/.test(path);
}
