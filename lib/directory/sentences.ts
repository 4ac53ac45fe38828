/**
 * What went wrong between us and a domain controller, as one sentence that says what and what to do. The server's own words, and codes that
 * would tell a stranger about an account, go to the operator's log only.
 */
import { type Fault, fault } from '#lib/errors/fault.ts';
import { LdapDoubt, LdapRefusal } from './ldap/connection.ts';

const invalidCredentials = 49;
const noSuchObject = 32;
const invalidDn = 34;
const referral = 10;
const strongerAuthRequired = 8;

const certificateCodes = new Map<string, (name: string) => string>([
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    (name) =>
      `The certificate of ${name} is made out to another name. Enter the name it carries as server name, or use that name in the address.`,
  ],
  ['CERT_HAS_EXPIRED', (name) => `The certificate of ${name} has expired. Renew it on the domain controller.`],
  ['CERT_NOT_YET_VALID', (name) => `The certificate of ${name} is not valid yet. Check the clocks of both machines.`],
]);
const untrustedCodes = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
]);

export function explainFailure(error: unknown, url: string): Fault {
  const detail = error instanceof Error ? error.message : String(error);
  const about = { detail, cause: error };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const certificate = certificateCodes.get(code);
  if (certificate) return fault('bad-input', 'directory.certificate', certificate(url), about);
  if (untrustedCodes.has(code)) {
    return fault(
      'bad-input',
      'directory.certificate',
      `The certificate of ${url} is not signed by the given authority. Paste the CA certificate that signed it (PEM).`,
      about,
    );
  }
  if (error instanceof LdapRefusal) return explainRefusal(error, url, about);
  if (/^ERR_SSL|^EPROTO|ERR_OSSL|PEM|ASN1/.test(code)) {
    return fault(
      'bad-input',
      'directory.no-tls',
      `${url} does not speak TLS as expected, or the CA certificate is no valid PEM. Use port 636 with ldaps://, or ldap:// for StartTLS.`,
      about,
    );
  }
  return fault(
    'unavailable',
    'directory.unreachable',
    `No domain controller answers at ${url}. Check the address, the port, and that this machine may reach it.`,
    about,
  );
}

function explainRefusal(error: LdapRefusal, url: string, about: { detail: string; cause: unknown }): Fault {
  switch (error.status) {
    case invalidCredentials:
      return fault(
        'bad-input',
        'directory.bind-refused',
        `${url} refused the sync account or its password. Check both; the account must be enabled and not locked.`,
        about,
      );
    case noSuchObject:
    case invalidDn:
    case referral:
      return fault(
        'bad-input',
        'directory.wrong-base',
        `This base does not exist on ${url}. Enter the domain’s distinguished name, like DC=corp,DC=example.`,
        about,
      );
    case strongerAuthRequired:
      return fault('bad-input', 'directory.no-tls', `${url} insists on a better protected connection. Use ldaps://.`, about);
    default:
      return fault('upstream', 'directory.refused', `${url} refused to answer (LDAP result ${error.status}). Its own log says why.`, about);
  }
}

/** In a log or a status line: short, without a secret, with the reason. */
export function briefly(error: unknown): string {
  if (error instanceof LdapRefusal || error instanceof LdapDoubt) return error.message.slice(0, 300);
  return error instanceof Error ? `${'code' in error ? `${error.code}: ` : ''}${error.message}`.slice(0, 300) : String(error);
}
