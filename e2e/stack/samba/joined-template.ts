// Two domain controllers of one domain, the second really joined to the first: made once, kept in the cache, copied for each use.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory, withLock } from '../cache.ts';
import type { Progress } from '../progress.ts';
import type { Directory } from '../samba.ts';
import { type ClaimedAddress, claimAddress } from './address.ts';
import { type Role, realm, workgroup } from './configuration.ts';
import { domain } from './names.ts';
import { adminPassword, digest, makeDomain } from './template.ts';

const run = promisify(execFile);

/** Without the knowledge consistency checker nothing replicates by itself: the lag between the two is under the test's hand. */
const services = 'rpc, ldap, dns';
export const roles = { one: { hostName: 'DC1', services }, two: { hostName: 'DC2', services } } as const satisfies Record<string, Role>;
/** A join asks for more than a test does. */
const whileJoined: Role = { hostName: 'DC1', services: 'rpc, ldap, cldap, kdc, drepl, dns' };

export interface TemplateTools {
  progress: Progress;
  start(options: { directory: string; claimed: ClaimedAddress; role: Role }): Promise<Directory>;
}

/** A tree that holds both trees, `one` and `two`. */
export async function joinedTemplate(tools: TemplateTools): Promise<string> {
  const template = join(cacheDirectory(), 'directory', `joined-${await digest(whileJoined)}`);
  if (!existsSync(template)) {
    await withLock('directory-template-joined', async () => {
      if (!existsSync(template)) await tools.progress('provisioning two joined domain controllers', () => make(template, tools.start));
    });
  }
  return template;
}

async function make(template: string, start: TemplateTools['start']): Promise<void> {
  const draft = `${template}.draft`;
  rmSync(draft, { recursive: true, force: true });
  const [one, two] = [join(draft, 'one'), join(draft, 'two')];
  const first = await claimAddress({ withDns: true });
  await makeDomain(one, first.address, whileJoined);
  const running = await start({ directory: one, claimed: first, role: whileJoined });
  const second = await claimAddress({ withDns: true });
  try {
    await joinTo(running.address, two, second.address);
  } finally {
    await running.stop();
    await second.release();
  }
  renameSync(draft, template);
}

async function joinTo(server: string, tree: string, address: string): Promise<void> {
  mkdirSync(tree, { recursive: true });
  // Given as options: a configuration that named its directories already would be of a domain controller that exists.
  const options = [
    'netbios name=DC2',
    `interfaces=${address}/8`,
    'bind interfaces only=yes',
    `posix:eadb=${join(tree, 'eadb.tdb')}`,
    `pid directory=${join(tree, 'run')}`,
    `ncalrpc dir=${join(tree, 'ncalrpc')}`,
    `log file=${join(tree, 'log.%m')}`,
  ].map((option) => `--option=${option}`);
  const who = [`--server=${server}`, `-U${workgroup}\\Administrator%${adminPassword}`, '--use-kerberos=off'];
  const what = [`--realm=${realm}`, '--dns-backend=SAMBA_INTERNAL', `--targetdir=${tree}`, '--configfile=/dev/null'];
  await run('samba-tool', ['domain', 'join', domain, 'DC', ...who, ...what, ...options], { maxBuffer: 16 * 1024 * 1024 }).catch(
    ({ stderr = '' }: { stderr?: string }) => {
      throw new Error(`The second domain controller could not join: ${stderr.trim().split('\n').slice(-3).join(' ')}`);
    },
  );
}
