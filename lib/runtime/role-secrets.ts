/**
 * What each process is told in secret, and nothing more: the portal never gets the opening key, the proxy gets the database role that
 * cannot read the reconciler's tokens, the worker gets no hash key of credentials. Handed over as one file readable by that process alone,
 * named by GATEHOUSE_SECRETS_FILE; where each role is a container of its own, the same file is a mounted secret.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Config } from '#lib/config/config.ts';
import type { ProcessRole } from '#lib/db/roles.ts';
import { fault } from '#lib/errors/fault.ts';
import type { InstallationKeys } from './installation-keys.ts';

const text = z.string().min(1);

const shapes = {
  portal: z.object({
    databaseUrl: text,
    sealingKeyPem: text,
    hashKeyBase64: text,
    authSecret: text,
    doorCaPem: z.string().nullable(),
  }),
  proxy: z.object({ databaseUrl: text, openingKeyPem: text, hashKeyBase64: text, doorCertificatePem: text, doorKeyPem: text }),
  worker: z.object({ databaseUrl: text, openingKeyPem: text, sealingKeyPem: text }),
} as const;

export type RoleSecrets<R extends ProcessRole> = z.output<(typeof shapes)[R]>;

export function secretsFor(role: ProcessRole, keys: InstallationKeys, databaseUrl: string, own: { doorCaPem: string | null }): object {
  const everything = { ...keys, databaseUrl, doorCaPem: own.doorCaPem };
  return shapes[role].parse(everything);
}

export async function readRoleSecrets<R extends ProcessRole>(role: R, file: string | undefined): Promise<RoleSecrets<R>> {
  if (!file) {
    throw fault(
      'bad-input',
      'secrets.missing',
      `The ${role} needs GATEHOUSE_SECRETS_FILE, the file with its secrets. Under npm start the supervisor gives it.`,
    );
  }
  const content = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fault('bad-input', 'secrets.unreadable', `The ${role}'s secrets file ${file} cannot be read.`, { cause: error });
  });
  const parsed = shapes[role].safeParse(parseJson(content));
  if (!parsed.success) {
    const names = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw fault('bad-input', 'secrets.incomplete', `The ${role}'s secrets file ${file} lacks: ${names}.`);
  }
  return parsed.data as RoleSecrets<R>;
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

/** The door's certificate: given by files, or the one made on the first start. */
export async function doorCertificate(config: Config, keys: InstallationKeys): Promise<InstallationKeys & { caPem: string | null }> {
  const { certFile, keyFile, caFile } = config.proxy;
  if (!certFile || !keyFile) return { ...keys, caPem: keys.doorCaPem };
  return {
    ...keys,
    doorCertificatePem: await readFile(certFile, 'utf8'),
    doorKeyPem: await readFile(keyFile, 'utf8'),
    caPem: caFile ? await readFile(caFile, 'utf8') : null,
  };
}
