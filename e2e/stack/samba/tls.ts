import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export async function writeCertificates(directory: string, names: { dns: string[]; ips: string[] }): Promise<void> {
  const at = (name: string) => join(directory, name);
  const sans = [...names.dns.map((n) => `DNS:${n}`), ...names.ips.map((n) => `IP:${n}`)].join(',');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await run('openssl', [
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-subj',
    '/CN=corp.example CA',
    '-days',
    '3650',
  ]);
  await run('openssl', [
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('key.pem'),
    '-out',
    at('cert.pem'),
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-subj',
    '/CN=dc1.corp.example',
    '-addext',
    `subjectAltName=${sans}`,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    '-days',
    '3650',
  ]);
}
