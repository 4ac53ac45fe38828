/**
 * The secrets of an installation, made on the first start in a folder that only its owner can enter. The supervisor alone reads it; each
 * role gets a file with just what it needs (role-secrets.ts). Losing `opening.pem` means registering directories and clusters anew, so a
 * folder that has some files and lacks others is refused rather than completed with new keys that open nothing.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generateSealingPair } from '#lib/config/keys.ts';
import type { ProcessRole } from '#lib/db/roles.ts';
import { fault } from '#lib/errors/fault.ts';
import { makeDoorCertificate } from './certificates.ts';

export interface InstallationKeys {
  readonly openingKeyPem: string;
  readonly sealingKeyPem: string;
  readonly hashKeyBase64: string;
  readonly authSecret: string;
  readonly doorCaPem: string;
  readonly doorCertificatePem: string;
  readonly doorKeyPem: string;
  readonly databasePasswords: Readonly<Record<ProcessRole, string>>;
}

const fileOf: Readonly<Record<keyof InstallationKeys, string>> = {
  openingKeyPem: 'opening.pem',
  sealingKeyPem: 'sealing.pem',
  hashKeyBase64: 'hash.key',
  authSecret: 'auth.secret',
  doorCaPem: 'door-ca.crt',
  doorCertificatePem: 'door.crt',
  doorKeyPem: 'door.pem',
  databasePasswords: 'database-passwords.json',
};

/** `doorHosts`: names and addresses under which kubectl reaches the door, for the certificate made on the first start. */
export async function ensureInstallationKeys(directory: string, doorHosts: readonly string[]): Promise<InstallationKeys> {
  // The folders above it are nobody's secret: the database and the roles' files may lie there too.
  await mkdir(dirname(directory), { recursive: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const present = new Set(await readdir(directory));
  const missing = Object.values(fileOf).filter((file) => !present.has(file));
  if (missing.length === Object.keys(fileOf).length) await writeKeys(directory, await makeKeys(doorHosts));
  else if (missing.length > 0) {
    throw fault(
      'internal',
      'keys.incomplete',
      `The key folder ${directory} lacks ${missing.join(', ')}. Restore it from your backup; new keys could not open what the old ones sealed.`,
    );
  }
  return readKeys(directory);
}

async function makeKeys(doorHosts: readonly string[]): Promise<InstallationKeys> {
  const door = await makeDoorCertificate(doorHosts);
  return {
    ...generateSealingPair(),
    hashKeyBase64: randomBytes(32).toString('base64'),
    authSecret: randomBytes(32).toString('base64url'),
    ...door,
    databasePasswords: { portal: password(), proxy: password(), worker: password() },
  };
}

const password = () => randomBytes(24).toString('base64url');

async function writeKeys(directory: string, keys: InstallationKeys): Promise<void> {
  for (const [name, file] of Object.entries(fileOf)) {
    const value = keys[name as keyof InstallationKeys];
    await writeFile(join(directory, file), typeof value === 'string' ? value : JSON.stringify(value), { mode: 0o600, flag: 'wx' });
  }
}

async function readKeys(directory: string): Promise<InstallationKeys> {
  const read = (name: keyof InstallationKeys) => readFile(join(directory, fileOf[name]), 'utf8');
  return {
    openingKeyPem: await read('openingKeyPem'),
    sealingKeyPem: await read('sealingKeyPem'),
    hashKeyBase64: await read('hashKeyBase64'),
    authSecret: await read('authSecret'),
    doorCaPem: await read('doorCaPem'),
    doorCertificatePem: await read('doorCertificatePem'),
    doorKeyPem: await read('doorKeyPem'),
    databasePasswords: JSON.parse(await read('databasePasswords')) as Record<ProcessRole, string>,
  };
}
