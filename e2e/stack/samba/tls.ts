import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, createAuthority, issue } from '../certificates.ts';

/** The authority stays as long as its tree, so that who pinned it can go on; the certificate is for today's address. */
export async function writeCertificates(directory: string, names: { dns: string[]; ips: string[] }): Promise<void> {
  const at = (name: string) => join(directory, name);
  const authority = existsSync(at('ca.key'))
    ? readAuthority(at('ca.pem'), at('ca.key'))
    : await createAuthority('Corp Example Directory CA');
  const issued = await issue(authority, { commonName: names.dns[0] ?? 'directory', ...names, server: true });
  writeFileSync(at('ca.pem'), authority.certPem);
  writeFileSync(at('cert.pem'), issued.certPem);
  // Samba refuses a key that others may read.
  writeFileSync(at('ca.key'), authority.keyPem, { mode: 0o600 });
  writeFileSync(at('key.pem'), issued.keyPem, { mode: 0o600 });
}

function readAuthority(certFile: string, keyFile: string): Authority {
  return { certPem: readFileSync(certFile, 'utf8'), keyPem: readFileSync(keyFile, 'utf8') };
}
