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
import { configurationFor, hostName, realm, workgroup } from './configuration.ts';
import { seed } from './people.ts';

const run = promisify(execFile);
export const adminPassword = 'Harbour-Admin-1';

const seedScript = fileURLToPath(new URL('./seed.py', import.meta.url));
// The distribution's own: another python3 on PATH does not have Samba's module.
const python = '/usr/bin/python3';
// Any address: provisioning writes it nowhere that we keep.
const addressWhileMaking = '127.0.0.2';

/** The tree to copy from. */
export async function templateTree(progress: Progress): Promise<string> {
  const template = join(cacheDirectory(), 'directory', await digest());
  if (!existsSync(template)) {
    await withLock('directory-template', async () => {
      if (!existsSync(template)) await progress('provisioning the domain corp.example', () => make(template));
    });
  }
  return template;
}

async function digest(): Promise<string> {
  const { stdout: version } = await run('samba', ['--version']);
  const madeFrom = [
    version,
    JSON.stringify(seed()),
    readFileSync(seedScript, 'utf8'),
    configurationFor('/', addressWhileMaking),
    adminPassword,
  ];
  return createHash('sha256').update(madeFrom.join('\n')).digest('hex').slice(0, 16);
}

async function make(template: string): Promise<void> {
  const draft = `${template}.draft`;
  rmSync(draft, { recursive: true, force: true });
  const configuration = join(draft, 'etc/smb.conf');
  mkdirSync(dirname(configuration), { recursive: true });
  writeFileSync(configuration, configurationFor(draft, addressWhileMaking));
  await provision(draft, configuration);
  await fill(join(draft, 'private/sam.ldb'), configuration);
  renameSync(draft, template);
}

async function provision(tree: string, configuration: string): Promise<void> {
  const names = [`--realm=${realm}`, `--domain=${workgroup}`, `--host-name=${hostName}`, `--host-ip=${addressWhileMaking}`];
  const kind = ['--server-role=dc', '--dns-backend=NONE', '--use-rfc2307', `--adminpass=${adminPassword}`];
  const places = [`--targetdir=${tree}`, `--configfile=${configuration}`];
  await run('samba-tool', ['domain', 'provision', ...names, ...kind, ...places], { maxBuffer: 16 * 1024 * 1024 }).catch(
    ({ stderr = '' }: { stderr?: string }) => {
      const reason = stderr.split('\n').find((line) => line.startsWith('ERROR'));
      throw new Error(`The domain could not be provisioned: ${reason ?? stderr.trim().split('\n').at(-1)}`);
    },
  );
}

async function fill(database: string, configuration: string): Promise<void> {
  const seeding = spawn(python, [seedScript, database, configuration], { stdio: ['pipe', 'ignore', 'pipe'] });
  seeding.stdin.end(JSON.stringify(seed()));
  const complaint = text(seeding.stderr);
  const [code] = (await once(seeding, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`The domain could not be filled: ${(await complaint).trim().split('\n').slice(-3).join(' ')}`);
}
