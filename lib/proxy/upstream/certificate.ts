/** What the certificate of a cluster says: why it is not trusted, in an operator's words, and how long it is good. */
import type { TLSSocket } from 'node:tls';

const why: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has ended; renew it in the cluster',
  CERT_NOT_YET_VALID: 'its certificate is not good yet; compare this machine’s clock with the cluster’s',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; see the address and the server name of this cluster',
};
const ofTrust = /CERT|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH/;
const chainMax = 10;

/** Null for a trouble of another kind. */
export function distrustIn(code: string): string | null {
  if (!ofTrust.test(code)) return null;
  return `${why[code] ?? 'its certificate comes from none of the authorities that are trusted for this cluster'} (${code})`;
}

/** The first end among the certificates that were shown for a connection. */
export function goodUntil(socket: TLSSocket): number {
  let first = Number.POSITIVE_INFINITY;
  let certificate = socket.getPeerX509Certificate();
  for (let depth = 0; certificate && depth < chainMax; depth += 1) {
    first = Math.min(first, certificate.validToDate.getTime());
    certificate = certificate.issuerCertificate;
  }
  return first === Number.POSITIVE_INFINITY ? 0 : first;
}
