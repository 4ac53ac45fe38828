/**
 * A cluster's certificate authorities: the set of PEM certificates that its server's certificate may come from. While a cluster changes its
 * authority, the new one stands beside the old. Pure: that a set really verifies the server is for the worker to try.
 */
import { X509Certificate } from 'node:crypto';
import { fault } from '#lib/errors/fault.ts';

export interface Authority {
  /** SHA-256 over the certificate, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export const authoritiesMax = 8;

const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Each certificate once, in order; throws what the parser throws for one that is none. */
export function certificatesIn(pem: string): X509Certificate[] {
  const found = new Map<string, X509Certificate>();
  for (const text of pem.match(block) ?? []) {
    const certificate = new X509Certificate(text);
    if (!found.has(certificate.fingerprint256)) found.set(certificate.fingerprint256, certificate);
  }
  return [...found.values()];
}

export function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString()).join('');
}

/** What an administrator compares with the cluster's own; nothing for a text that cannot be read. */
export function authoritiesIn(pem: string): Authority[] {
  try {
    return certificatesIn(pem).map((certificate) => ({
      fingerprint: certificate.fingerprint256,
      subject: certificate.subject.replaceAll('\n', ', '),
      notBefore: certificate.validFromDate,
      notAfter: certificate.validToDate,
    }));
  } catch {
    return [];
  }
}

/** The set with the certificates of `added` beside it. What is over can verify nothing and is refused. */
export function withAuthorities(pem: string, added: string, now: Date): string {
  const present = certificatesIn(pem);
  const known = new Set(present.map(({ fingerprint256 }) => fingerprint256));
  const given = readGiven(added);
  const fresh = given.filter(({ fingerprint256 }) => !known.has(fingerprint256));
  if (fresh.length === 0) throw refuse('authority-known', 'This certificate authority is among the cluster’s already.');
  const over = fresh.find(({ validToDate }) => validToDate <= now);
  if (over) throw refuse('authority-over', `This certificate authority ended on ${over.validToDate.toISOString().slice(0, 10)}.`);
  const all = [...present, ...fresh];
  if (all.length > authoritiesMax)
    throw refuse('too-many-authorities', `A cluster has at most ${authoritiesMax} certificate authorities; remove an old one first.`);
  return pemOf(all);
}

/** The set without the one of this fingerprint; never an empty set. */
export function withoutAuthority(pem: string, fingerprint: string): string {
  const present = certificatesIn(pem);
  const left = present.filter(({ fingerprint256 }) => fingerprint256 !== fingerprint);
  if (left.length === present.length)
    throw fault('not-found', 'cluster.no-such-authority', 'The cluster has no such certificate authority.');
  if (left.length === 0)
    throw fault(
      'conflict',
      'cluster.last-authority',
      'This is the last certificate authority. Add the new one first: without any, no server could be trusted.',
    );
  return pemOf(left);
}

function readGiven(pem: string): X509Certificate[] {
  try {
    const certificates = certificatesIn(pem);
    if (certificates.length > 0) return certificates;
  } catch {
    // Said below: what the parser says is nothing for people.
  }
  throw refuse('bad-authority', 'This is not a PEM certificate (-----BEGIN CERTIFICATE-----).');
}

function refuse(what: string, message: string) {
  return fault('bad-input', `cluster.${what}`, message, { fields: { addAuthority: message } });
}
