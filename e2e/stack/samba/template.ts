// A provisioned and seeded domain, made once and kept in the cache under the digest of what it is made from. A domain controller starts
// from a copy, so that two of them have the same objectGUIDs and yet nothing in common.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheDirectory, withLock } from '../cache.ts';
import type { Progress } from '../progress.ts';
import { alone, configurationFor, type Role, realm, workgroup } from './configuration.ts';
import { type Seed, seed } from './people.ts';

const run = promisify(execFile);
export const adminPassword = 'Harbour-Admin-1';

const seedScript = fileURLToPath(new URL('./seed.py', import.meta.url));
// The distribution's own: another python3 on PATH does not have Samba's module.
const python = '/usr/bin/python3';
// Any address: provisioning writes it nowhere that we keep.
const addressWhileMaking = '127.0.0.2';

/** The tree to copy from. */
export function templateTree(progress: Progress): Promise<string> {
  return templateOf(progress, { name: 'corp.example', role: alone, content: seed() });
}

/** Of any domain, kept under the digest of what is in it. */
export async function templateOf(progress: Progress, made: { name: string; role: Role; content: Seed }): Promise<string> {
  const { name, role, content } = made;
  const template = join(cacheDirectory(), 'directory', await digest(role, content));
  if (!existsSync(template)) {
    await withLock(`directory-template:${name}`, async () => {
      if (!existsSync(template)) await progress(`provisioning the domain ${name}`, () => make(template, role, content));
    });
  }
  return template;
}

export async function digest(role?: Role, content: Seed = seed()): Promise<string> {
  const { stdout: version } = await run('samba', ['--version']);
  const madeFrom = [
    version,
    JSON.stringify(content),
    readFileSync(seedScript, 'utf8'),
    configurationFor('/', addressWhileMaking, role),
    adminPassword,
  ];
  return createHash('sha256').update(madeFrom.join('\n')).digest('hex').slice(0, 16);
}

async function make(template: string, role: Role, content: Seed): Promise<void> {
  const draft = `${template}.draft`;
  rmSync(draft, { recursive: true, force: true });
  const configuration = join(draft, 'etc/smb.conf');
  mkdirSync(dirname(configuration), { recursive: true });
  writeFileSync(configuration, configurationFor(draft, addressWhileMaking, role));
  await provision(draft, configuration, { address: addressWhileMaking, dns: 'NONE', role });
  await fill(join(draft, 'private/sam.ldb'), configuration, content);
  renameSync(draft, template);
}

/** A new domain in an empty tree, filled; it has not run yet. */
export async function makeDomain(tree: string, address: string, role: Role): Promise<void> {
  const configuration = join(tree, 'etc/smb.conf');
  mkdirSync(dirname(configuration), { recursive: true });
  writeFileSync(configuration, configurationFor(tree, address, role));
  await provision(tree, configuration, { address, dns: 'SAMBA_INTERNAL' });
  await fill(join(tree, 'private/sam.ldb'), configuration);
}

export async function provision(
  tree: string,
  configuration: string,
  { address, dns, role = alone }: { address: string; dns: 'NONE' | 'SAMBA_INTERNAL'; role?: Role },
): Promise<void> {
  const names = [
    `--realm=${role.realm ?? realm}`,
    `--domain=${role.workgroup ?? workgroup}`,
    `--host-name=${role.hostName}`,
    `--host-ip=${address}`,
  ];
  const kind = ['--server-role=dc', `--dns-backend=${dns}`, '--use-rfc2307', `--adminpass=${adminPassword}`];
  const places = [`--targetdir=${tree}`, `--configfile=${configuration}`];
  await run('samba-tool', ['domain', 'provision', ...names, ...kind, ...places], { maxBuffer: 16 * 1024 * 1024 }).catch(
    ({ stderr = '' }: { stderr?: string }) => {
      const reason = stderr.split('\n').find((line) => line.startsWith('ERROR'));
      throw new Error(`The domain could not be provisioned: ${reason ?? stderr.trim().split('\n').at(-1)}`);
    },
  );
}

export async function fill(database: string, configuration: string, content: Seed = seed()): Promise<void> {
  const seeding = spawn(python, [seedScript, database, configuration], { stdio: ['pipe', 'ignore', 'pipe'] });
  seeding.stdin.end(JSON.stringify(content));
  const complaint = text(seeding.stderr);
  const [code] = (await once(seeding, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`The domain could not be filled: ${(await complaint).trim().split('\n').slice(-3).join(' ')}`);
}
